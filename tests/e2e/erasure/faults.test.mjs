// An erasure amid faults: what interrupts it, what is under way meanwhile, what a ledger had lost, and what is put back
// to a point before it.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";

import { at, erasing, numberOf, person, places } from "../../support/erasing.mjs";
import { eventually, sleep, startRig, WITH_LIMITS } from "../../support/rig.mjs";

let rig, alarm, ask, askFrom, endpointOf, erase, everything, finish, sql, suspend, tenantOfPeople, use;
before(async () => {
  const settings = { 'prefix = "knq"': 'prefix = "knq"\nallow_imported = ["sk_live_"]', "\n[edge]": WITH_LIMITS };
  rig = await startRig({ name: "erasure-faults", edges: { edge1: {} }, handles: true, settings });
  ({ alarm, ask, askFrom, endpointOf, erase, everything, finish, sql, suspend, tenantOfPeople, use } = erasing(rig));
  await endpointOf("/v1", "of the deployment");
});
after(() => rig.close());
afterEach(async () => {
  await rig.clock(0);
  await rig.failing(null);
  await rig.feed("ledgers", "ok");
  await rig.limiter("ok", "ledgers");
  await rig.router("ok");
});

test("whatever interrupts it, it goes on", async () => {
  const { keys } = await tenantOfPeople("torn");
  await suspend("torn");
  await rig.feed("ledgers", "down");
  await rig.limiter("down", "ledgers");
  assert.equal((await erase("torn")).status, 202, "what can't be told now is told later");
  assert.equal((await ask("POST", `${at("torn")}/keys`, { name: "x", scopes: ["read:leads"] })).code, "TENANT_ERASED");
  await rig.evictLedger("torn");
  await rig.feed("ledgers", "ok");
  await rig.failing("DELETE FROM usage");
  await rig.clock(20_000);
  await alarm("torn");
  await rig.failing(null);
  await rig.evictLedger("torn");
  await rig.evictLedger("_operators");
  await rig.limiter("ok", "ledgers");
  await finish("torn");
  assert.deepEqual(places(await everything("torn"), "torn"), []);
  for (const key of Object.values(keys)) assert.equal((await use(key)).status, 401);
});

test("a holder who revokes a key that the erasure has revoked hears that it is", async () => {
  const key = await rig.create("dying");
  assert.equal((await use(key)).status, 200);
  await suspend("dying");
  // So the edge can't have heard of the revocation.
  await rig.feed("ledgers", "down");
  await erase("dying");
  const revoked = await rig.edge("edge1", "/keystile/v1/me/revoke", { key: key.key, method: "POST" });
  assert.deepEqual([revoked.status, revoked.code], [401, "REVOKED"], revoked.text);
});

test("an answer that is about to be remembered while the operators are erased is not", async () => {
  const { operator } = await tenantOfPeople("race");
  await suspend("race");
  await rig.feed("ledgers", { late: 1_500 });
  const erased = erase("race");
  await sleep(700);
  const headers = { "Idempotency-Key": "race" };
  const rotated = rig.manage("POST", `/v1/operators/${operator.id}/rotate`, undefined, { headers });
  await Promise.all([erased, rotated]);
  await rig.feed("ledgers", "ok");
  await finish("race");
  await eventually(async () => {
    await alarm("_operators");
    assert.deepEqual(places(await everything("race"), "race"), []);
  });
});

test("an act on its events that is under way leaves no name behind", async () => {
  const by = askFrom("acted");
  const endpoint = await endpointOf(at("acted"), "endpoint of acted");
  const operator = (await rig.manage("POST", "/v1/operators", { name: "helper of acted", tenant: "*", scopes: ["events:write"] })).body;
  const redrive = () => by("POST", `${at("acted")}/event-endpoints/${endpoint.id}/dead-letters/redrive`, undefined, { key: operator.key });
  assert.equal((await redrive()).status, 200);
  // One whose ledger restarts while the endpoint's object is asked leaves this.
  const noted = `INSERT INTO letter_acts VALUES ('req_acted/all', ${Date.now()}, 'event_redriven', '${endpoint.id}', 'all',
    '${operator.id}', 'helper of acted', '198.51.100.${numberOf("acted")}')`;
  await sql("LEDGER", "acted")(noted);
  await suspend("acted");
  assert.equal((await erase("acted")).status, 202);
  assert.deepEqual(await rig.sql("acted", "SELECT request_id FROM letter_acts"), [{ request_id: "req_acted/all" }]);
  await finish("acted");
  const { entries } = (await ask("GET", `${at("acted")}/audit`)).body;
  const acts = entries.filter(({ action }) => action === "event_redriven");
  assert.deepEqual(acts.map(({ actor }) => actor), acts.map(() => ({ id: operator.id, name: "erased" })));
  assert.ok(acts.some(({ request_id }) => request_id === "req_acted"), "the act is in the log, without its name");
  const { ledger } = await everything("acted");
  assert.ok(!person("acted").test(JSON.stringify(ledger)));
});

