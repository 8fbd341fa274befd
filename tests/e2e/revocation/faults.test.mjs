// Feed and KV down, late and hanging; the outbox heals what was left undone.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { ledgerMigrations } from "../../support/migrations.mjs";
import { effective, eventually, sleep, startRig } from "../../support/rig.mjs";

// The timeout for feed calls that follows from max_staleness_ms = 1000.
const FEED_TIMEOUT_MS = 900;

let rig;
let denying;
before(async () => {
  const edges = { edge1: {}, "no-kv": { kv: "down" }, "slow-kv": { kv: "hang" }, cold: {}, "cold-too": {} };
  rig = await startRig({ name: "faults", edges, handles: true });
  denying = await startRig({
    name: "faults-deny",
    settings: { 'when_feed_unreachable = "kv"': 'when_feed_unreachable = "deny"' },
    edges: { edge1: {} },
  });
});
after(() => Promise.all([rig.close(), denying.close()]));
afterEach(async () => {
  for (const each of [rig, denying]) for (const whose of ["edges", "ledgers"]) await each.feed(whose, "ok");
  await sleep(600); // A pause after a failed call is over.
});

const use = (stack, edge, key, path = "/api/leads") => stack.edge(edge, path, { key: key.key });

async function timed(request) {
  const started = Date.now();
  const answer = await request();
  return { answer, ms: Date.now() - started };
}

for (const mode of ["down", "hang", { late: 3000 }]) {
  test(`feed ${JSON.stringify(mode)}: strict routes answer 503, others by KV and marked, none longer than the timeout`, async () => {
    const key = await rig.create();
    await rig.snapshot();
    assert.equal((await use(rig, "edge1", key)).status, 200);
    await rig.feed("edges", mode);
    await sleep(1100); // The view is too old now.

    const strict = await timed(() => use(rig, "edge1", key, "/api/billing"));
    assert.equal(strict.answer.status, 503, strict.answer.text);
    assert.equal(strict.answer.code, "DEPENDENCY_UNAVAILABLE");
    assert.ok(strict.answer.headers.get("retry-after"));
    await sleep(600);

    const served = await timed(() => use(rig, "edge1", key));
    assert.equal(served.answer.status, 200, served.answer.text);
    assert.equal(served.answer.headers.get("keystile-degraded"), "feed-unreachable");
    const me = await rig.edge("edge1", "/keystile/v1/me", { key: key.key });
    assert.equal(me.headers.get("keystile-degraded"), "feed-unreachable", "so are Keystile's own answers");
    for (const { ms } of [strict, served]) assert.ok(ms < FEED_TIMEOUT_MS + 500, `${ms} ms`);
  });
}

test("feed down: an isolate without a view serves by KV alone", async () => {
  const key = await rig.create();
  await eventually(async () => assert.ok(Object.values(await rig.snapshot()).some((value) => value.includes(key.id))));
  await rig.feed("edges", "down");
  const served = await use(rig, "cold", key);
  assert.equal(served.status, 200, served.text);
  assert.equal(served.headers.get("keystile-degraded"), "feed-unreachable");
});

/** Waits until KV says that this tenant is suspended, or is no longer. */
const inKv = (tenant, suspended) =>
  eventually(async () => {
    const values = Object.values(await rig.snapshot());
    assert.ok(values.some((value) => value.endsWith(`.{"tenant":"${tenant}","version":${suspended ? 1 : 2},"suspended":${suspended}}`)));
  });

