// Rate limits and quotas in the management API: own values and who may set them, what is left, and restores.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";

import { aTenant, HELD_MS, keyOf, limiting, LIMITS, of, ok, refusal, secondsFromNow } from "../../support/limiting.mjs";
import { eventually, importable, startRig } from "../../support/rig.mjs";

const DAY = 24 * 3_600_000;
const MAX = 1_000_000_000;

let rig, audit, get, limit, limits, patch, post, use;
before(async () => {
  rig = await startRig({ name: "management-limits", edges: {}, handles: true, settings: LIMITS });
  ({ audit, get, limit, limits, patch, post, use } = limiting(rig));
});
after(() => rig.close());
afterEach(() => rig.limiter("ok", "ledgers"));

describe("own values", () => {
  test("a key is created with own values, and they go before the plan's", async () => {
    const tenant = aTenant();
    const own = { rate_limits: { "per-second": { limit: 7 } }, quotas: { daily: { limit: null } } };
    const key = await rig.create(tenant, own);
    assert.deepEqual([key.rate_limits, key.quotas], [own.rate_limits, own.quotas]);
    assert.ok(secondsFromNow(key.effective_by) < 5, "nobody has used it with other limits");
    assert.deepEqual(await limits(keyOf(tenant, key)), { "per-second": 7 });
    const plain = await rig.create(tenant);
    assert.deepEqual([plain.rate_limits, plain.quotas], [{}, {}]);
    assert.deepEqual(await limits(keyOf(tenant, plain)), { "per-second": 20, daily: 100 });
    const { keys } = await get(`${of(tenant)}/keys`);
    assert.deepEqual(keys.map(({ rate_limits }) => rate_limits), [{}, own.rate_limits]);
    const [created] = await audit(tenant);
    assert.deepEqual(created.detail.limits, { from: null, to: { daily: null, "per-second": 7 } });
  });

  test("a patch merges own values, takes them back by null, and lifts a limit by a limit of null", async () => {
    const tenant = aTenant();
    const key = await rig.create(tenant);
    const path = keyOf(tenant, key);
    const set = await ok(patch(path, { rate_limits: { "per-second": { limit: 50 } }, quotas: { daily: { limit: 9 } } }));
    assert.equal(set.body.version, 2);
    assert.ok(Math.abs(secondsFromNow(set.body.effective_by) - HELD_MS / 1000) < 2, set.body.effective_by);
    assert.deepEqual(await limits(path), { "per-second": 50, daily: 9 });
    const again = await ok(patch(path, { quotas: { daily: { limit: 9 } } }));
    assert.deepEqual([again.body.version, again.body.effective_by], [2, set.body.effective_by]);
    const lifted = await ok(patch(path, { rate_limits: { "per-second": { limit: null } } }));
    assert.deepEqual(lifted.body.rate_limits, { "per-second": { limit: null } });
    assert.deepEqual(await limits(path), { daily: 9 });
    const back = await ok(patch(path, { rate_limits: { "per-second": null }, quotas: null }));
    assert.deepEqual([back.body.rate_limits, back.body.quotas], [{}, {}]);
    assert.deepEqual(await limits(path), { "per-second": 20, daily: 100 });
    const changes = (await audit(tenant)).filter(({ action }) => action === "changed").map(({ detail }) => detail.limits);
    assert.deepEqual(changes, [
      { from: {}, to: { daily: 9, "per-second": 50 } },
      { from: { daily: 9, "per-second": 50 }, to: { daily: 9, "per-second": null } },
      { from: { daily: 9, "per-second": null }, to: {} },
    ]);
    const renamed = await ok(patch(path, { name: "another" }));
    assert.ok(secondsFromNow(renamed.body.effective_by) < 5, "what changes no limit doesn't take as long");
  });

  test("a tenant's plan and own values are told, with the time when they are in effect", async () => {
    const tenant = aTenant();
    const key = await rig.create(tenant);
    const planned = await ok(patch(of(tenant), { plan: "free" }));
    assert.ok(Math.abs(secondsFromNow(planned.body.effective_by) - HELD_MS / 1000) < 2, planned.text);
    assert.deepEqual(await limits(of(tenant)), { monthly: 1000 });
    assert.deepEqual(await limits(keyOf(tenant, key)), { "per-second": 5, daily: 100, monthly: 1000 });
    const own = { rate_limits: { "per-second": { limit: 50 } }, quotas: { monthly: { limit: 5000 } } };
    const changed = await ok(patch(of(tenant), own));
    assert.deepEqual([changed.body.rate_limits, changed.body.quotas], [own.rate_limits, own.quotas]);
    assert.deepEqual(await limits(keyOf(tenant, key)), { "per-second": 50, daily: 100, monthly: 5000 });
    const again = await ok(patch(of(tenant), own));
    assert.equal(again.body.effective_by, changed.body.effective_by, "that of the change, which is to come");
    const other = await ok(patch(of(tenant), { max_active_keys: 9 }));
    assert.equal("effective_by" in other.body, false, "limits on keys are in force at once");
    assert.equal("effective_by" in (await get(of(tenant))), false);
    await ok(patch(of(tenant), { rate_limits: null }));
    assert.deepEqual(await limits(keyOf(tenant, key)), { "per-second": 5, daily: 100, monthly: 5000 });
    const details = (await audit(tenant)).filter(({ action }) => action === "limits_changed").map(({ detail }) => detail);
    assert.deepEqual(details, [
      { plan: { from: null, to: "free" } },
      { limits: { from: {}, to: { monthly: 5000, "per-second": 50 } } },
      { max_active_keys: { from: null, to: 9 } },
      { limits: { from: { monthly: 5000, "per-second": 50 }, to: { monthly: 5000 } } },
    ]);
  });

  test("a successor has the own values of the key that it replaces, and counts with it", async () => {
    const tenant = aTenant();
    const key = await rig.create(tenant, { quotas: { daily: { limit: 10 } } });
    await limits(keyOf(tenant, key));
    await use(tenant, key, 4);
    const { body: successor } = await ok(post(`${keyOf(tenant, key)}/rotate`, { overlap_seconds: 60 }));
    assert.deepEqual(successor.quotas, { daily: { limit: 10 } });
    assert.equal((await limit(keyOf(tenant, successor), "daily")).remaining, 6);
    await use(tenant, successor, 2);
    const { body: last } = await ok(post(`${keyOf(tenant, successor)}/rotate`));
    assert.equal((await limit(keyOf(tenant, last), "daily")).remaining, 4);
    assert.equal((await limit(keyOf(tenant, key), "daily")).remaining, 4, "the first key is one of them");
    const plain = await rig.create(tenant);
    assert.equal((await limit(keyOf(tenant, plain), "daily")).remaining, 100);
  });

  test("an imported key gets the own values of its line, and the report names limits that differ", async () => {
    const tenant = aTenant();
    const line = { ...importable(), rate_limits: { "per-second": { limit: 3 } } };
    const lines = [line, { ...importable(), quotas: { monthly: { limit: 3 } } }];
    const first = await ok(post(`${of(tenant)}/keys/import`, { keys: lines }));
    const [{ id }, wrong] = first.body.results;
    assert.equal(wrong.errors[0].field, "quotas");
    assert.match(wrong.errors[0].detail, /shared by the tenant's keys/);
    assert.deepEqual((await get(`${of(tenant)}/keys/${id}`)).rate_limits, { "per-second": { limit: 3 } });
    assert.deepEqual(await limits(`${of(tenant)}/keys/${id}`), { "per-second": 3, daily: 100 });
    const same = await ok(post(`${of(tenant)}/keys/import`, { keys: [line] }));
    assert.deepEqual(same.body.results, [{ id, line: 0, status: "existing" }]);
    const other = { ...line, rate_limits: {}, quotas: { daily: { limit: 1 } } };
    const differs = await ok(post(`${of(tenant)}/keys/import`, { keys: [other] }));
    assert.deepEqual(differs.body.results[0].differs, ["rate_limits", "quotas"]);
  });

  test("every mistake is named, and nothing of it is stored", async () => {
    const tenant = aTenant();
    const key = await rig.create(tenant, { rate_limits: { "per-second": { limit: 3 } } });
    const before = [await get(keyOf(tenant, key)), await get(of(tenant)), await audit(tenant)];
    const wrong = { rate_limits: { "per-second": { limit: 0 } }, quotas: { weekly: { limit: 1 } } };
    for (const answering of [
      patch(keyOf(tenant, key), { name: "changed", ...wrong }),
      patch(of(tenant), { plan: "pro", ...wrong }),
      post(`${of(tenant)}/keys`, { name: "x", scopes: ["read:leads"], ...wrong }),
    ]) {
      const answer = await answering;
      assert.equal(answer.status, 422, answer.text);
      assert.deepEqual(answer.body.errors.map(({ field }) => field), ["rate_limits", "quotas"]);
      assert.match(answer.body.errors[1].detail, /there is no "weekly"; allowed are: daily, monthly/);
    }
    const shared = await patch(keyOf(tenant, key), { quotas: { monthly: { limit: 1 } } });
    assert.match(shared.body.errors[0].detail, /change it with PATCH on the tenant/);
    const operator = { name: "x", scopes: ["verify"], tenant, rate_limits: { "per-second": { limit: 1 } } };
    assert.match((await post("/v1/operators", operator)).body.errors[0].detail, /unknown field/);
    assert.deepEqual([await get(keyOf(tenant, key)), await get(of(tenant)), await audit(tenant)], before);
  });
});

describe("an operator of one tenant", () => {
  const SCOPES = ["keys:read", "keys:write"];
  const values = (limit) => ({ rate_limits: { "per-second": { limit } } });

  test("lowers a key's limits, and gets no more than its plan gives in any way", async () => {
    const tenant = aTenant();
    const { key } = await rig.operator(tenant, SCOPES);
    await ok(patch(of(tenant), { plan: "free" }));
    const create = (fields) => post(`${of(tenant)}/keys`, { name: "x", scopes: ["read:leads"], ...fields }, { key });
    const made = (await ok(create(values(4)))).body;
    const path = keyOf(tenant, made);
    assert.deepEqual(made.rate_limits, { "per-second": { limit: 4 } });
    await ok(patch(path, values(3), { key }));
    const before = [await get(path), await get(of(tenant)), await audit(tenant), await limits(path)];
    const line = () => ({ ...importable(), expires_at: made.expires_at, ...values(6) });
    const raises = [
      create(values(6)),
      create(values(null)),
      create({ quotas: { daily: { limit: 101 } } }),
      patch(path, values(4), { key }),
      patch(path, values(6), { key }),
      patch(path, values(null), { key }),
      patch(path, { rate_limits: { "per-second": null } }, { key }),
      patch(path, { rate_limits: null }, { key }),
      patch(path, { name: "changed", quotas: { daily: { limit: MAX } } }, { key }),
    ];
    for (const raise of raises) {
      const answer = await raise;
      assert.deepEqual([answer.status, answer.code], [403, "EXCEEDS_OWN_RIGHTS"], answer.text);
      assert.match(answer.body.detail, /"(per-second|daily)"/);
    }
    const others = [
      patch(of(tenant), { plan: "pro" }, { key }),
      patch(of(tenant), values(6), { key }),
      post(`${of(tenant)}/quotas/monthly/add`, { amount: 1 }, { key }),
      post(`${path}/quotas/daily/add`, { amount: 1 }, { key }),
      post(`${of(tenant)}/limits/restore`, { to: new Date(Date.now() - DAY).toISOString() }, { key }),
    ];
    for (const other of others) assert.deepEqual(await refusal(other), [403, "TENANT_NOT_ALLOWED"]);
    const imported = await post(`${of(tenant)}/keys/import`, { keys: [line()] }, { key });
    assert.equal(imported.code, "IMPORT_FAILED", imported.text);
    const [{ status, errors }] = imported.body.results;
    assert.deepEqual([status, errors[0].field], ["failed", "rate_limits"]);
    assert.match(errors[0].detail, /"per-second"/);
    assert.deepEqual([await get(path), await get(of(tenant)), await audit(tenant), await limits(path)], before);
    const { body: successor } = await ok(post(`${path}/rotate`, {}, { key }));
    assert.deepEqual(successor.rate_limits, { "per-second": { limit: 3 } }, "a rotation sheds no limit");
    const read = await rig.manage("GET", `${keyOf(tenant, successor)}/limits`, undefined, { key });
    assert.equal(read.status, 200, read.text);
  });

  test("sets a maximum: it gives way to a plan that becomes lower, and is no limit on one that becomes higher", async () => {
    const tenant = aTenant();
    const { key } = await rig.operator(tenant, SCOPES);
    const { body: made } = await ok(
      post(`${of(tenant)}/keys`, { name: "x", scopes: ["read:leads"], ...values(10) }, { key }),
    );
    const perSecond = async () => (await limits(keyOf(tenant, made)))["per-second"];
    assert.equal(await perSecond(), 10);
    await ok(patch(of(tenant), { plan: "free" }));
    assert.equal(await perSecond(), 5);
    await ok(patch(of(tenant), { plan: "pro" }));
    assert.equal(await perSecond(), 10);
    const again = importable();
    const lines = { keys: [{ ...again, ...values(10) }] };
    await ok(post(`${of(tenant)}/keys/import`, lines, { key }));
    const same = await ok(post(`${of(tenant)}/keys/import`, lines, { key }));
    assert.equal(same.body.results[0].differs, undefined, "it is what the line says");
  });

  test("takes back no value that an operator of all tenants has set", async () => {
    const tenant = aTenant();
    const { key } = await rig.operator(tenant, SCOPES);
    const made = await rig.create(tenant, { ...values(20), quotas: { daily: { limit: 500 } } });
    const path = keyOf(tenant, made);
    assert.deepEqual(await refusal(patch(path, { rate_limits: null }, { key })), [403, "EXCEEDS_OWN_RIGHTS"]);
    const lowered = await ok(patch(path, { quotas: { daily: { limit: 400 } } }, { key }));
    assert.deepEqual(lowered.body.quotas, { daily: { limit: 400 } });
    assert.deepEqual(await limits(path), { "per-second": 20, daily: 400 });
    assert.deepEqual(await refusal(patch(path, { quotas: { daily: { limit: 500 } } }, { key })), [403, "EXCEEDS_OWN_RIGHTS"]);
    await ok(patch(path, { quotas: { daily: null } }, { key }));
    assert.deepEqual(await limits(path), { "per-second": 20, daily: 100 });
  });
});

describe("what is left", () => {
  test("is shown of a key, and of what the tenant's keys share", async () => {
    const tenant = aTenant();
    await ok(patch(of(tenant), { plan: "free" }));
    const [one, two] = [await rig.create(tenant), await rig.create(tenant)];
    await limits(of(tenant));
    await use(tenant, one, 3);
    await use(tenant, two, 1);
    const { limits: shown } = await get(`${keyOf(tenant, one)}/limits`);
    assert.deepEqual(
      shown.map(({ resets_at, ...rest }) => rest),
      [
        { kind: "rate", limit: 5, name: "per-second", per: "key", remaining: 2, window_seconds: 1 },
        { kind: "quota", limit: 100, name: "daily", per: "key", period: "day", remaining: 97 },
        { kind: "quota", limit: 1000, name: "monthly", per: "tenant", period: "month", remaining: 996 },
      ],
    );
    const [rate, daily] = shown.map(({ resets_at }) => secondsFromNow(resets_at));
    assert.ok(rate < 1.1, `${rate}`);
    assert.ok(daily > 0 && daily <= 24 * 3600 + 1, `${daily}`);
    const now = new Date();
    const month = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1);
    assert.ok(Math.abs(Date.parse(shown[2].resets_at) - month) < 1000, shown[2].resets_at);
    assert.deepEqual((await get(`${of(tenant)}/limits`)).limits.map(({ name, remaining }) => [name, remaining]), [["monthly", 996]]);
    const missing = await rig.manage("GET", `${of(tenant)}/keys/key_${"0".repeat(20)}/limits`);
    assert.deepEqual([missing.status, missing.code], [404, "KEY_NOT_FOUND"]);
  });

  test("is not known while the limiter can't be reached, and the answer says so", async () => {
    const tenant = aTenant();
    await rig.create(tenant);
    await rig.limiter("down", "ledgers");
    const answer = await rig.manage("GET", `${of(tenant)}/limits`);
    assert.deepEqual([answer.status, answer.code], [503, "DEPENDENCY_UNAVAILABLE"]);
    assert.match(answer.body.detail, /limiter can't be reached/);
  });

  test("a limiter that knows nothing of a tenant is told everything when an edge asks for it", async () => {
    const tenant = aTenant();
    const keys = [await rig.create(tenant, { rate_limits: { "per-second": { limit: 7 } } }), await rig.create(tenant)];
    await ok(patch(of(tenant), { plan: "pro" }));
    // As if its storage were new.
    await rig.limiterHandle(`__object/LIMITER/${tenant}/__sql`, "DELETE FROM keys");
    await rig.limiterHandle(`__object/LIMITER/${tenant}/__sql`, "DELETE FROM tenant");
    await rig.limiterHandle(`__object/LIMITER/${tenant}/__sql`, "DELETE FROM state");
    await rig.evictLimiter(tenant);
    const ask = async ({ id: key }) => {
      const asking = { key, need: 0, want: 0, lifetime_ms: 0, reports: [] };
      return (await rig.limiterHandle(`__object/LIMITER/${tenant}/ask`, asking)).body;
    };
    assert.equal(await ask(keys[0]), "unknown");
    const rows = await rig.sql(tenant, "SELECT * FROM outbox");
    const told = await rig.object("LEDGER", tenant, "tell-limits", { request_id: "req_1" });
    assert.deepEqual([told.status, told.body], [200, {}]);
    assert.deepEqual(await rig.sql(tenant, "SELECT * FROM outbox"), rows, "it writes nothing");
    const perSecond = async (key) => (await ask(key)).known.limits[0].applied.limit;
    assert.deepEqual([await perSecond(keys[0]), await perSecond(keys[1])], [7, 100]);
    await rig.limiter("down", "ledgers");
    assert.equal((await rig.object("LEDGER", tenant, "tell-limits", { request_id: "req_1" })).status, 503);
  });
});

describe("a restore", () => {
  const restore = (tenant, to, options) => post(`${of(tenant)}/limits/restore`, { to }, options);
  const ago = (ms) => new Date(Date.now() - ms).toISOString();

  test("takes the counts back: nothing is admitted for a while, quotas count as used up, and all is told again", async () => {
    const tenant = aTenant();
    await ok(patch(of(tenant), { plan: "free" }));
    const key = await rig.create(tenant);
    await limits(of(tenant));
    await rig.limiterHandle(`__object/LIMITER/${tenant}/__point`);
    await ok(patch(keyOf(tenant, key), { rate_limits: { "per-second": { limit: 4 } } }));
    const to = ago(3_600_000);
    const restored = await ok(restore(tenant, to));
    assert.deepEqual([restored.status, restored.body], [202, { restored_to: to }]);
    const shown = await eventually(() => get(`${keyOf(tenant, key)}/limits`));
    assert.deepEqual(shown.limits.map(({ name, limit, remaining }) => [name, limit, remaining]), [
      ["per-second", 4, 0],
      ["daily", 100, 0],
      ["monthly", 1000, 0],
    ]);
    assert.ok(secondsFromNow(shown.limits[0].resets_at) > 10, shown.limits[0].resets_at);
    const added = await ok(post(`${of(tenant)}/quotas/monthly/add`, { amount: 50 }));
    assert.equal(added.body.remaining, 50);
    await ok(patch(of(tenant), { quotas: { monthly: { limit: 5000 } } }));
    assert.equal((await limit(of(tenant), "monthly")).remaining, 50, "whatever the quota becomes");
    const [entry] = (await audit(tenant)).filter(({ action }) => action === "limits_restored");
    assert.deepEqual(entry.detail, { restored_to: { from: null, to } });
  });

  test("is for a time of the last 30 days, and for points that the platform keeps", async () => {
    const tenant = aTenant();
    for (const to of [ago(-60_000), ago(30 * DAY + 60_000), "yesterday", 5, null]) {
      const answer = await restore(tenant, to);
      assert.deepEqual([answer.status, answer.body.errors?.[0].field], [422, "to"], answer.text);
    }
    assert.deepEqual(await audit(tenant), []);
    // The local platform keeps none.
    const refused = await restore(tenant, ago(60_000));
    assert.deepEqual([refused.status, refused.code], [503, "DEPENDENCY_UNAVAILABLE"]);
    assert.match(refused.body.detail, /can't go back to this point/);
    await rig.limiter("down", "ledgers");
    const unreachable = await restore(tenant, ago(60_000));
    assert.deepEqual([unreachable.status, unreachable.code], [503, "DEPENDENCY_UNAVAILABLE"]);
    assert.match(unreachable.body.detail, /limiter can't be reached/);
    assert.deepEqual((await audit(tenant)).map(({ action }) => action), ["limits_restored", "limits_restored"]);
  });
});

test("a tenant that doesn't exist has the limits of a new one, and no object is made for it", async () => {
  const nobody = await get("/v1/tenants/nobody/limits");
  assert.deepEqual(nobody, { limits: [] });
  const before = await rig.limiterCalls("ledgers");
  await get("/v1/tenants/nobody-else/limits");
  assert.deepEqual(await rig.limiterCalls("ledgers"), before);
});
