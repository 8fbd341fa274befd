// Usage: counted at the edge, sent in batches, kept by the ledgers, each use once.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { eventually, startRig } from "../../support/rig.mjs";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let rig;
before(async () => (rig = await startRig({ name: "usage", handles: true })));
after(() => rig?.close());
afterEach(async () => {
  await rig.clock(0);
  await rig.failing(null);
});

const path = (tenant, key) => `/v1/tenants/${tenant}/keys/${key.id}`;
const usage = async (tenant, key, query = "") => {
  const answer = await rig.manage("GET", `${path(tenant, key)}/usage${query}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
};
const show = async (tenant, key, query = "") => (await rig.manage("GET", `${path(tenant, key)}${query}`)).body;
const hourOf = (millis) => Math.floor(millis / HOUR);
const time = (millis) => new Date(millis).toISOString();
const use = (key, count = 1, fields = {}) => ({ key_id: key.id, hour: hourOf(Date.now()), code: "VALID", count, last_at: Date.now(), ...fields });
let isolates = 0;
/** What an edge would send a tenant's ledger, from an isolate of its own unless one is named. */
const send = (tenant, uses, { isolate = `isolate${(isolates += 1)}`, sequence = 1 } = {}) =>
  rig.object("LEDGER", tenant, "usage", { isolate, sequence, uses });
const rows = async (tenant, query) => (await rig.object("LEDGER", tenant, "__sql", query)).body.rows;
/** Both edges have sent what they had counted of this key. */
const counted = (tenant, key, codes) => eventually(async () => assert.deepEqual((await usage(tenant, key)).all.codes, codes));

test("every verdict on a known key is counted, by its code, wherever it was given", async () => {
  const key = await rig.create("acme");
  const operator = await rig.operator("acme", ["verify"]);
  const other = await rig.operator("other", ["verify"]);
  const verify = (by) =>
    rig.edge("edge1", "/keystile/v1/verify", { key: by.key, method: "POST", body: JSON.stringify({ key: key.key }) });
  const before = Date.now();
  for (const edge of ["edge1", "edge2"]) {
    for (let count = 0; count < 3; count += 1) {
      assert.equal((await rig.edge(edge, "/api/leads", { key: key.key })).status, 200);
    }
    assert.equal((await rig.edge(edge, "/api/leads", { key: key.key, method: "POST" })).code, "INSUFFICIENT_SCOPE");
  }
  assert.equal((await rig.edge("edge2", "/keystile/v1/me", { key: key.key })).status, 200);
  assert.equal((await verify(operator)).code, "VALID");
  // Not its to know of, and no use of the key.
  assert.equal((await verify(other)).code, "NOT_FOUND");
  const lastUse = Date.now();
  await rig.manage("POST", `${path("acme", key)}/revoke`);
  assert.equal((await rig.edge("edge1", "/api/billing", { key: key.key })).code, "REVOKED");
  await counted("acme", key, { VALID: 8, INSUFFICIENT_SCOPE: 2, REVOKED: 1 });
  const { last_used_at: last, ...body } = await usage("acme", key);
  assert.ok(before <= Date.parse(last) && Date.parse(last) <= lastUse, "a refusal is no use");
  for (const period of ["24h", "7d", "30d", "all"]) assert.deepEqual([body[period].allowed, body[period].refused], [8, 3]);
  assert.equal((await show("acme", key)).last_used_at, last);
});

test("counting costs a request nothing: no storage is read or written for it", async () => {
  const key = await rig.create("warm");
  await rig.edge("edge1", "/api/leads", { key: key.key });
  const warm = [];
  for (let count = 0; count < 200; count += 1) warm.push((await rig.edge("edge1", "/api/leads", { key: key.key })).storage);
  // All but those that found their view too old, on a machine that is busy.
  const free = warm.filter(({ kv, feed }) => kv === 0 && feed === 0).length;
  assert.ok(free >= 190, `${free} of 200`);
  await counted("warm", key, { VALID: 201 });
  const [{ sequences }] = await rows("warm", "SELECT count(*) AS sequences FROM usage_taken");
  assert.equal(sequences, 1, "from one isolate");
  const [{ buckets }] = await rows("warm", "SELECT count(*) AS buckets FROM usage");
  assert.ok(buckets <= 2, `${buckets} hours`);
});

test("a series has every hour, the oldest first, and ends now", async () => {
  const key = await rig.create("series");
  await send("series", [use(key, 3), use(key, 2, { code: "IP_NOT_ALLOWED" })]);
  for (const [period, hours] of [["24h", 24], ["7d", 168], ["30d", 720]]) {
    const { hourly, ...body } = await usage("series", key, `?period=${period}`);
    assert.equal(body.period, period);
    assert.equal(hourly.length, hours);
    const times = hourly.map(({ hour }) => Date.parse(hour));
    assert.ok(times.every((at, index) => index === 0 || at === times[index - 1] + HOUR));
    assert.equal(hourOf(times.at(-1)), hourOf(Date.now()));
    assert.deepEqual(hourly.at(-1), { hour: time(times.at(-1)), allowed: 3, refused: 2, codes: { VALID: 3, IP_NOT_ALLOWED: 2 } });
    assert.deepEqual(hourly[0], { hour: time(times[0]), allowed: 0, refused: 0, codes: {} });
  }
  assert.equal((await usage("series", key)).period, "24h");
  assert.equal((await rig.manage("GET", `${path("series", key)}/usage?period=1h`)).status, 422);
  assert.equal((await rig.manage("GET", `${path("another", key)}/usage`)).code, "KEY_NOT_FOUND");
});

test("a period is of whole hours, the present one and those before it", async () => {
  await rig.clock(-31 * DAY);
  const key = await rig.create("periods");
  for (const days of [29, 6, 0.5]) {
    await rig.clock(-days * DAY);
    const at = Date.now() - days * DAY;
    await send("periods", [use(key, 1, { hour: hourOf(at), last_at: at })]);
  }
  await rig.clock(0);
  const body = await usage("periods", key);
  assert.deepEqual(["24h", "7d", "30d", "all"].map((period) => body[period].allowed), [1, 2, 3, 3]);
  const { usage: sums } = await show("periods", key, "?include=usage");
  assert.deepEqual(["24h", "7d", "30d"].map((period) => sums[period].allowed), [1, 2, 3]);
});

test("a batch writes its rows and nothing else, not even an alarm", async () => {
  const key = await rig.create("quiet");
  await send("quiet", [use(key)]);
  await eventually(async () => assert.deepEqual(await rows("quiet", "SELECT 1 FROM outbox WHERE stage IN ('publish', 'put')"), []));
  // The first use after a report has the next one made, which the uses of a minute go along with.
  await eventually(async () => assert.deepEqual(await rows("quiet", "SELECT 1 FROM reporting WHERE made_at IS NULL OR report IS NOT NULL"), []));
  await send("quiet", [use(key)]);
  const set = async () => (await rig.object("LEDGER", "quiet", "__alarms_set")).body;
  await set();
  await send("quiet", [use(key)]);
  assert.equal(await set(), 0);
  await rig.manage("POST", `${path("quiet", key)}/disable`);
  assert.ok((await set()) > 0, "a change does");
});

test("a batch that comes again counts once, whatever was lost on the way", async () => {
  const key = await rig.create("repeats");
  const batch = [use(key, 5)];
  assert.deepEqual((await send("repeats", batch, { isolate: "a", sequence: 4 })).body, { first_used: [key.id] });
  assert.deepEqual((await send("repeats", batch, { isolate: "a", sequence: 4 })).body, { first_used: [] });
  await rig.evictLedger("repeats");
  assert.equal((await send("repeats", batch, { isolate: "a", sequence: 4 })).status, 200);
  assert.equal((await send("repeats", batch, { isolate: "a", sequence: 3 })).status, 200);
  assert.equal((await usage("repeats", key)).all.allowed, 5);
  await send("repeats", batch, { isolate: "a", sequence: 9 });
  await send("repeats", batch, { isolate: "b", sequence: 4 });
  assert.equal((await usage("repeats", key)).all.allowed, 15);
});

test("a ledger that fails or is killed gets the batch again, and counts it once", async () => {
  const key = await rig.create("failing");
  const touch = async () => assert.equal((await rig.edge("edge1", "/api/leads", { key: key.key })).status, 200);
  await rig.failing("INTO usage ");
  for (let count = 0; count < 4; count += 1) await touch();
  const tried = await rig.object("LEDGER", "failing", "usage", { isolate: "z", sequence: 1, uses: [use(key)] });
  assert.equal(tried.status, 500);
  await new Promise((resolve) => setTimeout(resolve, 2500));
  assert.deepEqual((await usage("failing", key)).all.codes, {}, "all of a batch or nothing");
  await rig.object("LEDGER", "failing", "__kill").catch(() => {});
  await rig.failing(null);
  // What failed goes along with the next flush.
  await touch();
  await counted("failing", key, { VALID: 5 });
});

test("a key that the ledger doesn't have is left out, and the others are counted", async () => {
  const key = await rig.create("unknown");
  const stranger = { id: "key_4bTzV9cXk07Hq2mN1pRs" };
  const answer = await send("unknown", [use(stranger), use(key), use(stranger, 1, { code: "REVOKED" })]);
  assert.deepEqual([answer.status, answer.body], [200, { first_used: [key.id] }]);
  assert.deepEqual(await rows("unknown", "SELECT DISTINCT key_id FROM usage"), [{ key_id: key.id }]);
});

test("no use is after the ledger's clock, before its key, or in an hour that is closed", async () => {
  await rig.clock(-100 * HOUR);
  const old = await rig.create("times");
  await rig.clock(0);
  const key = await rig.create("times");
  const at = (offset) => ({ hour: hourOf(Date.now() + offset), last_at: Date.now() + offset });
  const before = Date.now();
  await send("times", [use(key, 1, at(30 * HOUR)), use(key, 2, at(-5 * HOUR)), use(old, 4, at(-90 * HOUR)), use(old, 8, at(-400 * HOUR))]);
  const { hourly, last_used_at: last } = await usage("times", key);
  assert.equal(hourly.at(-1).allowed + hourly.at(-2).allowed, 3);
  assert.ok(Date.parse(last) >= before && Date.parse(last) <= Date.now());
  assert.ok(Date.parse(last) >= Date.parse(key.created_at));
  const week = (await usage("times", old, "?period=7d")).hourly.filter(({ allowed }) => allowed > 0);
  assert.equal(week.reduce((sum, { allowed }) => sum + allowed, 0), 12);
  assert.ok(week.every(({ hour }) => hourOf(Date.now()) - hourOf(Date.parse(hour)) <= 1), "their hours are closed");
});

test("a ledger's clock that runs ahead and comes back loses and repeats nothing", async () => {
  const key = await rig.create("clock");
  await rig.clock(3 * HOUR);
  await send("clock", [use(key, 2, { hour: hourOf(Date.now() + 3 * HOUR), last_at: Date.now() + 3 * HOUR })], { isolate: "a" });
  await rig.clock(-2 * HOUR);
  await send("clock", [use(key, 4)], { isolate: "a", sequence: 2 });
  await send("clock", [use(key, 4)], { isolate: "a", sequence: 2 });
  await rig.clock(0);
  await send("clock", [use(key, 8)], { isolate: "a", sequence: 3 });
  const body = await usage("clock", key);
  assert.deepEqual([body.all.allowed, body["24h"].allowed], [14, 14]);
});

test("after 90 days hours are folded into what there is in all, by the alarm", async () => {
  const key = await rig.create("folded");
  await send("folded", [use(key, 3), use(key, 1, { code: "EXPIRED" })], { isolate: "a" });
  await eventually(async () => assert.deepEqual(await rows("folded", "SELECT * FROM outbox WHERE stage <> 'confirm'"), []));
  const alarm = async () => {
    await rig.object("LEDGER", "folded", "__alarm");
    return (await rig.object("LEDGER", "folded", "__alarm_at")).body;
  };
  const buckets = async () => (await rows("folded", "SELECT * FROM usage")).length;
  await rig.clock(89 * DAY);
  for (let round = 0; round < 3; round += 1) await alarm();
  assert.equal(await buckets(), 2);
  await eventually(async () => {
    // An outbox in which something waited is reported again two minutes later.
    await rig.sql("folded", "UPDATE reporting SET due_at = 0 WHERE due_at IS NOT NULL");
    const due = await alarm();
    const days = (due - Date.now()) / DAY;
    assert.ok(days >= 90 && days <= 91, `due in ${days} days`);
  });
  await rig.clock(91 * DAY);
  await alarm();
  assert.equal(await buckets(), 0);
  assert.deepEqual(await rows("folded", "SELECT * FROM usage_taken"), []);
  const body = await usage("folded", key);
  assert.deepEqual([body.all.codes, body["30d"].codes], [{ VALID: 3, EXPIRED: 1 }, {}]);
  await send("folded", [use(key, 4, { hour: hourOf(Date.now() + 91 * DAY), last_at: Date.now() + 91 * DAY })]);
  const later = await usage("folded", key);
  assert.deepEqual([later.all.codes, later["24h"].codes], [{ VALID: 7, EXPIRED: 1 }, { VALID: 4 }]);
});

test("which isolates sent what is forgotten after a day, and not before", async () => {
  const key = await rig.create("isolates");
  await send("isolates", [use(key)], { isolate: "old" });
  const known = async () => (await rows("isolates", "SELECT isolate FROM usage_taken")).map(({ isolate }) => isolate);
  await rig.clock(24 * HOUR);
  await send("isolates", [use(key)], { isolate: "newer" });
  assert.deepEqual(await known(), ["newer", "old"]);
  await rig.clock(26 * HOUR);
  await send("isolates", [use(key)], { isolate: "newest" });
  assert.deepEqual(await known(), ["newer", "newest"]);
});

test("lists and single keys show the sums if they are asked for", async () => {
  const [used, unused] = [await rig.create("lists"), await rig.create("lists")];
  await send("lists", [use(used, 3), use(used, 1, { code: "DISABLED" })]);
  const nothing = { allowed: 0, refused: 0 };
  const some = { allowed: 3, refused: 1 };
  const { keys } = (await rig.manage("GET", "/v1/tenants/lists/keys?include=usage")).body;
  const shown = Object.fromEntries(keys.map((key) => [key.id, key.usage]));
  assert.deepEqual(shown[used.id], { "24h": some, "7d": some, "30d": some });
  assert.deepEqual(shown[unused.id], { "24h": nothing, "7d": nothing, "30d": nothing });
  assert.deepEqual((await show("lists", used, "?include=usage")).usage, shown[used.id]);
  const plain = (await rig.manage("GET", "/v1/tenants/lists/keys")).body.keys;
  assert.ok(plain.every((key) => !("usage" in key) && "last_used_at" in key));
  assert.equal(plain.find(({ id }) => id === unused.id).last_used_at, null);
  assert.equal((await rig.manage("GET", "/v1/tenants/lists/keys?include=everything")).status, 422);
});

test("a change of a key leaves its uses, and a use leaves its version", async () => {
  const key = await rig.create("changes");
  await send("changes", [use(key)]);
  const used = await show("changes", key);
  assert.deepEqual([used.version, typeof used.last_used_at], [1, "string"]);
  const patched = await rig.manage("PATCH", path("changes", key), { name: "renamed" });
  assert.deepEqual([patched.body.version, patched.body.last_used_at], [2, used.last_used_at]);
  assert.equal(key.last_used_at, null, "a new key was never used");
});

test("an operator's uses show, of the management API and of verify", async () => {
  const operator = await rig.operator("acme", ["keys:read", "verify"]);
  const shown = async () => (await rig.manage("GET", `/v1/operators/${operator.id}`)).body.last_used_at;
  assert.equal(await shown(), null);
  const list = () => rig.manage("GET", "/v1/tenants/acme/keys?limit=1", undefined, { key: operator.key });
  assert.equal((await list()).status, 200);
  const first = await shown();
  assert.ok(first);
  await list();
  assert.equal(await shown(), first, "once a minute is enough");
  await rig.clock(61_000);
  await list();
  assert.ok((await shown()) > first);
  await rig.clock(0);
  const verifier = await rig.operator("acme", ["verify"]);
  await rig.edge("edge1", "/keystile/v1/verify", { key: verifier.key, method: "POST", body: '{"key":"x"}' });
  await eventually(async () => {
    const { body } = await rig.manage("GET", `/v1/operators/${verifier.id}?include=usage`);
    assert.deepEqual([typeof body.last_used_at, body.usage["24h"]], ["string", { allowed: 1, refused: 0 }]);
  });
});

test("reading usage needs keys:read of the tenant", async () => {
  const key = await rig.create("rights");
  const read = async (tenant, scopes) => {
    const operator = await rig.operator(tenant, scopes);
    return (await rig.manage("GET", `${path("rights", key)}/usage`, undefined, { key: operator.key })).code;
  };
  assert.equal(await read("rights", ["keys:read"]), undefined);
  assert.equal(await read("rights", ["audit:read"]), "INSUFFICIENT_SCOPE");
  assert.equal(await read("another", ["keys:read"]), "TENANT_NOT_ALLOWED");
});
