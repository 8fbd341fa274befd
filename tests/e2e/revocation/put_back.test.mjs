// Objects that are put back to an earlier point (Durable Objects' point-in-time recovery): what the feed and the edges
// make of it. The local platform keeps no points, so a test copies the object's tables, and later starts it with them.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";

import { keyEntries, keyHash } from "../../support/feed_entries.mjs";
import { effective, eventually, startRig, WITH_LIMITS } from "../../support/rig.mjs";

const FEED = ["current", "log", "standing", "staleness", "meta", "tenants", "claims", "gaps", "publishing_again"];
// The audit log refuses to be put back by SQL.
const LEDGER = ["keys", "outbox", "standing", "settings"];
const KEYS_OF = {
  ...{ log: "seq", meta: "name", tenants: "tenant", standing: "tenant", staleness: "ms", gaps: "last", publishing_again: "ledger" },
  ...{ keys: "id", outbox: "subject", settings: "one" },
};

let rig;
before(async () => {
  const settings = { 'prefix = "knq"': 'prefix = "knq"\nallow_imported = ["sk_live_"]', "\n[edge]": WITH_LIMITS };
  rig = await startRig({ name: "put-back", edges: { edge1: {}, edge2: {} }, handles: true, settings });
});
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
    // SQLite's own count of the log's numbers goes back with the rest.
    if (binding === "REAL_FEED") await sql(binding, name, "UPDATE sqlite_sequence SET seq = coalesce((SELECT max(seq) FROM log), 0)");
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
const current = async (key) => (await feed("current", { digest: digest(key.key) })).body;
const use = ({ key }, edge = "edge1", path = "/api/leads", method = "GET") => rig.edge(edge, path, { key, method });
const of = (tenant, key, action) => rig.manage("POST", `/v1/tenants/${tenant}/keys/${key.id}/${action}`);
const patch = (tenant, key, fields) => rig.manage("PATCH", `/v1/tenants/${tenant}/keys/${key.id}`, fields);
const revoke = (tenant, key) => of(tenant, key, "revoke");
const shown = async (tenant, key) => (await rig.manage("GET", `/v1/tenants/${tenant}/keys/${key.id}`)).body;
/** The points to which the feed has found itself put back. */
function noticed() {
  const logs = JSON.stringify(rig.server.getLogs());
  return [...logs.matchAll(/feed_was_put_back[^}]*?(\d{4}-[\dT:.-]+Z)/g)].map(([, to]) => Date.parse(to));
}
const importing = (tenant, text, fields = {}) => {
  const line = { digest: digest(text), display: text.slice(0, 12), name: "n", scopes: ["read:leads"], ...fields };
  return rig.manage("POST", `/v1/tenants/${tenant}/keys/import`, { keys: [line] }, { headers: { Prefer: "wait=5" } });
};
/** Imports a key that another system issued. */
async function imported(tenant, text = `sk_live_${randomBytes(18).toString("base64url")}`) {
  const [{ status, id }] = (await importing(tenant, text)).body.results;
  assert.equal(status, "imported");
  return { key: text, id };
}

