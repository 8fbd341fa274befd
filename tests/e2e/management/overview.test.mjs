// The overview of all tenants, and usage of tenants and of all: what the ledgers report, each use once, shown by the
// clock when it is read.

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { after, afterEach, before, test } from "node:test";

import { ledgerMigrations } from "../../support/migrations.mjs";
import { eventually, importable, startRig } from "../../support/rig.mjs";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let rig;
before(async () => {
  const settings = { 'prefix = "knq"': 'prefix = "knq"\nallow_imported = ["sk_live_"]' };
  rig = await startRig({ name: "overview", edges: {}, handles: true, settings });
});
after(() => rig?.close());
afterEach(async () => {
  await rig.clock(0);
  await rig.failing(null);
  await rig.overview("ok");
});

const time = (millis) => new Date(millis).toISOString();
const hourOf = (millis) => Math.floor(millis / HOUR);
const get = async (path, options) => {
  const answer = await rig.manage("GET", path, undefined, options);
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
};
const overview = (query = {}) => get(`/v1/overview?${new URLSearchParams(query)}`);
/** The ids of a tenant's keys in a list. */
const ids = ({ keys }, of) => keys.filter(({ tenant }) => tenant === of).map(({ id }) => id);
let isolates = 0;
/** Sends a ledger the uses at a time, as an edge would, each time from a new isolate. */
const use = (tenant, uses, at = Date.now()) => {
  const sent = uses.map(([key, code, count]) => ({ key_id: key.id, hour: hourOf(at), code, count, last_at: at }));
  return rig.object("LEDGER", tenant, "usage", { isolate: `isolate${(isolates += 1)}`, sequence: 1, uses: sent });
};
/** Where a ledger is with its reports. */
const reporting = async (tenant) => (await rig.sql(tenant, "SELECT * FROM reporting"))[0];
const alarm = (tenant) => rig.object("LEDGER", tenant, "__alarm");
/** Makes a ledger report now, as if a minute had passed. */
const report = async (tenant) => {
  await rig.sql(tenant, "UPDATE reporting SET due_at = 0");
  await alarm(tenant);
};
/** The row of a tenant in the overview's storage. */
const reported = async (tenant) =>
  (await rig.object("OVERVIEW", "overview", "__sql", `SELECT * FROM tenants WHERE tenant = '${tenant}'`)).body.rows[0];

test("a tenant's uses are those of all its keys", async () => {
  const [one, other] = [await rig.create("summed"), await rig.create("summed")];
  await use("summed", [[one, "VALID", 3], [other, "VALID", 4], [other, "REVOKED", 2]]);
  const { hourly, ...body } = await get("/v1/tenants/summed/usage?period=7d");
  const counts = { allowed: 7, refused: 2, codes: { VALID: 7, REVOKED: 2 } };
  assert.deepEqual(body, { "24h": counts, "7d": counts, "30d": counts, all: counts, period: "7d", tenant: "summed" });
  assert.equal(hourly.length, 168);
  assert.equal(hourly.at(-1).allowed + hourly.at(-2).allowed, 7);
  const nobody = await get("/v1/tenants/nobody/usage");
  assert.deepEqual(nobody.all, { allowed: 0, refused: 0, codes: {} });
  const own = await rig.operator("summed", ["keys:read"]);
  assert.equal((await get("/v1/tenants/summed/usage", own)).all.allowed, 7);
  assert.equal((await rig.manage("GET", "/v1/tenants/summed/usage?period=1h")).status, 422);
});

test("a ledger reports two seconds after a change, then once a minute at most", async () => {
  const before = Date.now();
  await rig.create("pace");
  const first = await eventually(async () => {
    const row = await reported("pace");
    assert.equal(row?.active, 1);
    return row;
  });
  assert.ok(first.reported_at >= before + 2000 && first.reported_at < before + 6000, `after ${first.reported_at - before} ms`);
  await rig.create("pace");
  const { made_at, due_at, report } = await reporting("pace");
  assert.equal(report, null);
  assert.ok(due_at - made_at >= 60_000 && due_at - made_at < 62_000, `${due_at - made_at} ms later`);
  assert.equal((await reported("pace")).active, 1, "the next report tells of it");
  await rig.clock(62_000);
  await rig.sql("pace", "DELETE FROM outbox"); // A report of what waits there is followed by another.
  await alarm("pace");
  assert.deepEqual([(await reported("pace")).active, (await reported("pace")).number], [2, 2]);
  assert.equal((await reporting("pace")).due_at, null, "there is nothing to report");
});

