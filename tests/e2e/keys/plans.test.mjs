// Tenants: their list, their plans, and what their limits forbid.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { eventually, startRig } from "../../support/rig.mjs";

const DAY_MS = 24 * 60 * 60 * 1000;

let rig;
before(async () => (rig = await startRig({ name: "limits", edges: { edge1: {} } })));
after(() => rig.close());

const tenant = (name) => `/v1/tenants/${name}`;
const keys = (name) => `${tenant(name)}/keys`;
const set = (name, settings) => rig.manage("PATCH", tenant(name), settings);
const create = (name, fields = {}) => rig.manage("POST", keys(name), { name: "a key", scopes: ["read:leads"], ...fields });
const inDays = (days) => new Date(Date.now() + days * DAY_MS).toISOString();

test("a plan caps the active keys, and revoking one makes room", async () => {
  const answer = await set("small", { plan: "free" });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.body.plan, "free");
  assert.deepEqual(answer.body.limits, { max_active_keys: 2, default_expiry_days: null, max_expiry_days: 90 });
  const first = await create("small");
  assert.equal((await create("small")).status, 201);
  const third = await create("small");
  assert.deepEqual([third.status, third.code, third.body.limit, third.body.active], [409, "KEY_LIMIT_REACHED", 2, 2]);
  const disabled = await rig.manage("POST", `${keys("small")}/${first.body.id}/disable`);
  assert.equal(disabled.status, 200);
  assert.equal((await create("small")).code, "KEY_LIMIT_REACHED", "one that can be switched on again counts");
  assert.equal((await rig.manage("POST", `${keys("small")}/${first.body.id}/revoke`)).status, 200);
  assert.equal((await create("small")).status, 201);
});

test("a limit of no keys at all is one", async () => {
  const answer = await set("none", { max_active_keys: 0 });
  assert.deepEqual([answer.status, answer.body.limits.max_active_keys], [200, 0]);
  assert.equal((await create("none")).code, "KEY_LIMIT_REACHED");
});

test("a key can be rotated at the cap, and its end be cancelled only below it", async () => {
  await set("full", { max_active_keys: 1 });
  const { body: key } = await create("full");
  const rotated = await rig.manage("POST", `${keys("full")}/${key.id}/rotate`, { overlap_seconds: 3600 });
  assert.equal(rotated.status, 201, rotated.text);
  const cancelled = await rig.manage("POST", `${keys("full")}/${key.id}/rotate/cancel`);
  assert.equal(cancelled.code, "KEY_LIMIT_REACHED");
  await set("full", { max_active_keys: null });
  assert.equal((await rig.manage("POST", `${keys("full")}/${key.id}/rotate/cancel`)).status, 200);
});

test("rotations don't go round the cap: no more keys are on their way out than it allows", async () => {
  await set("chained", { max_active_keys: 1 });
  const { body: key } = await create("chained");
  const rotate = (id, body) => rig.manage("POST", `${keys("chained")}/${id}/rotate`, body);
  const first = await rotate(key.id, { overlap_seconds: 7_776_000 });
  assert.equal(first.status, 201, first.text);
  const second = await rotate(first.body.id, { overlap_seconds: 7_776_000 });
  assert.deepEqual([second.status, second.code], [409, "KEY_LIMIT_REACHED"]);
  assert.equal((await rotate(first.body.id, {})).status, 201, "without an overlap it is one for one");
});

test("a tenant's own limit goes before its plan's; removed, the plan's holds again", async () => {
  await set("own", { plan: "free", max_active_keys: 1 });
  assert.equal((await create("own")).status, 201);
  assert.equal((await create("own")).code, "KEY_LIMIT_REACHED");
  const back = await set("own", { max_active_keys: null });
  assert.equal(back.body.limits.max_active_keys, 2);
  assert.deepEqual(back.body.own_limits, { max_active_keys: null, default_expiry_days: null, max_expiry_days: null });
  assert.equal((await create("own")).status, 201);
});

