// A tenant that is erased: its keys are dead at once and for good, and nothing that names people is left in any table of
// any object, nor in KV. Storage is read by its tables: SQLite keeps the bytes of deleted rows in its file until it uses
// the pages again.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";

import { operations } from "../../support/contract.mjs";
import { at, erasing, numbered, person, places, rowsOf } from "../../support/erasing.mjs";
import { eventually, startRig, WITH_LIMITS } from "../../support/rig.mjs";

let rig, alarm, ask, endpointOf, erase, erasureOf, everything, finish,
  limiterSql, senderSql, sql, suspend, tenantOfPeople, use;
before(async () => {
  const settings = { 'prefix = "knq"': 'prefix = "knq"\nallow_imported = ["sk_live_"]', "\n[edge]": WITH_LIMITS };
  rig = await startRig({ name: "erasure", edges: { edge1: {}, edge2: { kv: "stale" } }, handles: true, settings });
  ({ alarm, ask, endpointOf, erase, erasureOf, everything, finish,
    limiterSql, senderSql, sql, suspend, tenantOfPeople, use } = erasing(rig));
});
after(() => rig.close());
afterEach(async () => {
  await rig.clock(0);
  await rig.failing(null);
  await rig.feed("ledgers", "ok");
  await rig.limiter("ok", "ledgers");
  await rig.router("ok");
});

