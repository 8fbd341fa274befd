// A tenant that is erased: its keys are dead at once and for good, and nothing that names people is left in any table of
// any object, nor in KV. Storage is read by its tables: SQLite keeps the bytes of deleted rows in its file until it uses
// the pages again.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";

import { operations } from "../../support/contract.mjs";
import { eventually, sleep, startRig, WITH_LIMITS } from "../../support/rig.mjs";

/** The tenants of this file. Each has addresses of its own. */
const TENANTS = ["acme", "torn", "back", "again", "theirs", "fed", "lost", "amid", "race", "dying", "acted"];
const numberOf = (tenant) => 10 + TENANTS.indexOf(tenant);
/** In every text that names somebody of this tenant. */
const person = (tenant) => new RegExp(`of[ _]${tenant}\\b|(198\\.51\\.100|203\\.0\\.113)\\.${numberOf(tenant)}\\b`, "i");

let rig;
before(async () => {
  const settings = { 'prefix = "knq"': 'prefix = "knq"\nallow_imported = ["sk_live_"]', "\n[edge]": WITH_LIMITS };
  rig = await startRig({ name: "erasure", edges: { edge1: {}, edge2: { kv: "stale" } }, handles: true, settings });
});
after(() => rig.close());
afterEach(async () => {
  await rig.clock(0);
  await rig.failing(null);
  await rig.feed("ledgers", "ok");
  await rig.limiter("ok", "ledgers");
  await rig.router("ok");
});

const at = (tenant) => `/v1/tenants/${tenant}`;
/** Asks from an address of this tenant's. */
const askFrom = (tenant) => (method, target, body, options = {}) =>
  rig.manage(method, target, body, { ...options, headers: { "CF-Connecting-IP": `198.51.100.${numberOf(tenant)}`, ...options.headers } });
const ask = (...question) => rig.manage(...question);
const suspend = (tenant) => ask("POST", `${at(tenant)}/suspend`);
const erase = (tenant, confirm = tenant, options) => rig.manage("DELETE", at(tenant), { confirm }, options);
const use = ({ key }, edge = "edge1") => rig.edge(edge, "/api/leads", { key });
const alarm = (ledger) => rig.object("LEDGER", ledger, "__alarm");
const erasureOf = async (tenant) => (await rig.manage("GET", at(tenant))).body.erasure;

/** Lets the ledgers do all that is due now and in the next minutes, until the tenant is erased. */
async function finish(tenant) {
  let offset = 0;
  await eventually(
    async () => {
      // The second put into KV is due a minute after the first, and so is the next report.
      await rig.clock((offset += 20_000));
      await alarm("_operators");
      await alarm(tenant);
      assert.ok((await erasureOf(tenant)).erased_at, JSON.stringify(await erasureOf(tenant)));
    },
    { within: 60_000 },
  );
  await rig.clock(0);
}

/** All rows of an object, as one text. */
async function rowsOf(query) {
  const tables = await query("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_*' AND name NOT GLOB 'was_*'");
  const rows = {};
  for (const { name } of tables) rows[name] = await query(`SELECT * FROM ${name}`);
  return rows;
}
const sql = (binding, name) => async (statement) => {
  const { body } = await rig.object(binding, name, "__sql", statement);
  assert.equal(body.error, null, statement);
  return body.rows;
};
const limiterSql = (tenant) => async (statement) => {
  const { body } = await rig.limiterHandle(`__object/LIMITER/${tenant}/__sql`, statement);
  return body.rows;
};

const senderSql = (binding, name) => async (statement) => {
  const { body } = await rig.senderHandle(`__object/${binding}/${name}/__sql`, statement);
  assert.equal(body.error, null, statement);
  return body.rows;
};
/** An event of a tenant, as the objects of the sender pass it on. */
const numbered = (tenant, id = "evt_" + "0".repeat(20)) =>
  ({ id, type: "tenant.suspended", tenant, body: JSON.stringify({ data: { actor: `Smith of ${tenant}` } }) });

