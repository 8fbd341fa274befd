// An answer speaks of the version that was published, whatever else was recorded of
// the same key or tenant meanwhile.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { effective, eventually, sleep, startRig } from "../../support/rig.mjs";

let rig;
before(async () => {
  rig = await startRig({ name: "answers", edges: { edge1: {} } });
});
after(() => rig.close());

const use = (key) => rig.edge("edge1", "/api/leads", { key: key.key });
const keyPath = (key) => `/v1/tenants/${key.tenant}/keys/${key.id}`;
const WAIT = { headers: { Prefer: "wait=5" } };

/** Does `first`, and while the feed has yet to take it `second`, of which the feed hears nothing. */
async function interleaved(first, second) {
  await rig.feed("ledgers", { late: 600 });
  const pending = first();
  await sleep(200);
  await rig.feed("ledgers", "down");
  const later = await second();
  const answer = await pending;
  return { answer, later };
}

test("a patch that is published while a revocation is recorded speaks of the patch alone", async () => {
  const key = await rig.create();
  assert.equal((await use(key)).status, 200);
  const { answer, later } = await interleaved(
    () => rig.manage("PATCH", keyPath(key), { name: "patched" }, WAIT),
    () => rig.manage("POST", `${keyPath(key)}/revoke`),
  );
  assert.equal(later.code, "REVOCATION_PENDING", later.text);
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual([answer.body.status, answer.body.name, answer.body.version], ["active", "patched", 2]);
  assert.equal(answer.headers.get("etag"), '"2"');
  assert.equal(answer.headers.get("preference-applied"), "wait");
  await effective(answer);
  assert.equal((await use(key)).status, 200, "and that is how it is");
  await rig.feed("ledgers", "ok");
  await eventually(async () => assert.equal((await use(key)).code, "REVOKED"));
});

test("a change whose publication fails is pending, and says of what", async () => {
  const key = await rig.create();
  await rig.feed("ledgers", "down");
  const patched = await rig.manage("PATCH", keyPath(key), { name: "patched" });
  assert.equal(patched.code, "CHANGE_PENDING");
  const revoked = await rig.manage("POST", `${keyPath(key)}/revoke`);
  assert.equal(revoked.code, "REVOCATION_PENDING");
  await rig.feed("ledgers", "ok");
  const again = await rig.manage("POST", `${keyPath(key)}/revoke`);
  assert.equal(again.status, 200, again.text);
  assert.ok(again.body.effective_by);
});

test("a tenant's status likewise", async () => {
  const key = await rig.create("globex");
  const act = (action, options) => rig.manage("POST", `/v1/tenants/globex/${action}`, undefined, options);
  const { answer, later } = await interleaved(() => act("suspend", WAIT), () => act("resume"));
  assert.equal(later.code, "CHANGE_PENDING", later.text);
  assert.deepEqual([answer.status, answer.body.suspended], [200, true]);
  await effective(answer);
  assert.equal((await use(key)).code, "TENANT_SUSPENDED");

  // The reverse: a resumption is published while a suspension is recorded.
  await rig.feed("ledgers", "ok");
  await effective(await act("resume"));
  await effective(await act("suspend"));
  const second = await interleaved(() => act("resume", WAIT), () => act("suspend"));
  assert.equal(second.later.code, "CHANGE_PENDING");
  assert.deepEqual([second.answer.status, second.answer.body.suspended], [200, false]);
  await effective(second.answer);
  assert.equal((await use(key)).status, 200);
  await rig.feed("ledgers", "ok");
  await eventually(async () => assert.equal((await use(key)).code, "TENANT_SUSPENDED"));
});

test("with a healthy feed no answer to a patch says what a revocation beside it did", async () => {
  for (let round = 0; round < 10; round += 1) {
    const key = await rig.create();
    const [patched, revoked] = await Promise.all([
      rig.manage("PATCH", keyPath(key), { name: "patched" }),
      rig.manage("POST", `${keyPath(key)}/revoke`),
    ]);
    assert.equal(revoked.status, 200);
    if (patched.status === 200) assert.equal(patched.body.status, "active", JSON.stringify(patched.body));
    else assert.equal(patched.code, "KEY_REVOKED", patched.text);
  }
});