describe("a feed that was put back", () => {
  test("gives no number twice, so an isolate that was idle meanwhile skips nothing", async () => {
    const back = await point("REAL_FEED", "feed", FEED);
    for (const name of ["lost 1", "lost 2", "lost 3"]) await publish(name, 2);
    const { epoch, cursor } = await poll();
    await back();
    // As many as were lost, and more: the isolate's cursor lies within the log again.
    for (const name of ["new 1", "new 2", "new 3", "new 4"]) await publish(name, 2);
    const answer = await poll(epoch, cursor);
    const heard = keyEntries(answer.reset ? (await poll()).key_part.entries : answer.keys);
    for (const name of ["new 1", "new 2", "new 3", "new 4"]) {
      assert.ok(heard.some(({ key }) => key === keyHash(name)), `${name} was skipped`);
    }
  });

  test("leaves an isolate what it knows, and begins a cold one with what it has", async () => {
    const back = await point("REAL_FEED", "feed", FEED);
    await publish("known to one", 2);
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

  test("is shown it though changes were published before anybody noticed, and another instance has begun", async () => {
    const [key, suspended, other] = [await rig.create("late"), await rig.create("late-too"), await rig.create("later")];
    assert.equal((await use(key)).status, 200);
    const back = await point("REAL_FEED", "feed", FEED);
    const pointWas = Date.now();
    await effective(await revoke("late", key));
    await effective(await rig.manage("POST", "/v1/tenants/late-too/suspend"));
    assert.equal((await use(key)).code, "REVOKED");
    const before = noticed().length;
    await back();
    for (const action of ["disable", "enable"]) assert.equal((await of("later", other, action)).status, 200);
    await kill("REAL_FEED", "feed");
    await of("later", other, "disable");
    assert.match((await current(key)).record, /"active"/, "the feed has forgotten the revocation");
    assert.equal(noticed().length, before, "and doesn't know it");
    assert.equal((await use(key)).code, "REVOKED");
    await eventually(async () => {
      // The poll of a request like this shows it.
      assert.equal((await use(key)).code, "REVOKED");
      assert.match((await current(key)).record, /"revoked"/);
      assert.equal((await current(suspended)).standing?.suspended, true);
    });
    assert.ok(noticed().at(-1) <= pointWas, "the point is not that of the later changes");
    assert.equal((await use(key, "edge2", "/api/billing/x")).code, "REVOKED");
    assert.equal(noticed().length, before + 1);
  });

  test("takes each place in the log for news once, before and after a change", async () => {
    const back = await point("REAL_FEED", "feed", FEED);
    await publish("once 1", 2);
    const lower = await poll();
    await publish("once 2", 2);
    const higher = await poll();
    await back();
    const before = noticed().length;
    const show = async ({ epoch, cursor }) => (await poll(epoch, cursor), noticed().length - before);
    assert.deepEqual([await show(lower), await show(lower)], [1, 1]);
    await publish("once 3", 2);
    assert.deepEqual([await show(lower), await show(higher), await show(higher), await show(lower)], [1, 2, 2, 2]);
    const { epoch, cursor } = await poll();
    await kill("REAL_FEED", "feed");
    await publish("once 4", 2);
    assert.equal(await show({ epoch, cursor }), 2, "an instance that ended loses nothing");
  });

  test("is shown it by a ledger that acknowledges what isn't there, though changes were published since", async () => {
    const [key, other] = [await rig.create("slow"), await rig.create("quick")];
    const back = await point("REAL_FEED", "feed", FEED);
    const pointWas = Date.now();
    await revoke("slow", key);
    await back();
    await of("quick", other, "disable");
    await feed("acknowledge", { versions: [[digest(key.key), 2]] });
    await eventually(async () => assert.match((await current(key)).record, /"revoked"/));
    assert.ok(noticed().at(-1) <= pointWas);
  });

  test("is shown it by a ledger that acknowledges what isn't there", async () => {
    const key = await rig.create("acknowledging");
    const back = await point("REAL_FEED", "feed", FEED);
    await revoke("acknowledging", key);
    await back();
    await feed("acknowledge", { versions: [[digest(key.key), 2]] });
    await eventually(async () => assert.match((await current(key)).record, /"revoked"/));
  });
});

describe("a feed that publishes again", () => {
  const since = () => sql("REAL_FEED", "feed", "SELECT name FROM meta WHERE name = 'publish_again_since'");
  const settled = () => eventually(async () => assert.deepEqual(await since(), []), { within: 60_000 });
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
    await eventually(async () => assert.match((await current(key)).record, /"revoked"/));
    const heldFrom = async () => (await sql("LEDGER", "steady", "SELECT effective_by FROM keys"))[0].effective_by;
    await eventually(async () => assert.ok(await heldFrom()), { within: 10_000 });
    const before = await heldFrom();
    await kill("REAL_FEED", "feed");
    await poll();
    assert.ok((await alarmAt()) < 61_000, "the alarm is not that of the next trim");
    await sql("LEDGER", "broken", "ALTER TABLE outbox_gone RENAME TO outbox");
    await rig.object("REAL_FEED", "feed", "__alarm");
    await settled();
    assert.equal(await heldFrom(), before, "nothing of it was published again");
  });

  test("goes on until the last ledger has told it everything, however large that is", async () => {
    const [{ id }, lost] = [await rig.create("big"), await rig.create("small")];
    await settled();
    const back = await point("REAL_FEED", "feed", FEED);
    await revoke("small", lost);
    await back();
    // As if these had been taken since.
    await sql(
      "LEDGER",
      "big",
      `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2500)
       INSERT INTO keys (id, digest, tenant, created_at, state, search, version, record, secret, effective_by)
       SELECT printf('key_%020d', n), printf('%064x', n), tenant, created_at, state, search, 2,
         json_set(record, '$.id', printf('key_%020d', n), '$.version', 2), secret, ${Date.now()}
       FROM numbers, keys WHERE id = '${id}'`,
    );
    await feed("acknowledge", { versions: [[digest(lost.key), 2]] });
    assert.equal((await since()).length, 1);
    await settled();
    const told = await sql("REAL_FEED", "feed", "SELECT count(*) AS keys FROM current WHERE tenant = 'big'");
    assert.deepEqual(told, [{ keys: 2501 }]);
  });

  test("lets nobody claim a digest that another tenant's ledger has yet to tell it of", async () => {
    await rig.create("owner");
    await rig.create("another");
    await settled();
    const back = await point("REAL_FEED", "feed", FEED);
    const key = await imported("owner");
    await back();
    await sql("LEDGER", "owner", "ALTER TABLE outbox RENAME TO outbox_gone");
    await feed("acknowledge", { versions: [[digest(key.key), 1]] });
    const early = await importing("another", key.key);
    assert.deepEqual([early.status, early.code], [503, "DEPENDENCY_UNAVAILABLE"], early.text);
    await sql("LEDGER", "owner", "ALTER TABLE outbox_gone RENAME TO outbox");
    await settled();
    const refused = await importing("another", key.key);
    assert.deepEqual([refused.status, refused.code], [422, "IMPORT_FAILED"], refused.text);
    assert.equal((await use(key)).body.headers["keystile-tenant"], "owner");
    await effective(await revoke("owner", key));
    assert.equal((await use(key)).code, "REVOKED");
  });
});