test("each use counts once in all tenants' usage, whatever is lost on the way", async () => {
  const code = "IP_NOT_ALLOWED";
  const total = async () => (await get("/v1/usage")).all.codes[code] ?? 0;
  const key = await rig.create("once");
  await report("once");
  await use("once", [[key, code, 5]]);
  await rig.overview("silent");
  await report("once");
  assert.equal(await total(), 5);
  assert.ok((await reporting("once")).report, "it is kept until it is answered");
  await report("once");
  await use("once", [[key, code, 2]]);
  await rig.evictLedger("once");
  await rig.overview("down");
  await report("once");
  const { number, attempts } = await reporting("once");
  assert.deepEqual([number, attempts], [2, 3]);
  await rig.overview("ok");
  await report("once");
  assert.equal(await total(), 5);
  assert.equal((await reporting("once")).report, null);
  await report("once");
  assert.equal(await total(), 7);
  await report("once");
  assert.equal(await total(), 7);
  const shown = await get("/v1/usage?period=30d");
  assert.equal(shown.hourly.length, 720);
  assert.equal(shown["24h"].codes[code], 7);
  assert.ok(Date.parse(shown.as_of) <= Date.now());
});

test("a report that fails half-way changes nothing, and is taken whole later", async () => {
  const key = await rig.create("whole");
  await use("whole", [[key, "WRONG_ENVIRONMENT", 1]]);
  await rig.failing("INTO usage_folded");
  await report("whole");
  assert.equal(await reported("whole"), undefined);
  await rig.failing(null);
  await report("whole");
  assert.equal((await reported("whole")).active, 1);
  assert.equal((await get("/v1/usage")).all.codes.WRONG_ENVIRONMENT, 1);
});

test("the overview lists what expires soon and what is unused, by the clock when it is read", async () => {
  await rig.clock(-100 * DAY);
  const old = await rig.create("listed", { name: "old" });
  const used = await rig.create("listed", { name: "used" });
  await rig.clock(0);
  const soon = await rig.create("listed", { name: "soon", expires_at: time(Date.now() + 10 * DAY) });
  const later = await rig.create("listed", { name: "later", expires_at: time(Date.now() + 40 * DAY) });
  const disabled = await rig.create("listed", { name: "disabled", expires_at: time(Date.now() + 5 * DAY) });
  const revoked = await rig.create("listed", { name: "revoked", expires_at: time(Date.now() + 5 * DAY) });
  const path = (key, act) => `/v1/tenants/listed/keys/${key.id}/${act}`;
  await rig.manage("POST", path(disabled, "disable"));
  await rig.manage("POST", path(revoked, "revoke"));
  await use("listed", [[used, "VALID", 1], [old, "EXPIRED", 1]]);
  await report("listed");
  const { number } = await reporting("listed");
  const shown = await overview();
  assert.deepEqual(ids(shown.expiring, "listed"), [disabled.id, soon.id]);
  assert.deepEqual(ids(shown.unused, "listed"), [old.id]);
  const of = (list, key) => list.keys.find(({ id }) => id === key.id);
  const { tenant, environment } = soon;
  const { id, name, display, created_at, expires_at } = soon;
  assert.deepEqual(of(shown.expiring, soon), { tenant, id, name, display, environment, created_at, expires_at, last_used_at: null });
  assert.deepEqual(ids((await overview({ expiring_within_days: 50 })).expiring, "listed"), [disabled.id, soon.id, later.id]);
  assert.deepEqual(ids((await overview({ expiring_within_days: 7 })).expiring, "listed"), [disabled.id]);
  assert.deepEqual(ids((await overview({ unused_for_days: 101 })).unused, "listed"), []);
  const before = shown.keys;
  await rig.clock(20 * DAY);
  const past = await overview();
  assert.deepEqual(ids(past.expiring, "listed"), [later.id]);
  assert.deepEqual(
    [before.active - past.keys.active, before.disabled - past.keys.disabled, past.keys.expired - before.expired],
    [1, 1, 2],
  );
  assert.equal(past.keys.revoked, before.revoked);
  await rig.clock(91 * DAY);
  assert.deepEqual(ids((await overview()).unused, "listed"), [old.id, used.id], "the longest unused first, not the expired");
  assert.equal((await reporting("listed")).number, number, "no ledger had to report for it");
});