describe("a tenant is erased", () => {
  let stored;
  let people;
  let stale;
  let deployments;
  let own;

  before(async () => {
    deployments = await endpointOf("/v1", "of the deployment");
    own = await endpointOf(at("acme"), "hook of acme");
    people = await tenantOfPeople("acme");
    await rig.create("busy");
    const bury = "INSERT INTO dead_letters (event, lane, numbered, received_at, attempts, reason, buried_at) SELECT event, lane, numbered, received_at, attempts, 'attempts_failed', received_at FROM queue ORDER BY number LIMIT 1";
    const inEndpoints = [deployments, own].flatMap(({ id }) => [`${id}.queue`, `${id}.dead_letters`]);
    await rig.clock(70_000); // Reported, and in KV.
    await eventually(async () => {
      for (const { id } of [deployments, own]) {
        const ofEndpoint = senderSql("EVENT_ENDPOINT", id);
        if ((await ofEndpoint("SELECT * FROM dead_letters")).length === 0) await ofEndpoint(bury);
      }
      await alarm("acme");
      const seen = places(await everything("acme", [deployments, own]), "acme");
      for (const place of ["ledger.keys", "ledger.audit", "ledger.idempotency", "ledger.exposures", "ledger.event_endpoints", "operators.keys", "operators.audit", "operators.sessions", "operators.exposures", "feed.current", "overview.listed_keys", "kv.", ...inEndpoints]) {
        assert.ok(seen.includes(place), `the test writes nothing personal to ${place}, but to ${seen}`);
      }
      assert.equal((await rig.sql("acme", "SELECT * FROM outbox WHERE stage IN ('publish', 'put')")).length, 0);
    });
    // Events that the router hasn't taken, and one of the limiter's.
    await rig.router("down");
    await rig.manage("PATCH", `${at("acme")}/keys/${people.keys.bound.id}`, { name: "another key of acme" });
    assert.match(JSON.stringify(await rig.sql("acme", "SELECT * FROM events")), person("acme"));
    await limiterSql("acme")(`INSERT INTO events (id, type, at, data) VALUES ('evt_${"1".repeat(20)}', 'limit.reached', 1, '{"name":"limit of acme"}')`);
    await limiterSql("acme")("INSERT INTO told (name, until) VALUES ('quota/of acme', 9000000000000)");
    await rig.limiterHandle("__object/LIMITER/acme/__point");
    await rig.clock(0);
    stale = await rig.snapshot();
    await rig.freezeStaleKv();
    await suspend("acme");
  });

  test("by who may, once it is suspended, and by its name", async () => {
    await rig.create("busy");
    assert.equal((await erase("busy")).code, "TENANT_NOT_SUSPENDED");
    assert.equal((await erase("nobody")).code, "TENANT_NOT_FOUND");
    for (const body of [{}, { confirm: "Acme" }, { confirm: true }, { confirm: "acme", more: 1 }]) {
      assert.equal((await ask("DELETE", at("acme"), body)).status, 422, JSON.stringify(body));
    }
    const everyday = await rig.operator("*", ["keys:read", "keys:write", "operators:write", "audit:read"]);
    assert.equal((await erase("acme", "acme", { key: everyday.key })).code, "INSUFFICIENT_SCOPE");
    const own = await rig.operator("acme", ["tenants:delete"]);
    assert.equal((await erase("acme", "acme", { key: own.key })).code, "TENANT_NOT_ALLOWED");
    assert.equal((await erase("acme", "acme", { headers: { "If-Match": '"1"' } })).code, "VERSION_MISMATCH");
    assert.equal(await erasureOf("acme"), undefined);
    const eraser = await rig.operator("*", ["tenants:delete"]);
    const ordered = await erase("acme", "acme", { key: eraser.key });
    assert.equal(ordered.status, 202, ordered.text);
    assert.ok(Date.parse(ordered.body.erased_by) > Date.now());
    assert.deepEqual((await erase("acme")).body, ordered.body, "the same again is the same answer");
  });

  test("at once its keys are refused, and so are its operators and customers", async () => {
    for (const [name, key] of Object.entries(people.keys)) {
      await eventually(async () => assert.ok([401, 403].includes((await use(key)).status), name), { within: 3_000 });
    }
    assert.equal((await rig.manage("GET", "/v1/scopes", undefined, { key: people.session.token })).code, "SESSION_ENDED");
    await eventually(async () => assert.equal((await rig.manage("GET", "/v1/scopes", undefined, { key: people.operator.key })).code, "REVOKED"));
  });

  test("nothing that names people is left, in no table and not in KV", async () => {
    await rig.router("ok");
    await finish("acme");
    stored = await everything("acme", [deployments, own]);
    assert.deepEqual(places(stored, "acme"), []);
    // A table that isn't named here has to be empty. `manage::ledger::erasures` says why these stay.
    const stay = {
      ledger: ["keys", "audit", "key_places", "outbox", "standing", "erasures", "publishing_again", "adoption", "reminders", "addressing", "key_counts", "secret_counts", "usage_closing", "reporting"],
      limiter: ["state"],
      router: ["list", "erased"],
      [own.id]: ["own", "reporting"],
    };
    for (const [object, tables] of Object.entries(stay)) {
      const left = Object.keys(stored[object]).filter((table) => stored[object][table].length > 0 && !tables.includes(table));
      assert.deepEqual(left, [], object);
    }
    const ofAcme = (rows) => rows.filter((row) => JSON.stringify(row).includes(people.keys.first.id));
    assert.deepEqual([deployments.id, "deployment"].flatMap((object) => Object.values(stored[object]).flatMap(ofAcme)), []);
    assert.match(JSON.stringify(stored[deployments.id].queue), /busy/, "events of others still wait");
    const { keys_left, erased_at, erased_by } = await erasureOf("acme");
    assert.equal(keys_left, 0);
    assert.ok(Date.parse(erased_at) <= Date.parse(erased_by), "within the stated time");
  });

  test("which keys there were stays, and that they are dead", async () => {
    const ids = Object.values(people.keys).map(({ id }) => id).sort();
    const rows = stored.ledger.keys.sort((a, b) => a.id.localeCompare(b.id));
    assert.deepEqual(rows.map(({ id }) => id).sort(), ids);
    for (const { state, record, revoke_reason, created_by, last_used_at } of rows) {
      assert.equal(state, "revoked");
      const stub = { min_reader: 1, v: 1, state, name: "erased", display: "erased", scopes: [] };
      const { id, version, subject, created_at, ...rest } = JSON.parse(record);
      assert.ok(id && version && subject && created_at);
      assert.deepEqual(rest, stub);
      assert.deepEqual([revoke_reason, created_by, last_used_at], [null, null, null]);
    }
    const current = stored.feed.current.filter(({ tenant }) => tenant === "acme");
    assert.deepEqual(new Set(current.map(({ record }) => JSON.parse(record).state)), new Set(["revoked"]));
  });

  test("the audit log says that it happened, and whose keys were changed when, without a name", async () => {
    const { entries } = (await rig.manage("GET", `${at("acme")}/audit`)).body;
    const { action, actor } = entries.find((entry) => entry.action === "erased");
    assert.deepEqual([action, actor.name], ["erased", "* operator"]);
    const others = entries.filter((entry) => entry.action !== "erased");
    assert.ok(others.length >= 10);
    for (const { id, at: when, actor, action, key_id, ...rest } of others) {
      assert.ok(id && when && action && actor.id, "these stay");
      assert.equal(actor.name, "erased");
      const { request_id, detail, ...gone } = rest;
      assert.deepEqual(detail, {});
      assert.deepEqual(new Set(Object.values(gone)), new Set([null]));
    }
    const operators = (await rig.manage("GET", "/v1/audit?limit=100")).body.entries;
    assert.deepEqual(operators.find((entry) => entry.action === "erased").detail.tenant.from, "acme");
    const created = operators.find((entry) => entry.key_id === people.operator.id && entry.action === "created");
    assert.deepEqual([created.actor.name, created.key_name, created.detail], ["root key", null, {}]);
  });

  test("the list of tenants says so, and the overview counts it no more", async () => {
    const { tenants } = (await rig.manage("GET", "/v1/tenants?q=acme")).body;
    assert.deepEqual(tenants.map(({ tenant, erased }) => [tenant, erased]), [["acme", true]]);
    const row = stored.overview.tenants.find(({ tenant }) => tenant === "acme");
    assert.deepEqual([row.erased, row.active, row.revoked, row.plan], [1, 0, 0, null]);
  });

  test("every operation on the tenant is refused, but for those that tell of it", async () => {
    const told = ["getTenant", "eraseTenant", "listTenantAudit", "exportTenantAudit"];
    const bodies = {
      createKey: { name: "again", scopes: ["read:leads"] },
      updateKey: { name: "again" },
      importKeys: { keys: [{ digest: "0".repeat(64), display: "sk_live_x", name: "again", scopes: ["read:leads"] }] },
      revokeKeys: { all: true },
      createTenantEventEndpoint: { url: "https://nobody.example.org/hook" },
      updateTenantEventEndpoint: { description: "again" },
      restoreTenant: { header: "{}", end: "{}" },
      restoreLimits: { to: new Date(Date.now() - 60_000).toISOString() },
      addToTenantQuota: { amount: 1 },
      addToKeyQuota: { amount: 1 },
      createPortalSession: { actor: { id: "u", name: "u" }, may: ["keys:read"], scopes: [] },
    };
    const hour = (ago) => new Date(Math.floor(Date.now() / 3_600_000 - ago) * 3_600_000).toISOString();
    const queries = { exportTenantUsage: `?from=${hour(6)}&to=${hour(5)}` };
    const of = operations.filter(({ path, operationId }) => path.startsWith("/v1/tenants/{tenant}") && !told.includes(operationId));
    assert.ok(of.length > 20);
    for (const { method, path, operationId, requestBody } of of) {
      const parameters = { tenant: "acme", id: people.keys.first.id, endpoint: own.id, event: "evt_" + "0".repeat(20), name: path.includes("/keys/") ? "daily" : "monthly" };
      const target = path.replace(/\{(\w+)\}/g, (_, name) => parameters[name]) + (queries[operationId] ?? "");
      const answer = await ask(method, target, requestBody && (bodies[operationId] ?? {}));
      assert.deepEqual([answer.status, answer.code], [410, "TENANT_ERASED"], `${operationId}: ${answer.text}`);
    }
    const operator = await ask("POST", "/v1/operators", { name: "again", tenant: "acme", scopes: ["keys:read"] });
    assert.equal(operator.code, "TENANT_ERASED");
    assert.deepEqual(places(await everything("acme"), "acme"), [], "and what was refused left nothing");
  });

  test("nothing comes back by a restart, by old values in KV, or by uses that come late", async () => {
    const kv = await rig.kv();
    for (const [address, value] of Object.entries(stale)) if (person("acme").test(value)) await kv.put(address, value);
    await rig.restart();
    for (const edge of ["edge1", "edge2"]) {
      for (const [name, key] of Object.entries(people.keys)) assert.equal((await use(key, edge)).status, 401, `${edge} ${name}`);
    }
    const late = { isolate: "late", sequence: 1, uses: [{ key_id: people.keys.first.id, hour: 1, code: "VALID", count: 1, last_at: 1 }] };
    const { status } = await rig.object("LEDGER", "acme", "usage", late);
    assert.equal(status, 200);
    assert.deepEqual(await rig.sql("acme", "SELECT * FROM usage"), []);
    // The stubs are put again, as after any lost value.
    const after = await rig.kv();
    for (const address of Object.keys(stale)) await after.delete(address);
  });

  test("nothing is taken that is told of it too late", async () => {
    const event = { id: "evt_" + "2".repeat(20), type: "tenant.suspended", at: 1, key: null, data: { actor: "Smith of acme" } };
    const terms = { id: own.id, tenant: "acme", url: "https://x.example.org/of_acme", types: [], paused: false, signature: "v1", secrets: [], version: 9e12 };
    const late = [
      ["EVENT_ROUTER/acme/record", { tenant: "acme", events: [event] }],
      ["EVENT_ROUTER/acme/tell", { version: 9e12, endpoints: [terms] }],
      ["EVENT_ROUTER/_deployment/relay", { events: [numbered("acme")] }],
      [`EVENT_ENDPOINT/${deployments.id}/deliver`, { events: [numbered("acme")] }],
      [`EVENT_ENDPOINT/${own.id}/deliver`, { events: [numbered("acme")] }],
      [`EVENT_ENDPOINT/${own.id}/configure`, terms],
    ];
    for (const [path, call] of late) {
      const answer = await rig.senderHandle(`__object/${path}`, call);
      assert.deepEqual([answer.status, answer.body], [200, {}], path);
    }
    const tell = { tenant: { version: 9, plan: "plan of acme", own: {} }, keys: [], additions: [], complete: false };
    const told = await rig.limiterHandle("__object/LIMITER/acme/tell", tell);
    assert.deepEqual([told.status, told.body.complete], [200, true], "it has all that it will ever have");
    const asked = await rig.limiterHandle("__object/LIMITER/acme/ask", { key: people.keys.first.id, need: 1, want: 1, lifetime_ms: 1000, reports: [] });
    assert.equal(asked.body, "unknown");
    const digest = "ab".repeat(32);
    const claimed = await rig.object("REAL_FEED", "feed", "claim", { tenant: "acme", digests: [digest] });
    assert.deepEqual(claimed.body.refused, [digest], "nor is a digest taken for it for ever");
    assert.deepEqual(await sql("REAL_FEED", "feed")(`SELECT * FROM claims WHERE digest = '${digest}'`), []);
    const use = { key_id: people.operator.id, hour: 1, code: "VALID", count: 1, last_at: 1 };
    assert.equal((await rig.object("LEDGER", "_operators", "usage", { isolate: "late", sequence: 1, uses: [use] })).status, 200);
    assert.deepEqual(await rig.sql("_operators", `SELECT * FROM usage WHERE key_id = '${people.operator.id}'`), []);
    assert.deepEqual(places(await everything("acme", [deployments, own]), "acme"), []);
    assert.deepEqual((await rowsOf(limiterSql("acme"))).tenant, []);
  });

  test("its limiter doesn't go back to before", async () => {
    const restored = await rig.limiterHandle("__object/LIMITER/acme/restore", { to: Date.now() - 60_000 });
    assert.equal(restored.status, 503, restored.text);
    await rig.evictLimiter("acme");
    const { state, ...others } = await rowsOf(limiterSql("acme"));
    assert.equal(JSON.parse(state[0].state).erased, true);
    assert.deepEqual(Object.values(others).flat(), []);
  });

  test("the audit log stays append-only for everything else", async () => {
    for (const set of ["actor_name = ''", "detail = '{}'", "key_name = NULL"]) {
      const { body } = await rig.object("LEDGER", "busy", "__sql", `UPDATE audit SET ${set}`);
      assert.match(body.error, /append-only/, set);
    }
    const during = [
      "INSERT INTO audit_scrubbing VALUES (0, 1000)",
      "UPDATE audit SET actor_name = 'somebody else', key_name = NULL, key_display = NULL, detail = '{}'",
    ];
    await sql("LEDGER", "busy")(during[0]);
    const { body } = await rig.object("LEDGER", "busy", "__sql", during[1]);
    await sql("LEDGER", "busy")("DELETE FROM audit_scrubbing");
    assert.match(body.error, /append-only/);
  });
});