describe("a ledger that was put back", () => {
  test("says nothing is in effect that the feed passes over, and overtakes the feed by itself", async () => {
    const key = await rig.create("back");
    const act = (action) => of("back", key, action);
    const back = await point("LEDGER", "back", LEDGER);
    for (let round = 0; round < 2; round += 1) {
      await act("disable");
      await act("enable");
    }
    await back();
    assert.equal((await shown("back", key)).version, 1);
    const disabled = await act("disable");
    assert.deepEqual([disabled.status, disabled.code], [503, "CHANGE_PENDING"], disabled.text);
    await eventually(async () => {
      const { version, status, effective_by } = (await act("disable")).body;
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
    // While the ledger can't learn what the feed has, each change is a version, and the third is above the revocation's.
    await rig.failing("INTO adoption");
    for (const name of ["renamed", "renamed again", "and again"]) {
      const changed = await patch("alive", key, { name });
      assert.deepEqual([changed.status, changed.code], [503, "CHANGE_PENDING"], changed.text);
    }
    await rig.failing(null);
    assert.equal((await use(key)).code, "REVOKED");
    const stages = await sql("LEDGER", "alive", "SELECT stage FROM outbox");
    assert.deepEqual(stages, [{ stage: "publish" }], "nothing of it goes into KV");
    await effective(await revoke("alive", key));
    assert.equal((await use(key)).code, "REVOKED");
  });

  test("takes revocations of the lost time over, and keeps its own state of all other keys", async () => {
    const [revoked, disabled, other] = [await rig.create("over"), await rig.create("over"), await rig.create("over")];
    const back = await point("LEDGER", "over", LEDGER);
    await effective(await revoke("over", revoked));
    await of("over", disabled, "disable");
    for (const name of ["a", "b"]) await patch("over", other, { name });
    await back();
    assert.equal((await patch("over", other, { name: "c" })).code, "CHANGE_PENDING");
    await eventually(async () => {
      const { status, revoke_reason, effective_by } = await shown("over", revoked);
      assert.deepEqual([status, revoke_reason], ["revoked", "revoked before the ledger was put back"]);
      assert.ok(effective_by);
    });
    assert.equal((await shown("over", disabled)).status, "active");
    assert.equal((await use(revoked)).code, "REVOKED");
  });

  test("takes keys over that were created in the lost time, once one of them is used", async () => {
    await rig.create("lost-keys");
    const back = await point("LEDGER", "lost-keys", LEDGER);
    const fields = { name: "made since", scopes: ["read:leads", "write:leads"], metadata: { plan: "pro" } };
    const [made, unused] = [await rig.create("lost-keys", fields), await rig.create("lost-keys", { name: "unused" })];
    const before = await shown("lost-keys", made);
    await back();
    assert.equal((await shown("lost-keys", made)).code, "KEY_NOT_FOUND");
    await eventually(
      async () => {
        // A use that was not heard of goes along with the next.
        assert.equal((await use(made)).status, 200, "it works, and nobody could revoke it");
        assert.equal((await shown("lost-keys", made)).status, "active");
      },
      { within: 30_000 },
    );
    const facts = ({ name, scopes, metadata, display, version, imported, created_at }) =>
      ({ name, scopes, metadata, display, version, imported, created_at });
    assert.deepEqual(facts(await shown("lost-keys", made)), facts(before));
    assert.equal((await shown("lost-keys", unused)).name, "unused");
    const { entries } = (await rig.manage("GET", `/v1/tenants/lost-keys/audit?key_id=${made.id}`)).body;
    assert.deepEqual([entries[0].action, entries[0].actor.id], ["adopted", "keystile"]);
    await effective(await revoke("lost-keys", made));
    assert.equal((await use(made)).code, "REVOKED");
    assert.equal((await use(made, "edge2", "/api/billing/x")).code, "REVOKED");
  });

  test("isn't taken at its word on a version that the feed has with other content", async () => {
    const key = await rig.create("apart", { scopes: ["read:leads", "write:leads"] });
    const back = await point("LEDGER", "apart", LEDGER);
    await effective(await patch("apart", key, { scopes: ["write:leads"] }));
    await back();
    const changed = await patch("apart", key, { scopes: ["read:leads"] });
    assert.deepEqual([changed.status, changed.code], [503, "CHANGE_PENDING"], changed.text);
    await eventually(async () => assert.equal((await patch("apart", key, { scopes: ["read:leads"] })).status, 200));
    await effective(await patch("apart", key, { scopes: ["read:leads"] }));
    assert.equal((await use(key)).status, 200);
    assert.equal((await use(key, "edge1", "/api/leads", "POST")).code, "INSUFFICIENT_SCOPE");
  });

  test("has the limiter heed its limits, though that knows later ones", async () => {
    const key = await rig.create("limited");
    const back = await point("LEDGER", "limited", LEDGER);
    const own = (limit) => ({ rate_limits: { "per-second": { limit } } });
    const tenants = (fields) => rig.manage("PATCH", "/v1/tenants/limited", fields);
    const quota = (limit) => ({ quotas: { monthly: { limit } } });
    for (const limit of [50, 60, 70]) {
      assert.equal((await patch("limited", key, own(limit))).status, 200);
      assert.equal((await tenants(quota(limit))).status, 200);
    }
    await back();
    assert.equal((await tenants(quota(5))).status, 200);
    assert.equal((await patch("limited", key, own(3))).status, 503);
    await eventually(async () => {
      const { limits } = (await rig.manage("GET", `/v1/tenants/limited/keys/${key.id}/limits`)).body;
      const found = Object.fromEntries(limits.map(({ name, limit }) => [name, limit]));
      assert.deepEqual(found, { daily: 1000, monthly: 5, "per-second": 3 });
    });
  });

  describe("to before an import", () => {
    test("imports the key again under the id that the feed has, so that its end ends it", async () => {
      await rig.create("again");
      const back = await point("LEDGER", "again", LEDGER);
      const key = await imported("again");
      assert.equal((await use(key)).status, 200);
      await back();
      assert.equal((await shown("again", key)).code, "KEY_NOT_FOUND");
      const [{ status, id }] = (await importing("again", key.key)).body.results;
      assert.deepEqual([status, id], ["existing", key.id]);
      await effective(await revoke("again", key));
      assert.equal((await use(key)).code, "REVOKED");
      assert.equal((await use(key, "edge2", "/api/billing/x")).code, "REVOKED");
    });

    test("takes the key as it has become: no line brings back what was disabled or revoked", async () => {
      await rig.create("kept");
      const back = await point("LEDGER", "kept", LEDGER);
      const [disabled, revoked] = [await imported("kept"), await imported("kept")];
      await patch("kept", disabled, { name: "renamed" });
      await effective(await of("kept", disabled, "disable"));
      await effective(await revoke("kept", revoked));
      await back();
      const [{ status, differs }] = (await importing("kept", disabled.key)).body.results;
      assert.deepEqual([status, differs], ["existing", ["name"]]);
      await importing("kept", revoked.key);
      const { status: now, version } = await shown("kept", disabled);
      assert.deepEqual([now, version], ["disabled", 3]);
      const unpublished = "SELECT id FROM keys WHERE effective_by IS NULL";
      await eventually(async () => assert.deepEqual(await sql("LEDGER", "kept", unpublished), [], "the feed takes what it has"));
      assert.equal((await shown("kept", revoked)).status, "revoked");
      assert.equal((await of("kept", revoked, "enable")).code, "KEY_REVOKED");
      await effective(await of("kept", disabled, "enable"));
      assert.equal((await use(disabled)).status, 200);
      assert.equal((await use(revoked)).code, "REVOKED");
    });
  });
});

describe("a digest that another tenant got when the feed was put back", () => {
  test("is theirs: no change of the first tenant's key is said to be in effect", async () => {
    const back = await point("REAL_FEED", "feed", FEED);
    const key = await imported("first");
    await back();
    const theirs = await imported("second", key.key);
    const revokeAll = () => rig.manage("POST", "/v1/tenants/first/keys/revoke", { all: true });
    for (const answer of [await revoke("first", key), await revokeAll()]) {
      assert.deepEqual([answer.status, answer.code], [503, "REVOCATION_PENDING"], answer.text);
      assert.match(answer.body.detail, /as another tenant's/);
    }
    assert.equal((await shown("first", key)).effective_by, null);
    assert.equal((await use(key)).body.headers["keystile-tenant"], "second");
    await effective(await revoke("second", theirs));
    assert.equal((await use(key)).code, "REVOKED");
  });
});
