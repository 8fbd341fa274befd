// KEYSTILE_SECRET rotated: no key dies, new ones use the newest.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { longestWait } from "../../support/longest_wait.mjs";
import { eventually, SECRET, startRig } from "../../support/rig.mjs";

const SECOND = Buffer.alloc(32, 2).toString("base64");
const THIRD = Buffer.alloc(32, 3).toString("base64");

let rig;
before(async () => (rig = await startRig({ name: "secret-rotation", edges: { edge1: {} }, handles: true })));
after(() => rig.close());

const works = async (key) => assert.equal((await rig.edge("edge1", "/api/leads", { key: key.key })).status, 200);
const secrets = async () => (await rig.manage("GET", "/v1/tenants/acme")).body.secrets;

test("rotated twice: old keys still work, new ones use the newest, KV is addressed anew", async () => {
  const first = await rig.create();
  const operator = await rig.operator("acme", ["keys:read"]);
  await works(first);
  await rig.manage("POST", "/v1/tenants/suspended/suspend", { ahead: true });
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
      assert.ok(records.length >= 2, `${records.length} addresses`);
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

test("how many keys of all tenants and of operators need each secret, and which these are", async () => {
  const ledgers = ["acme", "suspended", "other"];
  const own = await rig.create("other", { expires_at: new Date(Date.now() + 3_600_000).toISOString() });
  const report = async () => {
    for (const ledger of ledgers) {
      await rig.sql(ledger, "UPDATE reporting SET due_at = 0");
      await rig.object("LEDGER", ledger, "__alarm");
    }
  };
  const sums = async () => {
    await report();
    const { secrets: all, secrets_unknown: unknown } = (await rig.manage("GET", "/v1/overview")).body;
    assert.equal(unknown, 0);
    assert.ok(all.every(({ configured }) => configured));
    return all.map(({ keys, operators }) => [keys, operators]);
  };
  assert.deepEqual(await sums(), [[3, 0], [1, 0], [1, 1]]);
  const [, , { fingerprint: oldest }] = await secrets();

  // A campaign: each key that needs the oldest secret is rotated, with an overlap.
  const found = async (path) => (await rig.manage("GET", `${path}?secret=${oldest}`)).body.keys;
  const [key, ...more] = await found("/v1/tenants/acme/keys");
  assert.deepEqual([key.status, more], ["active", []]);
  const rotate = (path) => rig.manage("POST", `${path}/rotate`, { overlap_seconds: 60, after_first_use: true });
  const rotated = await rotate(`/v1/tenants/acme/keys/${key.id}`);
  assert.equal(rotated.status, 201, rotated.text);
  assert.deepEqual(await sums(), [[4, 0], [1, 0], [1, 1]], "until the old key has ended, it needs its secret");
  const [operator] = await found("/v1/operators");
  await rig.manage("POST", `/v1/operators/${operator.id}/revoke`);
  await rig.manage("POST", `/v1/tenants/acme/keys/${key.id}/revoke`);
  assert.deepEqual(await sums(), [[4, 0], [1, 0], [0, 0]]);
  assert.deepEqual(await found("/v1/tenants/acme/keys"), []);

  // An expired key needs none, although its ledger has written nothing since.
  await rig.clock(2 * 3_600_000);
  const { secrets: later } = (await rig.manage("GET", "/v1/overview")).body;
  assert.deepEqual(later.map(({ keys }) => keys), [3, 1, 0], own.id);
  await rig.clock(0);
});

test("a tenant of before the secrets were counted is told of, until it has reported", async () => {
  const unknown = async () => (await rig.manage("GET", "/v1/overview")).body.secrets_unknown;
  await rig.object("OVERVIEW", "overview", "__sql", "UPDATE tenants SET secrets_known = 0 WHERE tenant = 'acme'");
  assert.equal(await unknown(), 1);
  await rig.sql("acme", "UPDATE reporting SET changed = 1, due_at = 0");
  await rig.object("LEDGER", "acme", "__alarm");
  assert.equal(await unknown(), 0);
});

test("a secret that live keys use is missed when it is gone", async () => {
  await rig.restart({ secret: THIRD });
  const held = await secrets();
  assert.equal(held.filter(({ configured }) => !configured).length, 1);
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

test("2,000 keys are at their new addresses within seconds, and nobody waits for it", async (t) => {
  const KEYS = 2_000;
  const { id } = await rig.create("large", { name: "first" });
  // As if KV had had all of them for long.
  await rig.sql(
    "large",
    `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${KEYS})
     INSERT INTO keys (id, digest, tenant, created_at, state, search, version, record, secret, effective_by)
     SELECT printf('key_%020d', n), printf('%064x', n), tenant, created_at, state, search, 1,
       json_set(record, '$.id', printf('key_%020d', n)), secret, ${Date.now()}
     FROM numbers, keys WHERE id = '${id}'`,
  );
  const addresses = async () => {
    const kv = await rig.kv();
    let [count, page] = [0, undefined];
    do {
      page = await kv.list({ cursor: page?.cursor });
      count += page.keys.length;
    } while (!page.list_complete);
    return count;
  };
  const other = async () => assert.equal((await rig.manage("GET", `/v1/tenants/large/keys/${id}`)).status, 200);
  const before = await addresses();
  const [{ fingerprint }] = await rig.sql("large", "SELECT fingerprint FROM addressing");
  await rig.restart({ secret: `${SECOND},${SECRET}` });
  const began = performance.now();
  await other();
  const moving = eventually(
    async () => {
      const [row] = await rig.sql("large", "SELECT fingerprint, after_id FROM addressing");
      assert.ok(row.fingerprint !== fingerprint && row.after_id === null, JSON.stringify(row));
    },
    { within: 120_000 },
  );
  const wait = await longestWait(moving, other);
  const seconds = (performance.now() - began) / 1_000;
  t.diagnostic(`${Math.round(KEYS / seconds)} keys a second; another caller waited ${Math.round(wait)} ms at most`);
  assert.ok((await addresses()) >= before + KEYS);
  assert.ok(seconds < 20, `${seconds} s`);
  assert.ok(wait < 1_000, `another caller waited ${wait} ms`);
});
