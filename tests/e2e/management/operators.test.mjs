// Operators' keys and the root key, replaced without losing access.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { effective, eventually, ROOT_KEY, startRig } from "../../support/rig.mjs";

const NEW_ROOT_KEY = "ksroot_" + "n".repeat(43);

let rig;
before(async () => (rig = await startRig({ name: "operators", edges: { edge1: {} } })));
after(() => rig.close());

const rotate = (operator, body, as) => rig.manage("POST", `/v1/operators/${operator.id}/rotate`, body, as && { key: as.key });
const list = (operator) => rig.manage("GET", "/v1/tenants/acme/keys", undefined, { key: operator.key });
const verify = (operator) =>
  rig.edge("edge1", "/keystile/v1/verify", { method: "POST", key: operator.key, body: JSON.stringify({ key: "x" }) });

test("an operator's key is replaced: both work in between, then the new one alone", async () => {
  const old = await rig.operator("acme", ["keys:read", "verify"]);
  const rotated = await rotate(old, { overlap_seconds: 3600 });
  assert.equal(rotated.status, 201, rotated.text);
  const { body: successor } = rotated;
  assert.deepEqual(
    [successor.name, successor.scopes, successor.tenant, successor.rotated_from],
    [old.name, old.scopes, "acme", old.id],
  );
  assert.equal(successor.replaces.rotated_to, successor.id);
  for (const operator of [old, successor]) {
    assert.equal((await list(operator)).status, 200);
    assert.equal((await verify(operator)).status, 200);
  }
  const cancelled = await rig.manage("POST", `/v1/operators/${old.id}/rotate/cancel`);
  assert.deepEqual([cancelled.status, cancelled.body.expires_at, cancelled.body.pending_end], [200, null, null]);
  const last = await rotate(successor);
  await effective(last);
  assert.equal((await list(successor)).code, "REVOKED");
  assert.equal((await verify(successor)).code, "REVOKED");
  assert.equal((await list(last.body)).status, 200);
});

test("an operator's overlap, too, begins with the first use of its successor", async () => {
  const old = await rig.operator("acme", ["keys:read"]);
  const { body: successor } = await rotate(old, { overlap_seconds: 1, after_first_use: true });
  assert.equal((await list(old)).status, 200);
  assert.equal((await list(successor)).status, 200);
  await eventually(async () => assert.equal((await list(old)).code, "EXPIRED"));
});

test("nobody rotates their way to more than they hold", async () => {
  const strong = await rig.operator("acme", ["keys:read", "keys:write", "operators:write"]);
  const weak = await rig.operator("acme", ["operators:write"]);
  const refused = await rotate(strong, {}, weak);
  assert.deepEqual([refused.status, refused.code], [403, "EXCEEDS_OWN_RIGHTS"]);
  assert.equal((await list(strong)).status, 200, "and the strong one still works");
  assert.equal((await rotate(weak, {}, strong)).status, 201);
});

test("nobody takes back the end of a key that holds more than they do", async () => {
  const strong = await rig.operator("acme", ["keys:write", "operators:write"]);
  const weak = await rig.operator("acme", ["operators:write"]);
  assert.equal((await rotate(strong, { overlap_seconds: 3600 })).status, 201);
  const cancel = (as) => rig.manage("POST", `/v1/operators/${strong.id}/rotate/cancel`, {}, as && { key: as.key });
  const refused = await cancel(weak);
  assert.deepEqual([refused.status, refused.code], [403, "EXCEEDS_OWN_RIGHTS"]);
  assert.equal((await cancel()).status, 200);
});

test("nobody makes their way to a longer life than they have", async () => {
  const expires_at = new Date(Date.now() + 3_600_000).toISOString();
  const grant = { name: "brief", tenant: "acme", scopes: ["operators:write"] };
  const { body: brief } = await rig.manage("POST", "/v1/operators", { ...grant, expires_at });
  const create = (fields) => rig.manage("POST", "/v1/operators", { ...grant, ...fields }, { key: brief.key });
  assert.equal((await create({})).code, "EXCEEDS_OWN_RIGHTS");
  assert.equal((await create({ expires_at: "2099-01-01T00:00:00Z" })).code, "EXCEEDS_OWN_RIGHTS");
  assert.equal((await create({ expires_at })).status, 201);
  assert.equal((await rotate(brief, { expires_at: null }, brief)).code, "EXCEEDS_OWN_RIGHTS");
  assert.equal((await rotate(brief, {}, brief)).status, 201);
});

test("a rotation is in the operators' audit log under the name of who did it", async () => {
  const admin = await rig.operator("*", ["operators:write"]);
  const other = await rig.operator("*", ["operators:write"]);
  const { body: successor } = await rotate(other, { overlap_seconds: 60 }, admin);
  const { entries } = (await rig.manage("GET", "/v1/audit?limit=2")).body;
  assert.deepEqual(entries.map(({ action, key_id }) => [action, key_id]), [
    ["rotated", other.id],
    ["created", successor.id],
  ]);
  assert.deepEqual(entries[0].actor, { id: admin.id, name: admin.name });
});

test("the root key is replaced without losing access: both, then the new one", async () => {
  const ask = (key) => rig.manage("GET", "/v1/operators", undefined, { key });
  assert.equal((await ask(NEW_ROOT_KEY)).status, 401);
  await rig.restart({ rootKey: `${NEW_ROOT_KEY},${ROOT_KEY}` });
  assert.equal((await ask(ROOT_KEY)).status, 200);
  assert.equal((await ask(NEW_ROOT_KEY)).status, 200);
  assert.equal((await verify({ key: NEW_ROOT_KEY })).status, 200);
  await rig.restart({ rootKey: NEW_ROOT_KEY });
  assert.equal((await ask(ROOT_KEY)).status, 401);
  assert.equal((await ask(NEW_ROOT_KEY)).status, 200);
  await rig.restart();
});
