// Objects that are put back to an earlier point (Durable Objects' point-in-time recovery): what the feed and the edges
// make of it. The local platform keeps no points, so a test copies the object's tables, and later starts it with them.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";

import { effective, eventually, startRig } from "../../support/rig.mjs";

const FEED = ["current", "log", "standing", "staleness", "meta", "tenants", "claims"];
// The audit log refuses to be put back by SQL.
const LEDGER = ["keys", "outbox", "standing"];
const KEYS_OF = { log: "seq", meta: "name", tenants: "tenant", standing: "tenant", staleness: "ms", keys: "id", outbox: "subject" };

let rig;
before(async () => (rig = await startRig({ name: "put-back", edges: { edge1: {} }, handles: true })));
after(() => rig.close());

const sql = async (binding, name, statement) => {
  const { body } = await rig.object(binding, name, "__sql", statement);
  assert.equal(body.error, null, statement);
  return body.rows;
};
const kill = (binding, name) => rig.object(binding, name, "__kill").catch(() => {});

/** Notes the object's state, and returns a function that puts the object back to it. */
async function point(binding, name, tables) {
  if (binding === "REAL_FEED") await poll(); // It makes its tables.
  for (const table of tables) {
    await sql(binding, name, `DROP TABLE IF EXISTS was_${table}`);
    await sql(binding, name, `CREATE TABLE was_${table} AS SELECT * FROM ${table}`);
  }
  return async () => {
    for (const table of tables) {
      await sql(binding, name, `INSERT OR REPLACE INTO ${table} SELECT * FROM was_${table}`);
      const key = KEYS_OF[table] ?? "digest";
      await sql(binding, name, `DELETE FROM ${table} WHERE ${key} NOT IN (SELECT ${key} FROM was_${table})`);
    }
    await kill(binding, name);
  };
}

const digest = (text) => createHash("sha256").update(text).digest("hex");
const record = (version, state = "active") =>
  JSON.stringify({
    v: 1,
    min_reader: 1,
    id: "key_4bTzV9cXk07Hq2mN1pRs",
    version,
    subject: { api_key: { tenant: "direct", environment: "live" } },
    state,
    name: "n",
    display: "knq_live_xxxx",
    scopes: ["read:leads"],
    created_at: 0,
  });
const feed = (path, body) => rig.object("REAL_FEED", "feed", path, body);
const publish = (name, version) => feed("publish", { changes: [{ key: { digest: digest(name), record: record(version) } }] });
const poll = async (epoch = null, cursor = 0) => (await feed("poll", { epoch, cursor, max_staleness_ms: 1000 })).body;
const use = (key) => rig.edge("edge1", "/api/leads", { key: key.key });
const revoke = (tenant, key) => rig.manage("POST", `/v1/tenants/${tenant}/keys/${key.id}/revoke`);
const shown = async (tenant, key) => (await rig.manage("GET", `/v1/tenants/${tenant}/keys/${key.id}`)).body;

describe("a feed that was put back", () => {
  test("gives no number twice, so an isolate that was idle meanwhile skips nothing", async () => {
    const back = await point("REAL_FEED", "feed", FEED);
    for (const name of ["lost 1", "lost 2", "lost 3"]) await publish(name, 1);
    const { epoch, cursor } = await poll();
    await back();
    // As many as were lost, and more: the isolate's cursor lies within the log again.
    for (const name of ["new 1", "new 2", "new 3", "new 4"]) await publish(name, 1);
    const answer = await poll(epoch, cursor);
    const heard = answer.reset ? (await poll()).changes : answer.changes;
    for (const name of ["new 1", "new 2", "new 3", "new 4"]) {
      assert.ok(heard.some((change) => change.key?.digest === digest(name)), `${name} was skipped`);
    }
  });

  test("leaves an isolate what it knows, and begins a cold one with what it has", async () => {
    const back = await point("REAL_FEED", "feed", FEED);
    await publish("known to one", 1);
    const { epoch, cursor } = await poll();
    await back();
    const answer = await poll(epoch, cursor);
    assert.equal(answer.reset, false);
    assert.equal((await poll()).reset, true);
  });

  test("is shown it by a single isolate, and has every ledger publish again", async () => {
    const key = await rig.create("lost");
    const other = await rig.create("kept");
    const suspended = await rig.create("suspended");
    const back = await point("REAL_FEED", "feed", FEED);
    await effective(await revoke("lost", key));
    await effective(await rig.manage("POST", "/v1/tenants/suspended/suspend"));
    assert.equal((await use(key)).code, "REVOKED");
    const before = await shown("lost", key);
    await back();
    const current = async (name) => (await feed("current", { digest: digest(name.key) })).body;
    assert.match((await current(key)).record, /"active"/, "the feed has forgotten the revocation");
    // The edge has not: it keeps what it knows, and by its next poll the feed learns that it was put back.
    assert.equal((await use(key)).code, "REVOKED");
    await eventually(async () => {
      assert.equal((await use(key)).code, "REVOKED");
      assert.match((await current(key)).record, /"revoked"/);
      assert.equal((await current(suspended)).standing?.suspended, true);
    });
    assert.equal((await use(suspended)).code, "TENANT_SUSPENDED");
    await eventually(async () => assert.ok(Date.parse((await shown("lost", key)).effective_by) > Date.parse(before.effective_by)));
    assert.match((await current(other)).record, /"active"/);
    assert.match(JSON.stringify(rig.server.getLogs()), /feed_was_put_back/);
    await eventually(async () => assert.deepEqual(await sql("REAL_FEED", "feed", "SELECT * FROM meta WHERE name LIKE 'publish%'"), []));
  });

  test("is shown it by a ledger that acknowledges what isn't there", async () => {
    const key = await rig.create("acknowledging");
    const back = await point("REAL_FEED", "feed", FEED);
    await revoke("acknowledging", key);
    await back();
    await feed("acknowledge", { versions: [[digest(key.key), 2]] });
    await eventually(async () => assert.match((await feed("current", { digest: digest(key.key) })).body.record, /"revoked"/));
  });
});

