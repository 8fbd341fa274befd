// What ledgers and the feed owe to the bound, by the invariants' numbers in
// docs/design/revocation-bound.md: on the real objects, with a clock that can be moved.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, afterEach, before, test } from "node:test";

import { keyEntries, keyHash, tenantEntries, tenantHash } from "../../support/feed_entries.mjs";
import { eventually, sleep, startRig } from "../../support/rig.mjs";

const HOUR = 3_600_000;
const PAGE = 1_000;
const PART = 150;
const LAST_PLACE = "ffffffffffffffff";

let rig;
before(async () => (rig = await startRig({ name: "storage-invariants", edges: { edge1: {} }, handles: true })));
after(() => rig.close());
afterEach(async () => {
  await rig.clock(0);
  await rig.failing(null);
  await rig.feed("ledgers", "ok");
});

const digest = (text) => createHash("sha256").update(text).digest("hex");
const record = (version, state = "active", tenant = "direct") =>
  JSON.stringify({
    v: 1,
    min_reader: 1,
    id: "key_4bTzV9cXk07Hq2mN1pRs",
    version,
    subject: { api_key: { tenant, environment: "live" } },
    state,
    name: "n",
    display: "knq_live_xxxx",
    scopes: ["read:leads"],
    created_at: 0,
  });
const feed = (path, body) => rig.object("REAL_FEED", "feed", path, body);
const publish = (...changes) => feed("publish", { changes });
const ofKey = (text, name) => ({ key: { digest: digest(name), record: text } });
const ofTenant = (tenant, version, suspended) => ({ tenant: { tenant, version, suspended } });
const poll = async (epoch = null, cursor = 0, places = {}) => {
  const { body } = await feed("poll", { epoch, cursor, max_staleness_ms: 1000, ...places });
  const part = ({ bits, place, entries }, read) => ({ bits, place, entries: read(entries) });
  return {
    ...body,
    keys: keyEntries(body.keys),
    tenants: tenantEntries(body.tenants),
    key_part: body.key_part && part(body.key_part, keyEntries),
    tenant_part: body.tenant_part && part(body.tenant_part, tenantEntries),
  };
};
const current = async (name) => (await feed("current", { digest: digest(name) })).body;
const revoke = (tenant, key) => rig.manage("POST", `/v1/tenants/${tenant}/keys/${key.id}/revoke`);

/** All that a cold isolate can be told, part by part. */
async function everything() {
  const first = await poll(null, 0, { key: "0".repeat(16) });
  const parts = [first.key_part];
  for (;;) {
    const { bits, place } = parts.at(-1);
    const last = BigInt.asUintN(64, BigInt(`0x${place}`) | ((1n << BigInt(64 - bits)) - 1n));
    if (last.toString(16) === LAST_PLACE) break;
    const next = (last + 1n).toString(16).padStart(16, "0");
    parts.push((await poll(first.epoch, first.cursor, { key: next })).key_part);
  }
  const { epoch, cursor, tenant_part: suspended } = first;
  return { epoch, cursor, parts, keys: parts.flatMap(({ entries }) => entries), suspended: suspended.entries };
}

test("invariant 1: an unknown epoch, and a cursor below the log, reset the isolate", async () => {
  const { epoch, cursor } = await everything();
  assert.equal((await poll(epoch, cursor)).reset, false);
  for (const [otherEpoch, otherCursor] of [["another", cursor], [null, 0]]) {
    assert.equal((await poll(otherEpoch, otherCursor)).reset, true);
  }
});

test("invariant 3: KV gets the present row, once more a minute after it took it, and then the feed is told", async () => {
  const key = await rig.create("confirm");
  const inKv = async () => Object.entries(await rig.snapshot(0)).filter(([, value]) => value.includes(key.id));
  await eventually(async () => assert.equal((await inKv()).length, 1));
  // As if a put of before had landed late.
  const kv = await rig.kv();
  const [[address]] = await inKv();
  await kv.put(address, "what an earlier put left");
  const acknowledged = async () => (await rig.feedCalls("ledgers"))["/acknowledge"] ?? 0;
  assert.equal(await acknowledged(), 0, "one put may still be overtaken");
  await rig.clock(61_000);
  await rig.object("LEDGER", "confirm", "__alarm");
  await eventually(async () => assert.match(await kv.get(address), new RegExp(key.id)));
  await eventually(async () => assert.equal(await acknowledged(), 1));
});