test("feed down: a suspension holds in an isolate that has never heard of it, and so does its end", async () => {
  const [key, other] = [await rig.create("umbrella"), await rig.create("acme")];
  await eventually(async () => assert.ok(Object.values(await rig.snapshot()).some((value) => value.includes(key.id))));
  await effective(await rig.manage("POST", "/v1/tenants/umbrella/suspend"));
  await inKv("umbrella", true);
  await eventually(async () => assert.ok(Object.values(await rig.snapshot()).some((value) => value.includes(other.id))));
  await rig.feed("edges", "down");
  const refused = await use(rig, "cold-too", key);
  assert.deepEqual([refused.status, refused.code], [401, "TENANT_SUSPENDED"], refused.text);
  assert.equal(refused.headers.get("keystile-degraded"), "feed-unreachable");
  assert.equal((await use(rig, "cold-too", other)).status, 200, "another tenant's key is served");
  // Its own answers, too.
  assert.equal((await rig.edge("cold-too", "/keystile/v1/me", { key: key.key })).code, "TENANT_SUSPENDED");
  await rig.manage("POST", "/v1/tenants/umbrella/resume");
  await inKv("umbrella", false);
});

test("feed down, and KV holds a tenant status that nobody sealed for its place: 503", async () => {
  const key = await rig.create("forged");
  await rig.manage("POST", "/v1/tenants/forged/suspend");
  await inKv("forged", true);
  const kv = await rig.kv();
  const [address, value] = Object.entries(await rig.snapshot()).find(([, value]) => value.includes('"tenant":"forged","version":1'));
  await eventually(async () => assert.ok(Object.values(await rig.snapshot()).some((value) => value.includes(key.id))));
  await kv.put(address, value.replace("true", "false"));
  await rig.feed("edges", "down");
  await sleep(1100);
  const answer = await use(rig, "edge1", key);
  // edge1 knows of the suspension by the feed, but can't tell whether it has ended.
  assert.equal(answer.status, 503, answer.text);
  await kv.put(address, value);
});

test("a suspension from before KV held any is put there when the ledger is next woken", async () => {
  await rig.create("veteran");
  await rig.manage("POST", "/v1/tenants/veteran/suspend");
  await inKv("veteran", true);
  await eventually(async () => assert.deepEqual(await rig.sql("veteran", "SELECT * FROM outbox WHERE subject = 'tenant' AND stage = 'put'"), []));
  // As an earlier version left it, and as the migration that is for it makes it.
  const kv = await rig.kv();
  const [address] = Object.entries(await rig.snapshot()).find(([, value]) => value.includes('"tenant":"veteran","version":1'));
  await kv.delete(address);
  await rig.sql("veteran", "DELETE FROM outbox WHERE subject = 'tenant'");
  await rig.sql("veteran", ledgerMigrations().find((migration) => migration.includes("KV holds how the tenant stands")));
  await rig.evictLedger("veteran");
  assert.equal((await rig.manage("GET", "/v1/tenants/veteran")).body.suspended, true);
  await inKv("veteran", true);
});

test("feed down: a tombstone that the isolate knows still holds", async () => {
  const key = await rig.create();
  await use(rig, "edge1", key);
  const old = await rig.snapshot();
  const revoked = await rig.manage("POST", `/v1/tenants/acme/keys/${key.id}/revoke`);
  await effective(revoked);
  assert.equal((await use(rig, "edge1", key)).code, "REVOKED");
  await rig.feed("edges", "down");
  const kv = await rig.kv();
  for (const [address, value] of Object.entries(old)) await kv.put(address, value);
  await sleep(1100);
  assert.equal((await use(rig, "edge1", key)).code, "REVOKED");
});

test("feed down, and a key that KV does not have: 503, never 401", async () => {
  const key = await rig.create();
  const kv = await rig.kv();
  await rig.snapshot();
  await sleep(200);
  for (const { name } of (await kv.list()).keys) await kv.delete(name);
  await rig.feed("edges", "down");
  await sleep(1100);
  const answer = await use(rig, "cold", key);
  assert.equal(answer.status, 503, answer.text);
});

test('feed down, with "deny": 503, and holds says always', async () => {
  const key = await denying.create();
  assert.equal((await use(denying, "edge1", key)).status, 200);
  await denying.feed("edges", "down");
  await sleep(1100);
  const answer = await use(denying, "edge1", key);
  assert.equal(answer.status, 503);
  assert.equal(answer.code, "DEPENDENCY_UNAVAILABLE");
  const revoked = await denying.manage("POST", `/v1/tenants/acme/keys/${key.id}/revoke`);
  assert.equal(revoked.body.holds, "always");
});