test("a use is shown to the hour, so that a busy key writes no more than once an hour", async () => {
  await rig.clock(-2 * DAY);
  const key = await rig.create("hourly", { expires_at: time(Date.now() + DAY) });
  await rig.clock(0);
  const written = async () => (await rig.object("OVERVIEW", "overview", "__rows_written")).body;
  await use("hourly", [[key, "VALID", 1]]);
  await report("hourly");
  const [{ last_used_at: last }] = (await overview()).expiring.keys.filter(({ tenant }) => tenant === "hourly");
  assert.ok(Date.now() - Date.parse(last) < HOUR + 60_000 && Date.parse(last) % HOUR === 0, last);
  await written();
  await use("hourly", [[key, "VALID", 1]]);
  await report("hourly");
  // The tenant's row, and the count of the hour.
  assert.ok((await written()) <= 3);
});

test("tenants near their limit of active keys are listed, the fullest first", async () => {
  const limited = async (tenant, max, keys, fields) => {
    await rig.manage("PATCH", `/v1/tenants/${tenant}`, { plan: "pro", max_active_keys: max });
    for (let made = 0; made < keys; made += 1) await rig.create(tenant, made === 0 ? fields : {});
    await report(tenant);
  };
  await limited("near", 5, 4, { expires_at: time(Date.now() + DAY) });
  await limited("full", 1, 1, {});
  await limited("far", 10, 1, {});
  const near = async (query) => {
    const { tenants, more } = (await overview(query)).near_caps;
    assert.equal(more, false);
    return tenants.filter(({ tenant }) => ["near", "full", "far"].includes(tenant));
  };
  const full = { tenant: "full", plan: "pro", active_keys: 1, max_active_keys: 1 };
  assert.deepEqual(await near(), [full, { tenant: "near", plan: "pro", active_keys: 4, max_active_keys: 5 }]);
  assert.deepEqual((await near({ near_cap_percent: 10 })).map(({ tenant }) => tenant), ["full", "near", "far"]);
  await rig.clock(2 * DAY);
  assert.deepEqual((await near()).map(({ tenant }) => tenant), ["full"], "one of four has expired");
  await rig.clock(0);
  // A key that a rotation ends doesn't count, nor does a tenant that may have any number.
  const [{ id }] = (await get("/v1/tenants/full/keys")).keys;
  await rig.manage("POST", `/v1/tenants/full/keys/${id}/rotate`, { overlap_seconds: 3600 });
  await report("full");
  assert.deepEqual((await near())[0], full);
  await rig.manage("PATCH", "/v1/tenants/full", { max_active_keys: null });
  await report("full");
  assert.deepEqual((await near()).map(({ tenant }) => tenant), ["near"]);
});

test("tenants are counted, and those that are suspended", async () => {
  const before = await overview();
  await rig.manage("POST", "/v1/tenants/idle/suspend", { ahead: true });
  await report("idle");
  const suspended = await overview();
  assert.deepEqual([suspended.tenants - before.tenants, suspended.suspended - before.suspended], [1, 1]);
  await rig.manage("POST", "/v1/tenants/idle/resume");
  await report("idle");
  assert.equal((await overview()).suspended, before.suspended);
});

