// The objects that count, by their own calls: what they know, what they write, and what they remember over restarts and
// restores.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { eventually, startRig } from "../../support/rig.mjs";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** The longest lifetime of a grant. */
const LIFETIME = 20_000;
const LIMITS = `
[[rate_limits]]
name = "per-second"
limit = 5
window_seconds = 1

[[quotas]]
name = "monthly"
limit = 1000
period = "month"
per = "tenant"

[[quotas]]
name = "daily"
limit = 10
period = "day"

[limits]
rate_limits = ["per-second"]
quotas = ["monthly"]

[edge]`;
const KEY = "key_4bTzV9cXk07Hq2mN1pRs";
const OTHER = "key_5bTzV9cXk07Hq2mN1pRs";

let rig;
before(async () => {
  rig = await startRig({ name: "limiter", edges: {}, settings: { "\n[edge]": LIMITS } });
});
after(() => rig.close());
afterEach(async () => {
  await rig.limiterHandle("__clock", 0);
  await rig.limiterHandle("__fail", null);
  await rig.limiterHandle("__restores", "ok");
});

const call = (tenant, path, body) => rig.limiterHandle(`__object/LIMITER/${tenant}/${path}`, body);
async function answer(tenant, path, body) {
  const { status, text, body: answered } = await call(tenant, path, body);
  assert.equal(status, 200, text);
  return answered;
}
const sql = async (tenant, statement) => {
  const { error, rows } = await answer(tenant, "__sql", statement);
  assert.equal(error, null, statement);
  return rows;
};
const clock = async (offset) => (await rig.limiterHandle("__clock", offset)).body;

const TENANT = { version: 0, plan: null, own: {} };
const tell = (tenant, { version = 0, own = {}, keys = [], additions = [], complete = true } = {}) =>
  answer(tenant, "tell", { tenant: { ...TENANT, version, own }, keys, additions, complete });
const terms = (id, version, own, counts_as = null) => ({ id, version, own, counts_as });
const addition = (id, units, more = {}) => ({ id, quota: "monthly", key: null, units, ends_at: endOfMonth(), ...more });
const ask = (tenant, { key = KEY, need = 1, want = need, lifetime_ms = 0, reports = [] } = {}) =>
  answer(tenant, "ask", { key, need, want, lifetime_ms, reports });
const granting = async (tenant, asking) => (await ask(tenant, asking)).known.granting;
const granted = async (tenant, asking) => {
  const { granted, ...refused } = await granting(tenant, asking);
  assert.ok(granted, JSON.stringify(refused));
  return granted;
};
const refused = async (tenant, asking) => {
  const { wait, ...other } = await granting(tenant, asking);
  assert.ok(wait, JSON.stringify(other));
  return wait;
};
const look = async (tenant, key = KEY) => {
  const { known } = await answer(tenant, "look", { key });
  return Object.fromEntries(known.limits.map(({ applied, remaining }) => [applied.name, remaining]));
};
const counts = async (tenant) => (await sql(tenant, "SELECT name FROM counts ORDER BY name")).map(({ name }) => name);

function endOfMonth() {
  const now = new Date();
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1);
}

test("a limiter that was never told of all keys knows nothing and grants nothing", async () => {
  assert.equal(await ask("unknown"), "unknown");
  assert.deepEqual(await tell("unknown", { complete: false }), { complete: false, restores: 0 });
  assert.equal(await ask("unknown"), "unknown");
  assert.equal(await answer("unknown", "look", { key: null }), "unknown");
  assert.deepEqual(await tell("unknown"), { complete: true, restores: 0 });
  assert.deepEqual(await tell("unknown", { complete: false }), { complete: true, restores: 0 });
  assert.deepEqual(await look("unknown"), { "per-second": 5, monthly: 1000 });
  assert.deepEqual(await look("unknown", null), { monthly: 1000 });
  assert.equal((await call("unknown", "else")).status, 404);
});

test("what is used up is refused, what is reported is free a window later, and the key's rotations count together", async () => {
  await tell("acme", { keys: [terms(OTHER, 1, {}, KEY)] });
  const { number, units, lifetime_ms } = await granted("acme", { want: 9, lifetime_ms: 60_000 });
  assert.deepEqual([units, lifetime_ms], [5, LIFETIME], "a grant lives no longer");
  assert.deepEqual((await refused("acme", { key: OTHER })).by, [0]);
  const closed = await ask("acme", { need: 3, reports: [{ number, used: 2, closed: true }] });
  assert.equal(closed.known.granting.granted.units, 3);
  assert.deepEqual(closed.known.limits.map(({ remaining }) => remaining), [0, 995]);
  await clock(1_100);
  assert.equal((await granted("acme", { need: 5, key: OTHER })).units, 5);
});