test("feed back: served by the bound again within a pause", async () => {
  const key = await rig.create();
  await use(rig, "edge1", key);
  await rig.feed("edges", "down");
  await sleep(1100);
  await use(rig, "edge1", key);
  await rig.feed("edges", "ok");
  await sleep(600);
  const answer = await use(rig, "edge1", key);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("keystile-degraded"), null);
});

test("KV down: served from the feed, and 503 without it, never 401", async () => {
  const key = await rig.create();
  const served = await use(rig, "no-kv", key);
  assert.equal(served.status, 200, served.text);
  const other = await rig.create();
  await rig.feed("edges", "down");
  await sleep(1100);
  const answer = await use(rig, "no-kv", other);
  assert.equal(answer.status, 503, answer.text);
});

test("KV hangs: served from the feed after no more than the timeout", async () => {
  const key = await rig.create();
  const { answer, ms } = await timed(() => use(rig, "slow-kv", key));
  assert.equal(answer.status, 200, answer.text);
  assert.ok(ms < FEED_TIMEOUT_MS + 500, `${ms} ms`);
});

test("the ledger can't reach the feed: a create works all the same, a revoke says that it is not in effect", async () => {
  const key = await rig.create();
  assert.ok(key.effective_by);
  await rig.feed("ledgers", "down");
  const created = await rig.manage("POST", "/v1/tenants/acme/keys", { name: "later", scopes: ["read:leads"] });
  assert.equal(created.status, 201);
  assert.equal(created.body.effective_by, null);
  const revoked = await rig.manage("POST", `/v1/tenants/acme/keys/${key.id}/revoke`, { reason: "leaked" });
  assert.equal(revoked.status, 503, revoked.text);
  assert.equal(revoked.code, "REVOCATION_PENDING");
  assert.match(revoked.body.detail, /recorded/);

  await rig.feed("ledgers", "ok");
  // Nobody calls again: the alarm retries by itself.
  const shown = await eventually(async () => {
    const { body } = await rig.manage("GET", `/v1/tenants/acme/keys/${key.id}`);
    assert.ok(body.effective_by, "the outbox has not published yet");
    return body;
  });
  assert.equal(shown.status, "revoked");
  assert.equal(shown.revoke_reason, "leaked");
  await effective(shown);
  assert.equal((await use(rig, "edge1", key)).code, "REVOKED");
  const used = await rig.edge("edge1", "/api/leads", { key: created.body.key });
  assert.equal(used.status, 200, used.text);
});

test("a ledger that is killed between row and publish: the outbox heals it", async () => {
  const key = await rig.create("initech");
  assert.equal((await use(rig, "edge1", key)).status, 200);
  await rig.feed("ledgers", "down");
  const pending = await rig.manage("POST", `/v1/tenants/initech/keys/${key.id}/revoke`);
  assert.equal(pending.status, 503);
  // What is left is the committed row and its outbox entry; the object's memory goes.
  await rig.evictLedger("initech");
  await rig.feed("ledgers", "ok");
  // No request wakes it: the alarm that was committed with the row does.
  await eventually(async () => assert.equal((await use(rig, "edge1", key)).code, "REVOKED"), { within: 20_000 });
  const { body } = await rig.manage("GET", `/v1/tenants/initech/keys/${key.id}`);
  assert.ok(body.effective_by);
});

test("KV catches up by itself", async () => {
  const key = await rig.create("hooli");
  await eventually(async () => assert.ok(Object.values(await rig.snapshot()).some((value) => value.includes(key.id))));
  await rig.manage("POST", `/v1/tenants/hooli/keys/${key.id}/disable`);
  await eventually(async () => {
    const value = Object.values(await rig.snapshot()).find((value) => value.includes(key.id));
    assert.match(value, /"state":"disabled"/);
  });
});