test("a list of 50 is right to its end, and a ledger reports again when half of it has expired", async () => {
  const end = Date.now() + 200 * DAY;
  const keys = Array.from({ length: 70 }, (_, index) => ({ ...importable(), expires_at: time(end + index * HOUR) }));
  assert.equal((await rig.manage("POST", "/v1/tenants/many/keys/import", { keys })).status, 200);
  await rig.sql("many", "DELETE FROM outbox"); // A report of what waits there is followed by another.
  await report("many");
  assert.equal((await reporting("many")).due_at, end + 25 * HOUR, "when the 26th expires");
  const ofMany = async () => {
    const { expiring } = await overview({ expiring_within_days: 3650 });
    return [expiring.keys.filter(({ tenant }) => tenant === "many").map(({ expires_at }) => (Date.parse(expires_at) - end) / HOUR), expiring.more];
  };
  await rig.clock(200 * DAY - HOUR);
  const [all, more] = await ofMany();
  assert.deepEqual([all.length, more], [50, true]);
  await rig.clock(200 * DAY + 10 * HOUR + 60_000);
  const [rest, others] = await ofMany();
  assert.deepEqual([rest[0], rest.at(-1), others], [11, 49, true], "what follows is not known, so it says that there are more");
  await rig.clock(200 * DAY + 25 * HOUR + 60_000);
  await alarm("many");
  const [again, none] = await ofMany();
  assert.deepEqual([again[0], again.at(-1), again.length, none], [26, 69, 44, false]);
  // The events of those that expired go first.
  await eventually(async () => {
    await report("many");
    assert.equal((await reporting("many")).due_at, null);
  });
});

test("the numbers of keys are those of the keys, whatever became of them", async () => {
  const made = [];
  for (let index = 0; index < 6; index += 1) made.push(await rig.create("counted", { expires_at: time(Date.now() + DAY) }));
  const act = (key, action, body) => rig.manage("POST", `/v1/tenants/counted/keys/${key.id}/${action}`, body);
  await act(made[0], "disable");
  await act(made[1], "revoke");
  await act(made[2], "rotate", { overlap_seconds: 3600 });
  await act(made[3], "rotate", { overlap_seconds: 3600 });
  await act(made[3], "rotate/cancel");
  const check = async () => {
    const kept = await rig.sql("counted", "SELECT status, ending, keys FROM key_counts WHERE keys <> 0 ORDER BY status, ending");
    const counted = "SELECT status, ending, count(*) AS keys FROM counted_keys GROUP BY status, ending ORDER BY status, ending";
    assert.deepEqual(kept, await rig.sql("counted", counted));
  };
  await check();
  assert.deepEqual((await get("/v1/tenants/counted")).keys, { active: 6, disabled: 1, expired: 0, revoked: 1 });
  await rig.clock(2 * DAY);
  assert.deepEqual((await get("/v1/tenants/counted")).keys, { active: 0, disabled: 0, expired: 7, revoked: 1 });
  await check();
  await rig.clock(0);
  assert.deepEqual((await get("/v1/tenants/counted")).keys, { active: 6, disabled: 1, expired: 0, revoked: 1 });
  await check();
});

test("uses of before the upgrade are in all sums, and are folded once they are reported", async () => {
  const key = await rig.create("upgraded");
  await rig.sql("upgraded", "INSERT INTO tenant_usage VALUES (0, 'DISABLED', 7, 0)");
  await rig.overview("down");
  await report("upgraded");
  const kept = () => rig.sql("upgraded", "SELECT count FROM tenant_usage WHERE hour = 0");
  await rig.sql("upgraded", "INSERT INTO tenant_usage VALUES (1, 'DISABLED', 1, 0)");
  await alarm("upgraded");
  assert.deepEqual(await rig.sql("upgraded", "SELECT hour FROM tenant_usage"), [{ hour: 1 }], "only what is in a report is folded");
  await rig.overview("ok");
  await report("upgraded");
  await report("upgraded");
  await alarm("upgraded");
  assert.deepEqual(await kept(), []);
  assert.deepEqual(await rig.sql("upgraded", "SELECT * FROM tenant_usage_folded"), [{ code: "DISABLED", count: 8 }]);
  await use("upgraded", [[key, "VALID", 1]]);
  const usage = await get("/v1/tenants/upgraded/usage");
  assert.deepEqual([usage.all.codes, usage["30d"].codes], [{ DISABLED: 8, VALID: 1 }, { VALID: 1 }]);
  const all = await get("/v1/usage");
  assert.deepEqual([all.all.codes.DISABLED, all["30d"].codes.DISABLED], [8, undefined]);
});

