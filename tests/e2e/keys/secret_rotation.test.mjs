// KEYSTILE_SECRET rotated: no key dies, new ones use the newest.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { eventually, SECRET, startRig } from "../../support/rig.mjs";

const SECOND = Buffer.alloc(32, 2).toString("base64");
const THIRD = Buffer.alloc(32, 3).toString("base64");

let rig;
before(async () => (rig = await startRig({ name: "secret-rotation", edges: { edge1: {} } })));
after(() => rig.close());

const works = async (key) => assert.equal((await rig.edge("edge1", "/api/leads", { key: key.key })).status, 200);
const secrets = async () => (await rig.manage("GET", "/v1/tenants/acme")).body.secrets;

test("rotated twice: old keys still work, new ones use the newest, KV is addressed anew", async () => {
  const first = await rig.create();
  const operator = await rig.operator("acme", ["keys:read"]);
  await works(first);
  await rig.manage("POST", "/v1/tenants/suspended/suspend");
  const status = '"tenant":"suspended","version":1,"suspended":true';
  await eventually(async () => assert.ok(Object.values(await rig.snapshot(3)).some((value) => value.includes(status))));
  const addresses = Object.keys(await rig.snapshot(3));

  await rig.restart({ secret: `${SECOND},${SECRET}` });
  await works(first);
  const second = await rig.create();
  await works(second);

  await rig.restart({ secret: `${THIRD},${SECOND},${SECRET}` });
  const third = await rig.create();
  for (const key of [first, second, third]) await works(key);
  const cold = await rig.edge("edge1", "/keystile/v1/me", { key: (await rig.create()).key });
  assert.ok(cold.storage.kv <= 1, "one KV read, however many secrets");
  assert.equal((await rig.manage("GET", "/v1/tenants/acme/keys", undefined, { key: operator.key })).status, 200);

  const held = await secrets();
  assert.deepEqual(held.map(({ keys, configured }) => [keys, configured]), [[2, true], [1, true], [1, true]]);

  // The first key's record stands at the newest secret's address, too.
  await eventually(
    async () => {
      const records = Object.entries(await rig.snapshot()).filter(([, value]) => value.includes(first.id));
      assert.ok(records.length >= 3, `${records.length} addresses`);
      assert.ok(records.some(([address]) => !addresses.includes(address)));
    },
    { within: 20_000 },
  );
  // So does how a tenant stands that has no keys, once its ledger is woken.
  await rig.manage("GET", "/v1/tenants/suspended");
  await eventually(async () => {
    const statuses = Object.values(await rig.snapshot()).filter((value) => value.includes(status));
    assert.equal(statuses.length, 3, "one address for each secret");
  });
});

test("a secret that live keys use is missed when it is gone", async () => {
  await rig.restart({ secret: THIRD });
  const held = await secrets();
  assert.equal(held.filter(({ configured }) => !configured).length, 2);
  await eventually(() => assert.match(JSON.stringify(rig.server.getLogs()), /secret/));
  await rig.restart({ secret: `${THIRD},${SECOND},${SECRET}` });
});

test("a secret that is no secret stops the workers, and the log says why", async () => {
  await rig.restart({ secret: "c2hvcnQ=" });
  const answer = await rig.edge("edge1", "/api/leads");
  assert.equal(answer.status, 500);
  assert.equal(answer.code, "INTERNAL");
  assert.ok(!answer.text.includes("KEYSTILE_SECRET"), "the cause is for the log");
  assert.match(JSON.stringify(rig.server.getLogs()), /fewer than 32 bytes/);
  await rig.restart();
});
