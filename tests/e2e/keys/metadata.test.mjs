// Metadata that is erased: it is nowhere any more, neither with the key nor in what was said of its earlier values.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { effective, sleep, startRig } from "../../support/rig.mjs";

let rig;
before(async () => (rig = await startRig({ name: "metadata", edges: { edge1: {} }, handles: true })));
after(() => rig.close());
afterEach(() => rig.feed("ledgers", "ok"));

const pathOf = (key) => `/v1/tenants/acme/keys/${key.id}`;
const erase = (key, options) => rig.manage("DELETE", `${pathOf(key)}/metadata`, undefined, options);
const entries = async (key) => (await rig.manage("GET", `/v1/tenants/acme/audit?key_id=${key.id}`)).body.entries;
const stored = async (table) => JSON.stringify(await rig.sql("acme", `SELECT * FROM ${table}`));

test("the key has none, and the log says what happened and none of the values", async () => {
  const key = await rig.create("acme", { metadata: { person: "Ann Smith" } });
  const neighbour = await rig.create("acme", { metadata: { person: "Bob Brown" } });
  await rig.manage("PATCH", pathOf(key), { metadata: { person: "Ann Jones" }, name: "renamed" });
  const erased = await erase(key);
  await effective(erased);
  assert.deepEqual([erased.status, erased.body.metadata, erased.body.version], [200, {}, 3]);
  const said = await entries(key);
  assert.deepEqual(said.map(({ action }) => action), ["metadata_erased", "changed", "created"]);
  const gone = { erased: true, from: null, to: null };
  for (const { detail } of said) assert.deepEqual(detail.metadata, gone);
  assert.deepEqual(said[1].detail.name.to, "renamed", "other facts stay");
  assert.ok(!/Ann (Smith|Jones)/.test((await stored("audit")) + (await stored("keys"))));
  assert.deepEqual((await entries(neighbour))[0].detail.metadata.to, { person: "Bob Brown" });
  const asker = await rig.operator("*", ["verify"]);
  const asked = { key: asker.key, method: "POST", body: JSON.stringify({ key: key.key }) };
  const verified = await rig.edge("edge1", "/keystile/v1/verify", asked);
  assert.deepEqual([verified.body.code, verified.body.metadata], ["VALID", {}]);
});

test("neither is it in answers that are kept for repeated requests", async () => {
  const create = () =>
    rig.manage("POST", "/v1/tenants/acme/keys", { name: "x", scopes: ["read:leads"], metadata: { person: "Cleo" } }, {
      headers: { "Idempotency-Key": "Cleo's" },
    });
  const key = (await create()).body;
  const successor = await rig.manage("POST", `${pathOf(key)}/rotate`, {}, { headers: { "Idempotency-Key": "again" } });
  await erase(key);
  await erase(successor.body);
  assert.ok(!(await stored("idempotency")).includes("Cleo"));
  const again = await create();
  assert.deepEqual([again.body.id, again.body.replayed, again.body.metadata], [key.id, true, {}]);
});

test("from a revoked key, too; it stays revoked, and its first reason with it", async () => {
  const key = await rig.create("acme", { metadata: { person: "Dora" } });
  await rig.manage("POST", `${pathOf(key)}/revoke`, { reason: "left" });
  const erased = await erase(key);
  assert.deepEqual([erased.status, erased.body.status, erased.body.revoke_reason], [200, "revoked", "left"]);
  assert.ok(!((await stored("audit")) + (await stored("keys"))).includes("Dora"));
  assert.equal((await rig.edge("edge1", "/api/leads", { key: key.key })).code, "REVOKED");
});

test("values that the key no longer has leave the log all the same, and twice is once", async () => {
  const key = await rig.create("acme", { metadata: { person: "Eve" } });
  await rig.manage("PATCH", pathOf(key), { metadata: null });
  const first = await erase(key);
  assert.deepEqual([first.status, first.body.version], [200, 2], "nothing of the key has changed");
  assert.ok(!(await stored("audit")).includes("Eve"));
  const count = (await entries(key)).length;
  assert.equal((await erase(key)).status, 200);
  assert.equal((await entries(key)).length, count);
});

test("the log stays append-only for everything else", async () => {
  const key = await rig.create("acme", { metadata: { person: "Finn" } });
  const refuses = async (set) => {
    const statement = `UPDATE audit SET ${set} WHERE key_id = '${key.id}'`;
    const { body } = await rig.object("LEDGER", "acme", "__sql", statement);
    assert.match(body.error, /append-only/, set);
  };
  await refuses("actor_name = 'nobody'");
  await refuses("detail = json_remove(detail, '$.metadata')");
  await rig.sql("acme", `INSERT INTO audit_erasure (key_id) VALUES ('${key.id}')`);
  await refuses("actor_name = 'nobody'");
  await refuses("detail = json_remove(detail, '$.name')");
  await rig.sql("acme", "DELETE FROM audit_erasure");
});

test("customers may not, and an operator of another tenant may not", async () => {
  const key = await rig.create("acme", { metadata: { person: "Gus" } });
  const { body } = await rig.manage("POST", "/v1/tenants/acme/portal-sessions", {
    actor: { id: "u_7", name: "Ann" },
    may: ["keys:read", "keys:write"],
    scopes: ["read:leads"],
  });
  assert.equal((await erase(key, { key: body.token })).code, "PORTAL_NOT_ALLOWED");
  const stranger = await rig.operator("globex", ["keys:write"]);
  assert.equal((await erase(key, { key: stranger.key })).code, "TENANT_NOT_ALLOWED");
});

test("an answer that was under way brings no erased value back", async () => {
  const key = await rig.create("acme", { metadata: { person: "Jane Doe" } });
  await rig.feed("ledgers", { late: 1_500 });
  const options = { headers: { "Idempotency-Key": "under-way" } };
  const disable = () => rig.manage("POST", `${pathOf(key)}/disable`, {}, options);
  const disabling = disable();
  await sleep(300);
  assert.equal((await erase(key)).status, 200);
  await disabling;
  await rig.feed("ledgers", "ok");
  const again = await disable();
  assert.equal(again.body.replayed, true, again.text);
  assert.ok(!again.text.includes("Jane Doe"));
});
