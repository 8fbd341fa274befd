// The bound on the real workers, with four edges: one reads the real KV, one an empty KV, and two a KV that answers the
// old value for ever; one of these two starts late. What the ledger says is in effect, is.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { effective, eventually, sleep, startRig } from "../../support/rig.mjs";

let rig;
before(async () => {
  rig = await startRig({
    name: "revocation-bound",
    edges: { edge1: {}, lagging: { kv: "stale" }, blank: { kv: "empty" }, late: { kv: "stale" } },
  });
});
after(() => rig.close());

// "late" starts only when a test says so.
const EDGES = ["edge1", "lagging", "blank"];

const use = (edge, key, options = {}) => rig.edge(edge, "/api/leads", { key: key.key, ...options });
const change = (key, action, body) => rig.manage("POST", `/v1/tenants/acme/keys/${key.id}/${action}`, body);

/** A key that every edge has used, whose first record KV "stale" keeps. */
async function knownKey(fields) {
  const key = await rig.create("acme", fields);
  await rig.freezeStaleKv();
  for (const edge of EDGES) {
    const answer = await use(edge, key);
    assert.equal(answer.status, 200, `${edge}: ${answer.text}`);
  }
  return key;
}

/** Every edge answers this, from `effective_by` on. */
async function everywhere(answer, key, expected, options) {
  assert.equal(answer.status, 200, answer.text);
  await effective(answer);
  for (const edge of EDGES) {
    const seen = await use(edge, key, options);
    assert.equal(seen.code ?? seen.status, expected, edge);
  }
}

test("a key works in the first request after its creation, with a KV that answers nothing", async () => {
  for (let round = 0; round < 5; round += 1) {
    const key = await rig.create();
    const first = await use("blank", key);
    assert.equal(first.status, 200, first.text);
    assert.equal((await use("lagging", key)).status, 200);
  }
});

test("revoked", async () => {
  const key = await knownKey();
  await everywhere(await change(key, "revoke"), key, "REVOKED");
});

test("disabled, and enabled again", async () => {
  const key = await knownKey();
  await everywhere(await change(key, "disable"), key, "DISABLED");
  await everywhere(await change(key, "enable"), key, 200);
});

test("a scope taken away, and given back", async () => {
  const key = await knownKey({ scopes: ["read:leads", "write:leads"] });
  const patch = (scopes) => rig.manage("PATCH", `/v1/tenants/acme/keys/${key.id}`, { scopes });
  await everywhere(await patch(["write:leads"]), key, "INSUFFICIENT_SCOPE");
  await everywhere(await patch(["read:leads"]), key, 200);
});

test("an earlier expiry", async () => {
  const key = await knownKey();
  const soon = new Date(Date.now() + 600).toISOString();
  const patched = await rig.manage("PATCH", `/v1/tenants/acme/keys/${key.id}`, { expires_at: soon });
  await everywhere(patched, key, "EXPIRED");
});

test("a tenant suspended, and resumed", async () => {
  const key = await rig.create("globex");
  await rig.freezeStaleKv();
  for (const edge of EDGES) assert.equal((await use(edge, key)).status, 200);
  const suspended = await rig.manage("POST", "/v1/tenants/globex/suspend");
  assert.equal(suspended.body.keys, 1);
  await everywhere(suspended, key, "TENANT_SUSPENDED");
  await everywhere(await rig.manage("POST", "/v1/tenants/globex/resume"), key, 200);
});

test("an isolate that starts after a revocation and a suspension, with a KV that still says active", async () => {
  const key = await knownKey();
  const suspended = await rig.create("umbrella");
  await rig.freezeStaleKv(2);
  await change(key, "revoke");
  await rig.manage("POST", "/v1/tenants/umbrella/suspend");
  const first = await use("late", key);
  assert.equal(first.code, "REVOKED");
  assert.equal((await use("late", suspended)).code, "TENANT_SUSPENDED");
});