test("a key without limits has nothing to count, and nothing is written for it", async () => {
  await tell("free", { own: { "per-second": { limit: null }, monthly: { limit: null } } });
  assert.deepEqual(await ask("free"), { known: { limits: [], granting: { nothing: { millis: 0, by: [] } } } });
  assert.deepEqual(await counts("free"), []);
});

test("grants and their numbers survive a restart, and so does what was told", async () => {
  await tell("veteran", { keys: [terms(KEY, 1, { "per-second": { limit: 3 } })] });
  const before = await granted("veteran", { need: 3, want: 3, lifetime_ms: 5_000 });
  await rig.evictLimiter("veteran");
  await refused("veteran");
  assert.deepEqual(await look("veteran"), { "per-second": 0, monthly: 997 });
  const after = await granted("veteran", { key: OTHER, want: 2, lifetime_ms: 5_000 });
  assert.ok(after.number > before.number + 1_000, `${before.number}, then ${after.number}`);
  const late = await ask("veteran", { need: 3, reports: [{ number: before.number, used: 0, closed: true }] });
  assert.equal(late.known.granting.granted.units, 3);
});

test("who looks writes nothing, nor does a refusal after the first, and an alarm isn't set for each grant", async () => {
  const zeroed = async () => {
    await answer("thrifty", "__rows_written");
    await answer("thrifty", "__alarms_set");
  };
  await tell("thrifty");
  await granted("thrifty", { need: 4, lifetime_ms: LIFETIME });
  // The first refusal of an hour makes an event.
  await refused("thrifty", { need: 2 });
  await eventually(async () => assert.equal((await rig.routed("thrifty")).length, 1));
  await eventually(async () => assert.deepEqual(await sql("thrifty", "SELECT id FROM events"), []));
  await zeroed();
  await ask("thrifty", { need: 0 });
  await look("thrifty");
  await refused("thrifty", { need: 2 });
  assert.equal(await answer("thrifty", "__rows_written"), 0);
  await granted("thrifty", { need: 1 });
  assert.equal(await answer("thrifty", "__rows_written"), 2, "a row for each limit");
  await clock(2_000);
  await granted("thrifty", { need: 1 });
  assert.ok((await answer("thrifty", "__alarms_set")) <= 1);
});

test("of two versions the higher holds, in whatever order they come", async () => {
  const own = (limit) => ({ "per-second": { limit } });
  await tell("versions", { version: 2, own: own(20), keys: [terms(KEY, 2, own(7))] });
  await tell("versions", { version: 1, own: own(30), keys: [terms(KEY, 1, own(8))] });
  assert.equal((await look("versions"))["per-second"], 7);
  assert.equal((await look("versions", OTHER))["per-second"], 20);
  await tell("versions", { version: 2, own: own(20), keys: [terms(KEY, 3, {})] });
  assert.equal((await look("versions"))["per-second"], 20);
});

test("an addition is made once, for the period that it is meant for, whether or not the quota applies right now", async () => {
  await tell("added", { additions: [addition("add_1", 50)] });
  assert.equal((await look("added")).monthly, 1050);
  await rig.evictLimiter("added");
  await tell("added", { additions: [addition("add_1", 50), addition("add_2", 7)] });
  assert.equal((await look("added")).monthly, 1057);
  await tell("added", { additions: [addition("add_3", 1, { ends_at: Date.now() - 1 })] });
  const daily = addition("add_4", 5, { quota: "daily", key: KEY });
  await tell("added", { additions: [daily] });
  const own = terms(KEY, 1, { daily: { limit: 10 } });
  await tell("added", { keys: [own], additions: [daily, { ...daily, id: "add_5" }] });
  assert.deepEqual(await look("added"), { "per-second": 5, monthly: 1057, daily: 20 });
  const ids = (await sql("added", "SELECT id FROM additions ORDER BY id")).map(({ id }) => id);
  assert.deepEqual(ids, ["add_1", "add_2", "add_4", "add_5"]);
});