test("a ledger of before is counted and reports when it next wakes; the operators' never does", () => {
  const migrations = ledgerMigrations();
  const reportsFrom = migrations.findIndex((migration) => migration.includes("CREATE TABLE reporting"));
  assert.ok(reportsFrom > 0);
  const upgraded = (kind) => {
    const database = new DatabaseSync(":memory:");
    for (const migration of migrations.slice(0, reportsFrom)) database.exec(migration);
    const key = database.prepare(
      "INSERT INTO keys (id, digest, tenant, created_at, state, search, version, record, secret, pending_end, last_used_at) VALUES (?, ?, 'acme', 1, ?, '', 1, '{\"scopes\":[]}', '', ?, ?)",
    );
    key.run(`${kind}_1`, "1", "active", null, 5 * HOUR + 7);
    key.run(`${kind}_2`, "2", "revoked", "{}", null);
    key.run(`${kind}_3`, "3", "active", "{}", null);
    database.exec(`INSERT INTO usage VALUES ('${kind}_1', 9, 'VALID', 2), ('${kind}_2', 9, 'VALID', 3), ('${kind}_1', 10, 'REVOKED', 1)`);
    database.exec(`INSERT INTO usage_folded VALUES ('${kind}_1', 'VALID', 4), ('${kind}_2', 'VALID', 5)`);
    database.exec(migrations[reportsFrom]);
    const rows = (query) => database.prepare(query).all().map((row) => Object.values(row).join(" "));
    return {
      counts: rows("SELECT status, ending, keys FROM key_counts ORDER BY 1, 2"),
      hours: rows("SELECT id, used_in_hour FROM keys WHERE used_in_hour IS NOT NULL"),
      uses: rows("SELECT hour, code, count, reported FROM tenant_usage ORDER BY 1, 2"),
      changed: rows("SELECT changed, number FROM reporting"),
    };
  };
  const counts = ["active 0 1", "active 1 1", "revoked 1 1"];
  const uses = ["0 VALID 9 0", "9 VALID 5 0", "10 REVOKED 1 0"];
  assert.deepEqual(upgraded("key"), { counts, hours: ["key_1 5"], uses, changed: ["1 0"] });
  assert.deepEqual(upgraded("op"), { counts, hours: ["op_1 5"], uses: [], changed: ["0 0"] });
});

test("the overview is for operators of all tenants, and the operators' ledger reports nothing", async () => {
  const own = await rig.operator("acme", ["keys:read"]);
  const all = await rig.operator("*", ["keys:read"]);
  for (const path of ["/v1/overview", "/v1/usage"]) {
    assert.equal((await rig.manage("GET", path, undefined, own)).code, "TENANT_NOT_ALLOWED");
    await get(path, all);
  }
  await use("_operators", [[all, "VALID", 3]]);
  await alarm("_operators");
  const { changed, number, due_at } = await reporting("_operators");
  assert.deepEqual([changed, number, due_at], [0, 0, null]);
  assert.deepEqual(await rig.sql("_operators", "SELECT * FROM tenant_usage"), []);
  assert.equal(await reported("_operators"), undefined);
});

test("while the overview can't be reached it is 503, and nothing else waits for it", async () => {
  const key = await rig.create("patient");
  await rig.overview("down");
  for (const path of ["/v1/overview", "/v1/usage"]) {
    const answer = await rig.manage("GET", path);
    assert.deepEqual([answer.status, answer.code], [503, "DEPENDENCY_UNAVAILABLE"]);
  }
  await report("patient");
  assert.equal((await rig.manage("POST", `/v1/tenants/patient/keys/${key.id}/disable`)).status, 200);
  const first = await reporting("patient");
  await report("patient");
  const { attempts, due_at } = await reporting("patient");
  assert.ok(attempts > first.attempts && due_at > Date.now() + 1000 * 2 ** (attempts - 1) - 1000, "it is tried later and later");
  await rig.overview("ok");
  await report("patient");
  await report("patient");
  assert.equal((await reported("patient")).disabled, 1);
  await rig.failing("FROM tenants");
  assert.equal((await rig.manage("GET", "/v1/overview")).code, "DEPENDENCY_UNAVAILABLE");
});

test("bad parameters are refused by name", async () => {
  for (const bad of ["expiring_within_days=0", "unused_for_days=3651", "near_cap_percent=101", "colour=blue"]) {
    const answer = await rig.manage("GET", `/v1/overview?${bad}`);
    assert.equal(answer.status, 422, bad);
    assert.deepEqual(answer.body.errors.map(({ field }) => field), [bad.split("=")[0]]);
  }
});
