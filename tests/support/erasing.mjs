// Tenants to erase, of which every part names somebody, and where their names still are.

import assert from "node:assert/strict";

import { eventually } from "./rig.mjs";

/** The tenants of these tests. Each has addresses of its own. */
const TENANTS = ["acme", "torn", "back", "again", "theirs", "fed", "lost", "amid", "race", "dying", "acted"];
export const numberOf = (tenant) => 10 + TENANTS.indexOf(tenant);
/** In every text that names somebody of this tenant. */
export const person = (tenant) => new RegExp(`of[ _]${tenant}\\b|(198\\.51\\.100|203\\.0\\.113)\\.${numberOf(tenant)}\\b`, "i");

export const at = (tenant) => `/v1/tenants/${tenant}`;

/** An event of a tenant, as the objects of the sender pass it on. */
export const numbered = (tenant, id = "evt_" + "0".repeat(20)) =>
  ({ id, type: "tenant.suspended", tenant, body: JSON.stringify({ data: { actor: `Smith of ${tenant}` } }) });

/** Where something that names a person is: `ledger.keys`. */
export function places(stored, tenant) {
  return Object.entries(stored).flatMap(([object, tables]) =>
    Object.entries(tables).filter(([, rows]) => person(tenant).test(JSON.stringify(rows))).map(([table]) => `${object}.${object === "kv" ? "" : table}`),
  );
}

/** All rows of an object, as one text. */
export async function rowsOf(query) {
  const tables = await query("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_*' AND name NOT GLOB 'was_*'");
  const rows = {};
  for (const { name } of tables) rows[name] = await query(`SELECT * FROM ${name}`);
  return rows;
}

/** Helpers for erasures in this stack. */
export function erasing(rig) {
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

  return { alarm, ask, askFrom, endpointOf, erase, erasureOf, everything, finish, limiterSql, senderSql, sql, suspend, tenantOfPeople, use };
}