describe("a feed that publishes again", () => {
  const alarmAt = async () => (await rig.object("REAL_FEED", "feed", "__alarm_at")).body - Date.now();

  test("goes on after it was started again, and asks only those ledgers again that could not be asked", async () => {
    const [steady, key] = [await rig.create("steady"), await rig.create("lost")];
    await rig.create("broken");
    const back = await point("REAL_FEED", "feed", FEED);
    await effective(await rig.manage("POST", `/v1/tenants/steady/keys/${steady.id}/disable`));
    await revoke("lost", key);
    await back();
    await sql("LEDGER", "broken", "ALTER TABLE outbox RENAME TO outbox_gone");
    await feed("acknowledge", { versions: [[digest(key.key), 2]] });
    await eventually(async () => assert.match((await feed("current", { digest: digest(key.key) })).body.record, /"revoked"/));
    const heldFrom = async () => (await sql("LEDGER", "steady", "SELECT effective_by FROM keys"))[0].effective_by;
    await eventually(async () => assert.ok(await heldFrom()), { within: 10_000 });
    const before = await heldFrom();
    await kill("REAL_FEED", "feed");
    await poll();
    assert.ok((await alarmAt()) < 61_000, "the alarm is not that of the next trim");
    await sql("LEDGER", "broken", "ALTER TABLE outbox_gone RENAME TO outbox");
    await rig.object("REAL_FEED", "feed", "__alarm");
    await eventually(async () => {
      const left = await sql("REAL_FEED", "feed", "SELECT name FROM meta WHERE name = 'publish_again_since'");
      assert.deepEqual(left, []);
    });
    assert.equal(await heldFrom(), before, "nothing of it was published again");
  });
});

describe("a ledger that was put back", () => {
  test("says nothing is in effect that the feed passes over, and overtakes the feed by itself", async () => {
    const key = await rig.create("back");
    const of = (action) => rig.manage("POST", `/v1/tenants/back/keys/${key.id}/${action}`);
    const back = await point("LEDGER", "back", LEDGER);
    for (let round = 0; round < 2; round += 1) {
      await of("disable");
      await of("enable");
    }
    await back();
    assert.equal((await shown("back", key)).version, 1);
    const disabled = await of("disable");
    assert.deepEqual([disabled.status, disabled.code], [503, "CHANGE_PENDING"], disabled.text);
    await eventually(async () => {
      const { version, status, effective_by } = (await of("disable")).body;
      assert.deepEqual([status, version], ["disabled", 6]);
      assert.ok(Date.parse(effective_by) <= Date.now());
    });
    assert.equal((await use(key)).code, "DISABLED");
  });

  test("suspends its tenant though the feed has a later status", async () => {
    const key = await rig.create("standing");
    const of = (action) => rig.manage("POST", `/v1/tenants/standing/${action}`);
    const back = await point("LEDGER", "standing", LEDGER);
    for (const action of ["suspend", "resume", "suspend", "resume"]) await of(action);
    await back();
    const suspended = await of("suspend");
    assert.equal(suspended.status, 503, suspended.text);
    await eventually(async () => {
      const again = await of("suspend");
      assert.equal(again.status, 200, again.text);
      await effective(again);
    });
    assert.equal((await use(key)).code, "TENANT_SUSPENDED");
  });

  test("brings no revoked key back: the feed and KV keep its revocation", async () => {
    const key = await rig.create("alive");
    const back = await point("LEDGER", "alive", LEDGER);
    await effective(await revoke("alive", key));
    await back();
    assert.equal((await shown("alive", key)).status, "active", "the ledger has forgotten it");
    assert.equal((await use(key)).code, "REVOKED");
    await rig.manage("PATCH", `/v1/tenants/alive/keys/${key.id}`, { name: "renamed" });
    assert.equal((await use(key)).code, "REVOKED");
  });
});