/** Everything that is stored, by where. `endpoints` are those of events. */
async function everything(tenant, endpoints = []) {
  const ofEndpoints = endpoints.map(async ({ id }) => [id, await rowsOf(senderSql("EVENT_ENDPOINT", id))]);
  return {
    router: await rowsOf(senderSql("EVENT_ROUTER", tenant)),
    deployment: await rowsOf(senderSql("EVENT_ROUTER", "_deployment")),
    ...Object.fromEntries(await Promise.all(ofEndpoints)),
    ledger: await rowsOf(sql("LEDGER", tenant)),
    operators: await rowsOf(sql("LEDGER", "_operators")),
    feed: await rowsOf(sql("REAL_FEED", "feed")),
    overview: await rowsOf(sql("OVERVIEW", "overview")),
    limiter: await rowsOf(limiterSql(tenant)),
    kv: await rig.snapshot(),
  };
}

/** Where something that names a person is: `ledger.keys`. */
function places(stored, tenant) {
  return Object.entries(stored).flatMap(([object, tables]) =>
    Object.entries(tables).filter(([, rows]) => person(tenant).test(JSON.stringify(rows))).map(([table]) => `${object}.${object === "kv" ? "" : table}`),
  );
}

/** A tenant of which every part names somebody. Returns its keys and an operator. */
async function tenantOfPeople(tenant) {
  const ask = askFrom(tenant);
  const create = async (fields = {}, options) => {
    const described = { name: `key of ${tenant}`, scopes: ["read:leads"], metadata: { who: `Jones of ${tenant}` }, ...fields };
    return (await ask("POST", `${at(tenant)}/keys`, described, options)).body;
  };
  const limits = { quotas: { daily: { limit: 50 } } };
  const first = await create({ ...limits, expires_at: "2999-01-01T00:00:00Z" }, { headers: { "Idempotency-Key": tenant } });
  const bound = await create({ allowed_ips: [`203.0.113.${numberOf(tenant)}`] });
  const revoked = await create();
  await ask("POST", `${at(tenant)}/keys/${revoked.id}/revoke`, { reason: `Smith of ${tenant} has left` });
  const rotated = (await ask("POST", `${at(tenant)}/keys/${first.id}/rotate`, { overlap_seconds: 3600 })).body;
  await ask("PATCH", `${at(tenant)}/keys/${first.id}`, { name: `changed key of ${tenant}` });
  await ask("PATCH", at(tenant), { max_active_keys: 100, quotas: { monthly: { limit: 500 } } });
  const scopes = ["keys:read", "keys:write", "audit:read", "operators:write"];
  // Root is not the tenant's: its address stays.
  const operator = (await rig.manage("POST", "/v1/operators", { name: `operator of ${tenant}`, tenant, scopes })).body;
  await ask("POST", "/v1/session", undefined, { key: operator.key });
  const actor = { id: `7 of ${tenant}`, name: `Smith of ${tenant}` };
  const may = ["keys:read", "keys:write"];
  const session = (await ask("POST", `${at(tenant)}/portal-sessions`, { actor, may, scopes: ["read:leads"] }, { key: operator.key })).body;
  const byCustomer = await create({ metadata: undefined }, { key: session.token });
  const leaked = await create();
  const leakedOperator = (await rig.manage("POST", "/v1/operators", { name: `another operator of ${tenant}`, tenant, scopes })).body;
  const report = (key, type) => [{ token: key.key, type, url: `https://github.com/repository_of_${tenant}`, source: "commit" }];
  for (const [key, type] of [[leaked, "knq_api_key"], [leakedOperator, "knq_operator_key"]]) {
    const answer = await rig.manage("POST", "/v1/exposures", report(key, type));
    assert.equal(answer.status, 200, answer.text);
  }
  // The local runtime drops some of an edge's timers, so the keys are used until their uses are counted.
  await eventually(async () => {
    for (const key of [first, byCustomer]) assert.equal((await use(key)).status, 200);
    assert.ok((await rig.sql(tenant, "SELECT * FROM usage")).length > 0);
  }, { within: 30_000, every: 500 });
  return { keys: { first, bound, revoked, rotated, byCustomer, leaked }, operator, session };
}

/** An endpoint for events, of a tenant or of the deployment. Nobody answers there, so the events wait. */
async function endpointOf(list, description) {
  const made = await rig.manage("POST", `${list}/event-endpoints`, { url: "https://nobody.example.org/hook", description });
  assert.equal(made.status, 201, made.text);
  return made.body;
}

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