test("an addition waits until all keys are known", async () => {
  const additions = [addition("add_1", 5, { quota: "daily", key: KEY })];
  assert.deepEqual(await tell("waiting", { additions, complete: false }), { complete: false, restores: 0 });
  assert.deepEqual(await tell("waiting", { additions, complete: false }), { complete: false, restores: 0 });
  await rig.evictLimiter("waiting");
  await tell("waiting", { keys: [terms(KEY, 1, { daily: { limit: 10 } })] });
  assert.equal((await look("waiting")).daily, 15);
  await tell("waiting", { additions });
  assert.equal((await look("waiting")).daily, 15);
});

test("a write that fails grants nothing, and what is in memory is what is on disk", async () => {
  await tell("faulty");
  await granted("faulty", { need: 2 });
  await rig.limiterHandle("__fail", "INTO counts");
  await clock(3 * MINUTE);
  assert.equal((await call("faulty", "ask", { key: KEY, need: 5, want: 5, lifetime_ms: 0, reports: [] })).status, 500);
  await rig.limiterHandle("__fail", null);
  assert.deepEqual(await look("faulty"), { "per-second": 5, monthly: 998 });
  await rig.evictLimiter("faulty");
  assert.deepEqual(await look("faulty"), { "per-second": 5, monthly: 998 });
});

test("what is over is swept, and the alarm is set for the next row", async () => {
  await tell("swept", { keys: [terms(KEY, 1, { daily: { limit: 10 } })], additions: [addition("add_1", 1)] });
  await granted("swept");
  assert.deepEqual(await counts("swept"), [`daily/${KEY}`, "monthly", `per-second/${KEY}`]);
  const at = await answer("swept", "__alarm_at");
  assert.ok(at % MINUTE === 0 && at > Date.now() && at <= Date.now() + MINUTE + 2_000, new Date(at).toISOString());
  await clock(2 * MINUTE);
  await answer("swept", "__alarm");
  assert.deepEqual(await counts("swept"), [`daily/${KEY}`, "monthly"]);
  const midnight = (Math.floor(Date.now() / DAY) + 1) * DAY;
  assert.equal(await answer("swept", "__alarm_at"), midnight + HOUR + MINUTE, "an hour after the period");
  await clock(midnight + HOUR + 2 * MINUTE - Date.now());
  await answer("swept", "__alarm");
  assert.ok(!(await counts("swept")).includes(`daily/${KEY}`));
  await clock(endOfMonth() + HOUR + 2 * MINUTE - Date.now());
  await answer("swept", "__alarm");
  assert.deepEqual(await counts("swept"), []);
  assert.deepEqual(await sql("swept", "SELECT * FROM additions"), []);
  assert.deepEqual(await look("swept"), { "per-second": 5, monthly: 1000, daily: 10 });
});

test("before an instance knows of all restores it answers nothing", async () => {
  await tell("shy");
  await rig.evictLimiter("shy");
  await rig.limiterHandle("__restores", "down");
  const asking = { key: KEY, need: 1, want: 1, lifetime_ms: 0, reports: [] };
  assert.equal((await call("shy", "ask", asking)).status, 500);
  assert.equal((await call("shy", "look", { key: null })).status, 500);
  await rig.limiterHandle("__restores", { late: 200 });
  const at_once = await Promise.all([1, 2, 3].map(() => granted("shy", { need: 2 }).catch(() => null)));
  assert.equal(at_once.filter((each) => each).length, 2, "of five units");
  await rig.limiterHandle("__restores", "down");
  await granted("shy", { need: 1 });
});