test("a revoked key is never accepted again, however often KV lies", async () => {
  const key = await knownKey();
  await effective(await change(key, "revoke"));
  for (let round = 0; round < 6; round += 1) {
    assert.equal((await use("lagging", key)).code, "REVOKED");
    await sleep(400);
  }
});

test("revoking twice returns the first answer", async () => {
  const key = await rig.create();
  const first = await change(key, "revoke", { reason: "leaked" });
  const second = await change(key, "revoke", { reason: "again" });
  assert.equal(second.status, 200);
  for (const member of ["effective_by", "revoked_at", "revoke_reason", "version"]) {
    assert.equal(second.body[member], first.body[member], member);
  }
});

test("effective_by is the largest staleness of any edge, and half a second, from when the feed took it", async () => {
  const key = await rig.create();
  await use("edge1", key);
  const before = Date.now();
  const revoked = await change(key, "revoke");
  const after = Date.now();
  const effectiveBy = Date.parse(revoked.body.effective_by);
  assert.ok(effectiveBy >= before + 1500, "not before the bound");
  assert.ok(effectiveBy <= after + 1500, "not later than needed");
});

test("a hundred requests at once behind one due refresh are all answered, by few calls", async () => {
  const key = await knownKey();
  await sleep(1200);
  const before = (await rig.feedCalls("edges"))["/poll"] ?? 0;
  await rig.feed("edges", { late: 300 });
  try {
    const answers = await Promise.all(Array.from({ length: 100 }, () => use("edge1", key)));
    assert.deepEqual([...new Set(answers.map((answer) => answer.status))], [200]);
  } finally {
    await rig.feed("edges", "ok");
  }
  const polls = (await rig.feedCalls("edges"))["/poll"] - before;
  assert.ok(polls <= 3, `${polls} polls`);
});

test("twenty revokes and patches of one key at once make one history", async () => {
  const key = await rig.create();
  const patch = (index) => rig.manage("PATCH", `/v1/tenants/acme/keys/${key.id}`, { metadata: { [`m${index}`]: index } });
  const answers = await Promise.all([
    ...Array.from({ length: 15 }, (_, index) => patch(index)),
    ...Array.from({ length: 5 }, () => change(key, "revoke")),
  ]);
  const patched = answers.slice(0, 15).filter(({ status }) => status === 200);
  for (const answer of answers.slice(0, 15)) assert.ok([200, 409].includes(answer.status), answer.text);
  for (const answer of answers.slice(15)) assert.equal(answer.status, 200, answer.text);
  const revocations = new Set(answers.slice(15).map(({ body }) => body.effective_by));
  assert.equal(revocations.size, 1, "one revocation, one answer");
  const now = (await rig.manage("GET", `/v1/tenants/acme/keys/${key.id}`)).body;
  assert.equal(Object.keys(now.metadata).length, patched.length, "no update is lost");
  assert.equal(now.version, 1 + patched.length + 1);
  const audit = (await rig.manage("GET", "/v1/tenants/acme/audit?limit=200")).body.entries;
  const ours = audit.filter((entry) => entry.key_id === key.id);
  assert.equal(ours.length, now.version, "each version has its entry");
});

test("a KV value that was not sealed for its place is not believed", async () => {
  const admin = await rig.create("acme", { scopes: ["admin"] });
  const mine = await rig.create("acme", { scopes: ["read:analytics"] });
  const place = (id) =>
    eventually(async () => {
      const found = Object.entries(await rig.snapshot()).find(([, value]) => value.includes(id));
      assert.ok(found, `KV has no ${id} yet`);
      return found;
    });
  const [[mineAddress], [, adminValue]] = [await place(mine.id), await place(admin.id)];
  await (await rig.staleKv()).put(mineAddress, adminValue);
  const answer = await use("lagging", mine);
  assert.equal(answer.status, 403, answer.text);
  assert.equal(answer.code, "INSUFFICIENT_SCOPE");
});