test("invariant 3: a log entry is trimmed a day after KV acknowledged that version, and not before", async () => {
  const start = await everything();
  await publish(ofKey(record(2), "acknowledged"), ofKey(record(2), "not acknowledged"), ofKey(record(2), "older"));
  const { epoch } = await everything();
  await feed("acknowledge", { versions: [[digest("acknowledged"), 2], [digest("older"), 2]] });
  await publish(ofKey(record(3), "older"));
  const held = async () => (await everything()).keys.map(({ key }) => key);
  await rig.clock(23.9 * HOUR);
  await rig.object("REAL_FEED", "feed", "__alarm");
  assert.ok((await held()).includes(keyHash("acknowledged")), "within the day it is kept");
  await rig.clock(25.1 * HOUR);
  await rig.object("REAL_FEED", "feed", "__alarm");
  const left = await held();
  assert.ok(!left.includes(keyHash("acknowledged")));
  assert.ok(left.includes(keyHash("not acknowledged")), "KV never said that it has it");
  assert.ok(left.includes(keyHash("older")), "KV has an older version");
  assert.equal((await poll(epoch, start.cursor)).reset, true, "below the floor");
  assert.ok((await current("acknowledged")).record, "current is for good");
  const after = await everything();
  assert.equal((await poll(after.epoch, after.cursor)).reset, false, "and whoever started over is not reset again");
});

test("invariant 4: suspensions come whole, on every cold start, however old they are", async () => {
  await publish(ofTenant("standing", 1, true));
  await rig.clock(100 * HOUR);
  await rig.object("REAL_FEED", "feed", "__alarm");
  const standing = async () => {
    const { epoch, suspended } = await everything();
    return suspended.filter(({ tenant }) => tenant === tenantHash(epoch, "standing")).map(({ version }) => version);
  };
  assert.deepEqual(await standing(), [1]);
  await rig.object("REAL_FEED", "feed", "__kill").catch(() => {});
  assert.equal((await standing()).length, 1, "another instance knows them, too");
  await publish(ofTenant("standing", 2, false));
  assert.deepEqual(await standing(), []);
});

test("a long log comes in parts, and to a warm isolate page by page", async () => {
  const names = Array.from({ length: PAGE + 200 }, (_, index) => `long ${index}`);
  const before = await everything();
  for (let at = 0; at < names.length; at += 100) {
    await publish(...names.slice(at, at + 100).map((name) => ofKey(record(2, "disabled"), name)));
  }
  for (const restarted of [false, true]) {
    if (restarted) await rig.object("REAL_FEED", "feed", "__kill").catch(() => {});
    const { parts, keys } = await everything();
    const [first, ...others] = parts.map(({ entries }) => entries.length);
    assert.ok(first <= PART && others.length > 0 && others.every((length) => length <= PAGE), `${parts.length} parts`);
    const held = new Map(keys.map((entry) => [entry.key, entry]));
    for (const name of names) assert.equal(held.get(keyHash(name))?.state, "disabled", name);
    const page = await poll(before.epoch, before.cursor);
    assert.deepEqual([page.keys.length, page.more, page.key_part], [PAGE, true, undefined]);
    const rest = await poll(before.epoch, page.cursor);
    assert.deepEqual([rest.keys.length, rest.more], [200, false]);
  }
});

test("a creation makes no entry, since only the key's absence could be taken for it", async () => {
  const before = await everything();
  const key = await rig.create("created");
  assert.match((await current(key.key)).record, /"active"/);
  assert.deepEqual((await poll(before.epoch, before.cursor)).keys, []);
  await revoke("created", key);
  const [entry] = (await poll(before.epoch, before.cursor)).keys;
  assert.deepEqual(entry, { key: keyHash(key.key), version: 2, state: "revoked", expires_at: null });
});

test("entries of before they had a state are read from their records", async () => {
  const expires = JSON.stringify({ ...JSON.parse(record(2)), expires_at: 1_900_000_000_000 });
  await publish(ofKey(record(2, "disabled"), "of before"), ofKey(expires, "of before, too"));
  await rig.object("REAL_FEED", "feed", "__sql", "UPDATE log SET state = NULL, expires_at = NULL");
  await rig.object("REAL_FEED", "feed", "__kill").catch(() => {});
  const { keys } = await everything();
  const of = (name) => keys.find(({ key }) => key === keyHash(name));
  assert.deepEqual([of("of before").state, of("of before, too").expires_at], ["disabled", 1_900_000_000_000]);
});

test("invariant 5: effective_by covers the largest staleness that an edge stated in the last day", async () => {
  const stated = async () => (await publish()).body.max_staleness_ms;
  assert.equal(await stated(), 1000);
  await feed("poll", { epoch: null, cursor: 0, max_staleness_ms: 7000 });
  assert.equal(await stated(), 7000);
  const key = await rig.create("staleness");
  const before = Date.now();
  const revoked = await revoke("staleness", key);
  assert.ok(Date.parse(revoked.body.effective_by) >= before + 7500);
  await rig.clock(26 * HOUR);
  assert.equal(await stated(), 1000, "an edge that polled no more since counts no more");
});

