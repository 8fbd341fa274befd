// Feed and KV down, late and hanging; the outbox heals what was left undone.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { effective, eventually, sleep, startRig } from "./rig.mjs";

// The timeout for feed calls that follows from max_staleness_ms = 1000.
const FEED_TIMEOUT_MS = 900;

let rig;
let denying;
before(async () => {
  rig = await startRig({ name: "faults", edges: { edge1: {}, "no-kv": { kv: "down" }, "slow-kv": { kv: "hang" }, cold: {} } });
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
