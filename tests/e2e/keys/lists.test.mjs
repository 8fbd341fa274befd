// Lists of keys: filters, pages, and what a page costs in a tenant of 10,000 keys.

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { after, afterEach, before, test } from "node:test";

import { ledgerMigrations } from "../../support/migrations.mjs";
import { eventually, startRig } from "../../support/rig.mjs";

const KEYS = 10_000;

let rig;
before(async () => (rig = await startRig({ name: "lists", edges: { edge1: {} }, handles: true })));
after(() => rig.close());
afterEach(() => rig.clock(0));

const keys = (tenant) => `/v1/tenants/${tenant}/keys`;

async function page(tenant, query) {
  const answer = await rig.manage("GET", `${keys(tenant)}?${new URLSearchParams(query)}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
}

const ids = async (tenant, query) => (await page(tenant, query)).keys.map(({ id }) => id);

test("a reader who meets very many keys that have expired has all of them noticed", async () => {
  const { id } = await rig.create("lapsed");
  // Nothing else is to set the alarm meanwhile: the ledger has reported, and KV gets the key once more in a minute.
  await eventually(async () => {
    const [{ changed, due_at }] = await rig.sql("lapsed", "SELECT changed, due_at FROM reporting");
    assert.equal(changed, 0);
    assert.ok(due_at === null || due_at > Date.now() + 60_000, "but for a report of the outbox, in two minutes");
    assert.deepEqual(await rig.sql("lapsed", "SELECT stage FROM outbox"), [{ stage: "confirm" }]);
  });
  const at = Date.now() + 1_000;
  await rig.sql(
    "lapsed",
    `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 900)
     INSERT INTO keys (id, digest, tenant, created_at, state, expires_at, search, version, record, secret, effective_by)
     SELECT printf('key_%020d', n), printf('%064x', n), tenant, created_at, state, ${at}, search, 1,
       json_set(record, '$.id', printf('key_%020d', n), '$.expires_at', ${at}), secret, effective_by
     FROM numbers, keys WHERE id = '${id}'`,
  );
  await new Promise((resolve) => setTimeout(resolve, at + 100 - Date.now()));
  const noticed = () => rig.sql("lapsed", "SELECT keys FROM key_counts WHERE status = 'expired'");
  assert.deepEqual(await noticed(), []);
  assert.equal((await rig.manage("GET", "/v1/tenants/lapsed")).status, 200);
  await eventually(async () => assert.deepEqual(await noticed(), [{ keys: 900 }]), { within: 15_000 });
});

/** All that a query lists, page by page, and how many rows the ledger read for each page. */
async function everything(tenant, query) {
  const [listed, rowsRead] = [[], []];
  let cursor;
  do {
    await rig.rowsRead(tenant);
    const { keys, next_cursor } = await page(tenant, { ...query, ...(cursor && { cursor }) });
    rowsRead.push(await rig.rowsRead(tenant));
    listed.push(...keys.map(({ id }) => id));
    cursor = next_cursor;
  } while (cursor);
  return { listed, rowsRead };
}

test("lists are newest first, and page without gap or repeat while keys are added", async () => {
  const created = [];
  for (let index = 0; index < 7; index += 1) created.push(await rig.create("pages", { name: `key ${index}` }));
  for (const filter of [{}, { scope: "read:leads" }, { status: "active", environment: "live" }]) {
    const expected = await ids("pages", { limit: 200 });
    const seen = [];
    let cursor;
    do {
      const { keys, next_cursor } = await page("pages", { ...filter, limit: 3, ...(cursor && { cursor }) });
      seen.push(...keys.map(({ id }) => id));
      cursor = next_cursor;
      await rig.create("pages", { name: "added meanwhile" });
    } while (cursor);
    assert.deepEqual(seen, expected);
  }
  assert.deepEqual((await ids("pages", { limit: 200 })).slice(-7), created.map(({ id }) => id).reverse());
});

test("each filter finds what it says, and together they find what all of them say", async () => {
  const of = (fields) => rig.create("filters", fields).then(({ id }) => id);
  const both = await of({ name: "both", scopes: ["read:leads", "write:leads"] });
  const tests = await of({ name: "in test", environment: "test" });
  const admin = await of({ name: "Admin key", scopes: ["admin"], environment: "test" });
  const disabled = await of({ name: "disabled" });
  const revoked = await of({ name: "revoked", scopes: ["admin"] });
  const expiring = await of({ name: "expiring", expires_at: new Date(Date.now() + 60_000).toISOString() });
  await rig.manage("POST", `${keys("filters")}/${disabled}/disable`);
  await rig.manage("POST", `${keys("filters")}/${revoked}/revoke`);
  for (const [query, expected] of [
    [{ status: "active" }, [expiring, admin, tests, both]],
    [{ status: "disabled" }, [disabled]],
    [{ status: "revoked" }, [revoked]],
    [{ status: "expired" }, []],
    [{ environment: "test" }, [admin, tests]],
    [{ environment: "live" }, [expiring, revoked, disabled, both]],
    // As granted: what `admin` implies is not `read:leads`.
    [{ scope: "read:leads" }, [expiring, disabled, tests, both]],
    [{ scope: "admin" }, [revoked, admin]],
    [{ scope: "write:analytics" }, []],
    [{ q: "KEY" }, [admin]],
    [{ scope: "admin", environment: "test" }, [admin]],
    [{ scope: "read:leads", status: "active", environment: "live" }, [expiring, both]],
    [{ scope: "admin", q: "revo" }, [revoked]],
    [{ environment: "test", q: "revo" }, []],
  ]) {
    assert.deepEqual(await ids("filters", query), expected, JSON.stringify(query));
  }
});

test("living keys are found by when they expire and by how long they are unused", async () => {
  const day = 24 * 3_600_000;
  const at = (days) => new Date(Date.now() + days * day).toISOString();
  const of = (fields) => rig.create("times", fields).then(({ id }) => id);
  await rig.clock(-100 * day);
  const old = await of({ name: "old" });
  const used = await of({ name: "used" });
  const ending = await of({ name: "old, ends soon", environment: "test", expires_at: at(3) });
  const dead = await of({ name: "dead", expires_at: at(3) });
  await rig.clock(0);
  const soon = await of({ name: "soon", expires_at: at(3) });
  const later = await of({ name: "later", expires_at: at(30) });
  const disabled = await of({ name: "disabled", expires_at: at(3) });
  await rig.manage("POST", `${keys("times")}/${disabled}/disable`);
  await rig.manage("POST", `${keys("times")}/${dead}/revoke`);
  const uses = [{ key_id: used, hour: Math.floor(Date.now() / 3_600_000), code: "VALID", count: 1, last_at: Date.now() }];
  await rig.object("LEDGER", "times", "usage", { isolate: "a", sequence: 1, uses });
  const check = async (query, expected) => assert.deepEqual(await ids("times", query), expected, JSON.stringify(query));
  await check({ expires_within_days: 4 }, [disabled, soon, ending]);
  await check({ expires_within_days: 3650 }, [disabled, later, soon, ending]);
  await check({ expires_within_days: 1 }, []);
  await check({ expires_within_days: 4, status: "active" }, [soon, ending]);
  await check({ expires_within_days: 4, status: "revoked" }, []);
  await check({ expires_within_days: 4, q: "ends" }, [ending]);
  await check({ unused_for_days: 90 }, [ending, old]);
  await check({ unused_for_days: 90, expires_within_days: 4 }, [ending]);
  await check({ unused_for_days: 90, environment: "live", scope: "read:leads" }, [old]);
  await check({ unused_for_days: 101 }, []);
  const { listed } = await everything("times", { expires_within_days: 3650, limit: 1 });
  assert.deepEqual(listed, [disabled, later, soon, ending]);
  await rig.clock(4 * day);
  await check({ expires_within_days: 3650 }, [later]);
  await check({ unused_for_days: 90 }, [old]);
  await rig.clock(95 * day);
  await check({ unused_for_days: 90 }, [used, old]);
});

test("a filter goes by what a key is now: changed, expired, and revoked after that", async () => {
  const key = await rig.create("now", { expires_at: new Date(Date.now() + 60_000).toISOString() });
  const path = `${keys("now")}/${key.id}`;
  const found = async () => {
    const queries = [{ status: "active" }, { status: "expired" }, { status: "revoked" }, { scope: "read:leads" }, { scope: "admin" }, { environment: "live" }];
    const lists = await Promise.all(queries.map((query) => ids("now", query)));
    return lists.map(({ length }) => length).join("");
  };
  assert.equal(await found(), "100101");
  await rig.manage("PATCH", path, { scopes: ["admin"], name: "renamed" });
  assert.equal(await found(), "100011");
  await rig.clock(61_000);
  assert.equal(await found(), "010011");
  await rig.clock(0);
  assert.equal(await found(), "100011", "the clock was ahead, and was set back");
  await rig.clock(61_000);
  await rig.manage("POST", `${path}/revoke`);
  assert.equal(await found(), "001011");
  assert.deepEqual(await rig.sql("now", "SELECT * FROM key_places EXCEPT SELECT * FROM places_of_keys"), []);
  assert.equal((await rig.sql("now", "SELECT * FROM key_places")).length, 2);
});

test("bad parameters are refused by name", async () => {
  for (const bad of ["status=dead", "environment=prod", "scope=No", "expires_within_days=0", "unused_for_days=3651", "limit=0", "limit=x", "cursor=x", "colour=blue", `q=${"x".repeat(101)}`]) {
    const answer = await rig.manage("GET", `${keys("pages")}?${bad}`);
    assert.equal(answer.status, 422, bad);
    assert.deepEqual(answer.body.errors.map(({ field }) => field), [bad.split("=")[0]]);
  }
});

test("operators are listed by status, scope and text, those of one tenant for that tenant's", async () => {
  const mine = await rig.operator("listed", ["operators:write", "keys:read"]);
  const other = await rig.operator("unlisted", ["keys:read"]);
  const all = await rig.manage("GET", "/v1/operators?scope=keys:read&status=active");
  assert.deepEqual(all.body.keys.map(({ id }) => id), [other.id, mine.id]);
  const own = await rig.manage("GET", "/v1/operators?scope=keys:read", undefined, { key: mine.key });
  assert.deepEqual(own.body.keys.map(({ id }) => id), [mine.id]);
  assert.equal((await rig.manage("GET", "/v1/operators?environment=live")).status, 422);
  const found = async (query) => (await rig.manage("GET", `/v1/operators?${query}`)).body.keys.length;
  assert.deepEqual([await found("unused_for_days=1"), await found("expires_within_days=3650")], [0, 0]);
  await rig.clock(2 * 24 * 3_600_000);
  assert.equal(await found("unused_for_days=1"), 2);
});

test("the keys of a ledger from before are put where lists find them", () => {
  const migrations = ledgerMigrations();
  const placing = migrations.findIndex((migration) => migration.includes("CREATE TABLE key_places"));
  assert.ok(placing > 0);
  const database = new DatabaseSync(":memory:");
  for (const migration of migrations.slice(0, placing)) database.exec(migration);
  const insert = database.prepare(
    "INSERT INTO keys (id, digest, tenant, created_at, state, search, version, record, secret) VALUES (?, ?, 'acme', ?, ?, '', 1, ?, '')",
  );
  const subject = { api_key: { tenant: "acme", environment: "test" } };
  insert.run("key_1", "1", 1, "active", JSON.stringify({ subject, scopes: ["a", "b"] }));
  insert.run("op_1", "2", 2, "revoked", JSON.stringify({ subject: { operator: { reach: "all" } }, scopes: ["a"] }));
  database.exec(migrations[placing]);
  const places = database.prepare("SELECT id, scope, status, environment FROM key_places ORDER BY id, scope").all();
  assert.deepEqual(places.map((place) => Object.values(place).join(" ")), [
    "key_1  active test",
    "key_1 a active test",
    "key_1 b active test",
    "op_1  revoked ",
    "op_1 a revoked ",
  ]);
});

/** A tenant of 10,000 keys: rows as the ledger writes them, made from one of its own by SQL. */
async function largeTenant(tenant) {
  const { id } = await rig.create(tenant, { name: "first" });
  // What the first key leaves to be done is done, but for KV's confirmation in a minute.
  await eventually(async () => assert.deepEqual(await rig.sql(tenant, "SELECT stage FROM outbox"), [{ stage: "confirm" }]));
  const past = 1_000_000;
  await rig.sql(
    tenant,
    `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${KEYS - 1}),
     facts AS (
       SELECT n, 'key_' || printf('%020d', n) AS new_id, created_at - n / 3 AS at,
         CASE WHEN n % 10 = 0 THEN 'disabled' WHEN n % 7 = 0 THEN 'revoked' ELSE 'active' END AS new_state,
         CASE WHEN n % 5 = 1 THEN ${past} END AS ends,
         CASE WHEN n > ${KEYS - 300} THEN 'test' ELSE 'live' END AS environment,
         CASE WHEN n % 40 = 0 THEN '["admin"]' WHEN n % 2 = 0 THEN '["read:leads","write:leads"]' ELSE '["read:leads"]' END AS scopes,
         keys.*
       FROM numbers, keys WHERE keys.id = '${id}')
     INSERT INTO keys (id, digest, tenant, created_at, state, expires_at, search, version, record, secret)
     SELECT new_id, printf('%064x', n), tenant, at, new_state, ends, 'key ' || n, 1,
       json_patch(json_set(record, '$.id', new_id, '$.created_at', at, '$.state', new_state, '$.name', 'key ' || n,
         '$.scopes', json(scopes), '$.subject.api_key.environment', environment), json_object('expires_at', ends)),
       secret
     FROM facts`,
  );
  // A report to the overview would count among the rows that a page reads.
  await rig.sql(tenant, "UPDATE reporting SET changed = 0, due_at = NULL");
  const rows = await rig.sql(tenant, "SELECT id, state, expires_at, record FROM keys ORDER BY created_at DESC, id DESC");
  assert.equal(rows.length, KEYS);
  return rows.map(({ id, state, expires_at, record }) => {
    const { scopes, subject, name } = JSON.parse(record);
    const status = state === "revoked" ? state : expires_at !== null ? "expired" : state;
    return { id, status, scopes, name, environment: subject.api_key.environment };
  });
}

test("with 10,000 keys a page costs the same wherever it is, filtered or not", async (t) => {
  const all = await largeTenant("large");
  // That very many keys have expired is noticed some at a time, by the alarm.
  const unnoticed = "SELECT id FROM keys WHERE expired = 0 AND expires_at < 2000000 LIMIT 1";
  while ((await rig.sql("large", unnoticed)).length) await rig.object("LEDGER", "large", "__alarm");
  await rig.sql("large", "UPDATE reporting SET changed = 0, due_at = NULL");
  const limit = 100;
  for (const filter of [
    {},
    { status: "active" },
    { status: "expired" },
    { environment: "live" },
    { environment: "test" },
    { scope: "write:leads" },
    { scope: "admin" },
    { scope: "admin", environment: "test" },
    { status: "revoked", environment: "test", scope: "write:leads" },
  ]) {
    const expected = all
      .filter(({ status, environment, scopes }) => status === (filter.status ?? status) && environment === (filter.environment ?? environment) && scopes.includes(filter.scope ?? scopes[0]))
      .map(({ id }) => id);
    assert.ok(expected.length > 0);
    const began = Date.now();
    const { listed, rowsRead } = await everything("large", { ...filter, limit });
    const took = Date.now() - began;
    assert.deepEqual(listed, expected, JSON.stringify(filter));
    const [first, last] = [rowsRead[0], rowsRead.at(-1)];
    // The ledger's report to the overview, once a minute, may fall into one of the pages.
    const [report, most = report] = rowsRead.toSorted((one, other) => other - one);
    t.diagnostic(`${JSON.stringify(filter)}: ${listed.length} keys, ${rowsRead.length} pages; rows read: first page ${first}, last ${last}, most ${most}; ${(took / rowsRead.length).toFixed(1)} ms a page`);
    assert.ok(most <= first + 25, `first page ${first}, most ${most} rows`);
    assert.ok(report <= 13 * (limit + 1) + 4 * limit, `${report} rows`);
  }
});

test("a text, an expiry and a use are looked for among the tenant's keys, which bounds what a page reads", async (t) => {
  for (const query of [{ q: "KEY 9999" }, { q: "no such text" }, { q: "key 99", scope: "admin" }, { q: "nothing", status: "active" }, { expires_within_days: 1 }, { unused_for_days: 1 }]) {
    await rig.rowsRead("large");
    const listed = await ids("large", query);
    const rows = await rig.rowsRead("large");
    t.diagnostic(`${JSON.stringify(query)}: ${listed.length} keys, ${rows} rows read`);
    assert.ok(rows <= 4 * KEYS, `${rows} rows`);
  }
  assert.equal((await page("large", { q: "key 9999" })).keys[0].name, "key 9999");
});