test("invariant 6: publishing may come twice, late and out of order", async () => {
  await publish(ofKey(record(5), "order"));
  const { epoch, cursor } = await everything();
  await publish(ofKey(record(5), "order"));
  await publish(ofKey(record(3), "order"));
  assert.deepEqual((await poll(epoch, cursor)).keys, [], "nothing new");
  await publish(ofKey(record(6, "revoked"), "order"));
  await publish(ofKey(record(9), "order"));
  assert.match((await current("order")).record, /"revoked"/);
  await publish(ofTenant("order", 3, false));
  await publish(ofTenant("order", 2, true));
  await publish(ofKey(record(1, "active", "order"), "of the tenant"));
  assert.equal((await current("of the tenant")).standing.suspended, false);
});

test("a record for newer readers passes through; what is no record is refused whole", async () => {
  const newer = JSON.stringify({ min_reader: 99, version: 3, restriction: "unknown" });
  await publish(ofKey(newer, "newer"));
  assert.equal((await current("newer")).record, newer);
  const refused = await publish(ofKey("{}", "broken"), ofKey(record(1), "beside it"));
  assert.equal(refused.status, 400);
  assert.equal((await current("beside it")).record, null);
});

test("an edge too old to understand a restriction answers 503 rather than ignore it", async () => {
  const key = await rig.create("too-new");
  assert.equal((await rig.edge("edge1", "/api/leads", { key: key.key })).status, 200);
  const ours = record(2, "active", "too-new").replace("key_4bTzV9cXk07Hq2mN1pRs", key.id);
  const newer = ours.replace('"min_reader":1', '"min_reader":99,"only_on":"mondays"');
  await publish(ofKey(newer, key.key));
  await sleep(1100);
  for (const path of ["/api/leads", "/api/billing"]) {
    const answer = await rig.edge("edge1", path, { key: key.key });
    assert.equal(answer.status, 503, answer.text);
    assert.equal(answer.code, "DEPENDENCY_UNAVAILABLE");
  }
});

test("invariant 8: an alarm that meets a fault does not fail, and is set again", async () => {
  await rig.create("alarm");
  for (const [binding, name, statement] of [["LEDGER", "alarm", "FROM outbox"], ["REAL_FEED", "feed", "FROM log"]]) {
    await rig.failing(statement);
    const alarm = await rig.object(binding, name, "__alarm");
    assert.equal(alarm.status, 200, `${binding}: ${alarm.text}`);
    const at = (await rig.object(binding, name, "__alarm_at")).body;
    assert.ok(at > Date.now(), `${binding} is armed again`);
    await rig.failing(null);
  }
});

test("row, audit entry, outbox entry and alarm are one transaction: a fault leaves nothing of it", async () => {
  const key = await rig.create("atomic");
  await rig.failing("INTO outbox");
  const created = await rig.manage("POST", "/v1/tenants/atomic/keys", { name: "x", scopes: ["read:leads"] });
  assert.equal(created.status, 500);
  assert.equal(created.code, "INTERNAL");
  assert.equal((await revoke("atomic", key)).status, 500);
  assert.equal((await rig.manage("POST", `/v1/tenants/atomic/keys/${key.id}/rotate`)).status, 500);
  await rig.failing(null);
  const { keys } = (await rig.manage("GET", "/v1/tenants/atomic/keys")).body;
  assert.deepEqual(keys.map(({ status, version }) => [status, version]), [["active", 1]]);
  assert.equal((await rig.manage("GET", "/v1/tenants/atomic/audit")).body.entries.length, 1);
});

test("a ledger that is killed while it publishes: the alarm was set with the row, and heals it", async () => {
  const key = await rig.create("killed");
  await rig.feed("ledgers", "hang");
  const revoking = revoke("killed", key).catch((error) => error);
  await sleep(400);
  const at = (await rig.object("LEDGER", "killed", "__alarm_at")).body;
  assert.ok(at > Date.now(), "the alarm is set");
  await rig.object("LEDGER", "killed", "__kill").catch(() => {});
  await revoking;
  await rig.feed("ledgers", "ok");
  await eventually(
    async () => {
      const edge = await rig.edge("edge1", "/api/billing", { key: key.key });
      assert.equal(edge.code, "REVOKED");
    },
    { within: 15_000 },
  );
});

test("no key in the clear is in any object's storage", async () => {
  const key = await rig.create("stored");
  const operator = await rig.operator("stored", ["keys:read"]);
  const audit = await rig.manage("GET", "/v1/tenants/stored/audit");
  const shown = JSON.stringify([audit.body, await everything(), await rig.snapshot()]);
  for (const secret of [key.key, operator.key]) assert.ok(!shown.includes(secret.slice(-30)));
});