describe("keys that a ledger has lost and the feed hasn't are erased, too:", () => {
  const stateIn = async (id) => {
    const rows = await sql("REAL_FEED", "feed")("SELECT record FROM current");
    return rows.map(({ record }) => JSON.parse(record)).find((record) => record.id === id)?.state;
  };

  test("those of the tenant and of its operators", async () => {
    const { keys, operator } = await tenantOfPeople("lost");
    await rig.sql("lost", `DELETE FROM keys WHERE id = '${keys.bound.id}'`);
    await rig.sql("_operators", `DELETE FROM keys WHERE id = '${operator.id}'`);
    await suspend("lost");
    await erase("lost");
    await finish("lost");
    const stored = await everything("lost");
    assert.deepEqual(places({ ...stored, operators: { keys: stored.operators.keys } }, "lost"), []);
    for (const [ledger, { id }] of [["lost", keys.bound], ["_operators", operator]]) {
      assert.deepEqual((await rig.sql(ledger, `SELECT state FROM keys WHERE id = '${id}'`)).map(({ state }) => state), ["revoked"]);
      assert.equal(await stateIn(id), "revoked");
    }
  });

  test("one that turns up once all others are stubs, and one that does after all", async () => {
    const { keys, operator } = await tenantOfPeople("amid");
    await rig.sql("amid", "CREATE TABLE was_keys AS SELECT * FROM keys");
    await rig.sql("_operators", `CREATE TABLE was_amid AS SELECT * FROM keys WHERE id = '${operator.id}'`);
    await suspend("amid");
    await erase("amid");
    await eventually(async () => {
      await alarm("amid");
      assert.equal((await rig.sql("amid", "SELECT step FROM erasures"))[0].step, "settling");
    });
    const back = `UPDATE keys SET (state, search, record) = (SELECT state, search, record FROM was_keys WHERE was_keys.id = keys.id)`;
    await rig.sql("amid", `${back} WHERE id = '${keys.bound.id}'`);
    await finish("amid");
    assert.deepEqual(places(await everything("amid"), "amid"), []);
    // The feed is put back to a time when the operator lived, and the ledger to one before it was created.
    await sql("REAL_FEED", "feed")(
      `UPDATE current SET record = '${(await rig.sql("_operators", "SELECT record FROM was_amid"))[0].record}' WHERE digest = (SELECT '${(await rig.sql("_operators", "SELECT digest FROM was_amid"))[0].digest}')`,
    );
    await rig.sql("_operators", `DELETE FROM keys WHERE id = '${operator.id}'`);
    await rig.sql("_operators", "UPDATE adoption SET after_digest = '', due_at = 0");
    await eventually(async () => {
      await alarm("_operators");
      assert.equal(await stateIn(operator.id), "revoked");
    });
    assert.ok(!person("amid").test(JSON.stringify(await rig.sql("_operators", "SELECT * FROM keys"))));
  });
});

describe("an object that is put back to a point before learns of it:", () => {
  const TABLES = ["keys", "outbox", "standing", "settings", "erasures", "usage"];

  /** Notes what these tables have, and returns a function that puts them back. */
  async function point(binding, name, tables) {
    const query = sql(binding, name);
    for (const table of tables) await query(`CREATE TABLE was_${table} AS SELECT * FROM ${table}`);
    return async () => {
      for (const table of tables) {
        await query(`DELETE FROM ${table}`);
        await query(`INSERT INTO ${table} SELECT * FROM was_${table}`);
        await query(`DROP TABLE was_${table}`);
      }
      await rig.object(binding, name, "__kill").catch(() => {});
    };
  }

  test("the tenant's ledger, at the first question", async () => {
    const { keys } = await tenantOfPeople("back");
    const back = await point("LEDGER", "back", TABLES);
    await suspend("back");
    await erase("back");
    await finish("back");
    await back();
    // Whoever asks first may still get an answer.
    await rig.manage("GET", `${at("back")}/keys`);
    await eventually(async () => assert.equal((await rig.manage("GET", `${at("back")}/keys`)).code, "TENANT_ERASED"));
    assert.equal((await use(keys.first)).status, 401);
    await finish("back");
    assert.deepEqual(places(await everything("back"), "back"), []);
  });

  test("the tenant's ledger that makes a key: the feed takes none", async () => {
    await tenantOfPeople("again");
    const back = await point("LEDGER", "again", TABLES);
    await suspend("again");
    await erase("again");
    await finish("again");
    await back();
    const made = await ask("POST", `${at("again")}/keys`, { name: "key of again", scopes: ["read:leads"] });
    if (made.status === 201) assert.equal((await use(made.body)).status, 401);
    await finish("again");
    assert.deepEqual(places(await everything("again"), "again"), []);
  });

  test("the operators' ledger", async () => {
    const { operator } = await tenantOfPeople("theirs");
    const back = await point("LEDGER", "_operators", ["keys", "outbox", "sessions", "erasures"]);
    await suspend("theirs");
    await erase("theirs");
    await finish("theirs");
    await back();
    await rig.manage("GET", "/v1/scopes", undefined, { key: operator.key });
    await eventually(async () => assert.equal((await rig.manage("GET", "/v1/scopes", undefined, { key: operator.key })).code, "REVOKED"));
    await eventually(async () => {
      await alarm("_operators");
      assert.ok(!person("theirs").test(JSON.stringify(await rig.sql("_operators", "SELECT * FROM keys WHERE tenant = 'theirs'"))));
    });
  });

  test("the feed, which the ledger tells again", async () => {
    await tenantOfPeople("fed");
    await suspend("fed");
    await erase("fed");
    await finish("fed");
    await sql("REAL_FEED", "feed")("DELETE FROM erased WHERE tenant = 'fed'");
    const command = { request_id: "req_none", since: Date.now() - 3_600_000, round: "1" };
    const { body } = await rig.object("LEDGER", "fed", "publish-again", command);
    assert.equal(body.is_finished, false);
    await eventually(async () => {
      await alarm("fed");
      assert.equal((await sql("REAL_FEED", "feed")("SELECT * FROM erased WHERE tenant = 'fed'")).length, 1);
    });
    await finish("fed");
  });
});