test("after a restore nothing is admitted until every earlier grant is over, and quotas are used up until an addition", async () => {
  const keys = [terms(KEY, 1, { daily: { limit: 10 } }), terms(OTHER, 1, { "per-second": { limit: 3 } })];
  await tell("restored", { keys, additions: [addition("add_1", 50)] });
  await granted("restored", { need: 2 });
  await answer("restored", "__point");
  // The following changes will be forgotten.
  const forgotten = await granted("restored", { want: 3, lifetime_ms: 10_000 });
  await tell("restored", { version: 1, own: { "per-second": { limit: 50 } }, additions: [addition("add_2", 7)] });

  assert.deepEqual(await answer("restored", "restore", { to: Date.now() - 1_000 }), {});
  // Its instance answers nothing more; the next one has gone back.
  assert.notEqual((await call("restored", "look", { key: KEY })).status, 200);
  await eventually(async () => assert.equal(await answer("restored", "look", { key: KEY }), "unknown"));
  assert.deepEqual(await sql("restored", "SELECT id FROM additions ORDER BY id"), [{ id: "add_1" }, { id: "add_2" }]);

  // The ledger has to tell all again. What it repeats isn't made twice.
  await tell("restored", { keys: keys.slice(0, 1), additions: [addition("add_1", 50), addition("add_2", 7)] });
  assert.deepEqual(await look("restored"), { "per-second": 0, monthly: 0, daily: 0 });
  assert.equal((await refused("restored")).by.length, 3);
  await clock(LIFETIME + 1_500);
  const [rate] = (await ask("restored", { need: 0 })).known.limits;
  assert.equal(rate.remaining, 5, "after the longest grant and a window");
  assert.deepEqual((await refused("restored")).by, [1, 2]);
  assert.equal((await look("restored", OTHER))["per-second"], 5, "its own value was taken back since");

  await tell("restored", { additions: [addition("add_3", 4), addition("add_4", 4, { quota: "daily", key: KEY })] });
  assert.deepEqual(await look("restored"), { "per-second": 5, monthly: 4, daily: 4 });
  const { number } = await granted("restored", { lifetime_ms: LIFETIME });
  assert.ok(number > 1_000_000 * forgotten.number, "no earlier grant has the number of a later one");

  // All that is remembered: another start restores nothing.
  await rig.evictLimiter("restored");
  assert.deepEqual(await look("restored"), { "per-second": 4, monthly: 3, daily: 3 });
});

test("after a restore a quota is used up, too, that was counted in a later period by a wrong clock", async () => {
  await tell("wrong");
  await clock(endOfMonth() - Date.now() + DAY);
  await granted("wrong");
  await answer("wrong", "__point");
  await clock(0);
  await answer("wrong", "restore", { to: Date.now() });
  await eventually(() => tell("wrong"));
  assert.equal((await look("wrong")).monthly, 0);
});

test("where the platform can't go back, nothing is changed", async () => {
  await tell("stuck");
  const { status, body } = await call("stuck", "restore", { to: Date.now() - HOUR });
  assert.deepEqual([status, body.code], [503, "DEPENDENCY_UNAVAILABLE"]);
  assert.match(body.detail, /does not implement point-in-time recovery/);
  await answer("stuck", "__point");
  await rig.limiterHandle("__restores", "down");
  const unnoted = await call("stuck", "restore", { to: Date.now() - HOUR });
  assert.deepEqual([unnoted.status, unnoted.body.code], [503, "DEPENDENCY_UNAVAILABLE"]);
  await granted("stuck");
  await rig.limiterHandle("__restores", "ok");
  const noted = await rig.limiterHandle("__object/LIMITER_RESTORES/stuck/count", {});
  assert.deepEqual(noted.body, { count: 0, additions: [] });
});

test("the worker has no address", async () => {
  const { status, code } = await rig.limiterHandle("ask");
  assert.deepEqual([status, code], [404, "NO_SUCH_PATH"]);
});

test("a limit that refuses is told of once an hour, and a quota once a period", async () => {
  await tell("reached", { own: { daily: { limit: 3 } } });
  const told = async () => (await rig.routed("reached")).flat().map(({ type, key, data: { limit } }) => [type, key, limit.name]);
  await granted("reached", { need: 3 });
  assert.deepEqual((await refused("reached", { need: 3 })).by.length > 0, true);
  await refused("reached", { need: 3 });
  const expected = (await sql("reached", "SELECT name FROM told ORDER BY name")).map(({ name }) => name);
  assert.deepEqual(expected, [`quota/daily/${KEY}`, `rate/per-second/${KEY}`]);
  await eventually(async () => assert.equal((await told()).length, 2));
  await clock(2_000);
  assert.deepEqual((await refused("reached", { need: 3 })).by, [2]);
  await clock(HOUR + MINUTE);
  await refused("reached", { need: 3 });
  assert.equal((await sql("reached", "SELECT id FROM events")).length, 0, "the quota was told of in this period");
  assert.deepEqual((await told()).map(([type, key]) => [type, key]), [["limit.reached", KEY], ["limit.reached", KEY]]);
});