test("keys live no longer than allowed, neither from creation nor by a later change", async () => {
  await set("short", { plan: "free" });
  const key = (await create("short")).body;
  assert.equal(Date.parse(key.expires_at) - Date.parse(key.created_at), 90 * DAY_MS);
  for (const expires_at of [null, inDays(91)]) {
    const refused = await create("short", { expires_at });
    assert.equal(refused.status, 422, refused.text);
    assert.equal(refused.body.errors[0].field, "expires_at");
    assert.match(refused.body.errors[0].detail, /90 days at most/);
    const patched = await rig.manage("PATCH", `${keys("short")}/${key.id}`, { expires_at });
    assert.equal(patched.body.errors[0].field, "expires_at");
    const rotated = await rig.manage("POST", `${keys("short")}/${key.id}/rotate`, { expires_at });
    assert.equal(rotated.body.errors[0].field, "expires_at");
  }
  const sooner = await rig.manage("PATCH", `${keys("short")}/${key.id}`, { expires_at: inDays(7) });
  assert.equal(sooner.status, 200, sooner.text);
});

test("a default expiry holds where nothing is said, and null is taken at its word", async () => {
  await set("usual", { plan: "pro" });
  const key = (await create("usual")).body;
  assert.equal(Date.parse(key.expires_at) - Date.parse(key.created_at), 30 * DAY_MS);
  assert.equal((await create("usual", { expires_at: null })).body.expires_at, null);
});

test("a change of limits is audited from what to what, and one that changes nothing is not", async () => {
  await set("watched", { plan: "free" });
  await set("watched", { plan: "free" });
  await set("watched", { plan: "pro", max_active_keys: 9 });
  const { entries } = (await rig.manage("GET", `${tenant("watched")}/audit`)).body;
  assert.deepEqual(
    entries.map(({ action, detail }) => [action, detail]),
    [
      ["limits_changed", { plan: { from: "free", to: "pro" }, max_active_keys: { from: null, to: 9 } }],
      ["limits_changed", { plan: { from: null, to: "free" } }],
    ],
  );
});

test("mistakes in settings are named together, and a tenant's own operator can't raise its limits", async () => {
  const wrong = await set("acme", { plan: "gold", max_active_keys: 1.5, colour: "red" });
  assert.equal(wrong.status, 422);
  assert.deepEqual(wrong.body.errors.map(({ field }) => field), ["plan", "max_active_keys", "colour"]);
  const operator = await rig.operator("acme", ["keys:read", "keys:write"]);
  const raised = await rig.manage("PATCH", tenant("acme"), { plan: "pro" }, { key: operator.key });
  assert.deepEqual([raised.status, raised.code], [403, "TENANT_NOT_ALLOWED"]);
  const plans = await rig.manage("GET", "/v1/plans", undefined, { key: operator.key });
  assert.deepEqual(plans.body.plans.map(({ name }) => name), ["free", "pro"]);
});

test("tenants are listed by name, by page and by a part of it, whether or not they have keys", async () => {
  for (const name of ["list-a", "list-b", "list-c"]) await rig.create(name);
  await set("list-d", { plan: "pro" });
  await rig.manage("POST", `${tenant("list-b")}/suspend`);
  const names = async () => {
    const seen = [];
    let cursor = "";
    do {
      const page = await rig.manage("GET", `/v1/tenants?q=LIST-&limit=2${cursor && `&cursor=${cursor}`}`);
      assert.equal(page.status, 200, page.text);
      seen.push(...page.body.tenants.map(({ tenant, suspended }) => [tenant, suspended]));
      cursor = page.body.next_cursor;
    } while (cursor);
    return seen;
  };
  const expected = [["list-a", false], ["list-b", true], ["list-c", false], ["list-d", false]];
  await eventually(async () => assert.deepEqual(await names(), expected));
  const operator = await rig.operator("list-a", ["keys:read"]);
  assert.equal((await rig.manage("GET", "/v1/tenants", undefined, { key: operator.key })).code, "TENANT_NOT_ALLOWED");
  await rig.feed("ledgers", "down");
  const down = await rig.manage("GET", "/v1/tenants");
  await rig.feed("ledgers", "ok");
  assert.deepEqual([down.status, down.code], [503, "DEPENDENCY_UNAVAILABLE"]);
});
