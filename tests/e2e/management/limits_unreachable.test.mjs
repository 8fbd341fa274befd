// Changes of limits while the limiter or the feed can't be reached, and where there are no limits.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, afterEach, before, describe, test } from "node:test";

import { aTenant, HELD_MS, keyOf, limiting, LIMITS, of, ok, refusal, secondsFromNow } from "../../support/limiting.mjs";
import { eventually, importable, startRig } from "../../support/rig.mjs";

let rig, audit, get, limit, limits, patch, post;
before(async () => {
  rig = await startRig({ name: "management-limits-unreachable", edges: {}, handles: true, settings: LIMITS });
  ({ audit, get, limit, limits, patch, post } = limiting(rig));
});
after(() => rig.close());
afterEach(async () => {
  await rig.limiter("ok", "ledgers");
  await rig.feed("ledgers", "ok");
});

describe("while the limiter can't be reached", () => {
  test("a change of limits is pending; it is told by itself, and to whoever asks again", async () => {
    const tenant = aTenant();
    const key = await rig.create(tenant);
    const path = keyOf(tenant, key);
    const own = { rate_limits: { "per-second": { limit: 3 } } };
    await rig.limiter("down", "ledgers");
    const pending = await patch(path, own);
    assert.deepEqual([pending.status, pending.code, pending.body.key_id], [503, "CHANGE_PENDING", key.id]);
    assert.deepEqual((await get(path)).rate_limits, own.rate_limits, "it is recorded");
    assert.equal((await patch(path, own)).code, "CHANGE_PENDING");
    assert.equal((await get(path)).version, 2);
    const planned = await patch(of(tenant), { plan: "free" });
    assert.deepEqual([planned.status, planned.code], [503, "CHANGE_PENDING"]);
    assert.equal((await patch(of(tenant), { plan: "free" })).code, "CHANGE_PENDING");
    const settings = await ok(patch(of(tenant), { max_active_keys: 9 }));
    assert.equal(settings.body.plan, "free");
    await rig.limiter("ok", "ledgers");
    const taken = await ok(patch(path, own));
    assert.ok(Math.abs(secondsFromNow(taken.body.effective_by) - HELD_MS / 1000) < 2, taken.body.effective_by);
    assert.deepEqual(await limits(path), { "per-second": 3, daily: 100, monthly: 1000 }, "and the plan is told with it");
    await rig.limiter("down", "ledgers");
    assert.equal((await patch(of(tenant), { plan: "pro" })).code, "CHANGE_PENDING");
    await rig.limiter("ok", "ledgers");
    await eventually(async () => assert.deepEqual(await limits(path), { "per-second": 3, monthly: 9000 }));
    assert.deepEqual(await rig.sql(tenant, "SELECT * FROM outbox WHERE stage = 'tell'"), []);
  });

  test("no other change waits for it, or fails", async () => {
    const tenant = aTenant();
    const key = await rig.create(tenant, { rate_limits: { "per-second": { limit: 3 } } });
    const path = keyOf(tenant, key);
    await rig.limiter("hang", "ledgers");
    const hanging = patch(path, { rate_limits: { "per-second": { limit: 2 } } });
    const begun = Date.now();
    await ok(patch(path, { name: "another" }));
    await ok(post(`${path}/disable`));
    await ok(post(`${path}/enable`));
    const revoked = await ok(post(`${path}/revoke`));
    assert.ok(Date.now() - begun < 1500, `${Date.now() - begun} ms`);
    assert.ok(secondsFromNow(revoked.body.effective_by) < 5);
    const { status, code } = await hanging;
    assert.deepEqual([status, code], [503, "CHANGE_PENDING"]);
  });

  test("a key is made all the same, and its own values follow", async () => {
    const tenant = aTenant();
    await rig.limiter("down", "ledgers");
    const own = { rate_limits: { "per-second": { limit: 3 } } };
    const key = await rig.create(tenant, own);
    assert.ok(key.effective_by, "the feed has it");
    const line = { ...importable(), ...own };
    const imported = await ok(post(`${of(tenant)}/keys/import`, { keys: [line] }));
    const { body: successor } = await ok(post(`${keyOf(tenant, key)}/rotate`));
    assert.ok(successor.effective_by);
    await rig.limiter("ok", "ledgers");
    for (const id of [successor.id, imported.body.results[0].id]) {
      await eventually(async () => assert.equal((await limits(`${of(tenant)}/keys/${id}`))["per-second"], 3));
    }
    const untold = () => rig.sql(tenant, "SELECT * FROM outbox WHERE stage = 'tell'");
    await eventually(async () => assert.deepEqual(await untold(), []));
  });

  test("an addition is pending, and made once, however often it is sent again", async () => {
    const tenant = aTenant();
    const key = await rig.create(tenant);
    const path = `${keyOf(tenant, key)}/quotas/daily/add`;
    const options = { headers: { "Idempotency-Key": randomUUID() } };
    await rig.limiter("down", "ledgers");
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const pending = await post(path, { amount: 5 }, options);
      assert.deepEqual([pending.status, pending.code], [503, "CHANGE_PENDING"]);
    }
    assert.deepEqual(await refusal(post(path, { amount: 6 }, options)), [422, "IDEMPOTENCY_KEY_REUSED"]);
    await rig.evictLedger(tenant);
    await rig.limiter("ok", "ledgers");
    const added = await ok(post(path, { amount: 5 }, options));
    assert.equal(added.body.remaining, 105);
    assert.equal((await audit(tenant)).filter(({ action }) => action === "quota_added").length, 1);
    await rig.limiter("down", "ledgers");
    assert.equal((await post(path, { amount: 2 })).code, "CHANGE_PENDING");
    await rig.limiter("ok", "ledgers");
    await eventually(async () => assert.equal((await limit(keyOf(tenant, key), "daily")).remaining, 107));
  });
});

test("while the feed can't be reached, the limiter is told", async () => {
  const tenant = aTenant();
  const key = await rig.create(tenant);
  await rig.feed("ledgers", "down");
  const pending = await patch(keyOf(tenant, key), { rate_limits: { "per-second": { limit: 3 } } });
  assert.equal(pending.code, "CHANGE_PENDING");
  assert.equal((await limits(keyOf(tenant, key)))["per-second"], 3);
});

test("where there are no limits nobody waits for the limiter, and it hears of plans all the same", async () => {
  const none = await startRig({ name: "management-no-limits", edges: {}, handles: true });
  try {
    const key = await none.create();
    assert.deepEqual([key.rate_limits, key.quotas], [{}, {}]);
    await none.limiter("hang", "ledgers");
    const begun = Date.now();
    for (const path of ["/v1/tenants/acme/limits", `/v1/tenants/acme/keys/${key.id}/limits`]) {
      assert.deepEqual((await none.manage("GET", path)).body, { limits: [] });
    }
    const planned = await none.manage("PATCH", "/v1/tenants/acme", { plan: "pro" });
    assert.deepEqual([planned.status, "effective_by" in planned.body], [200, false]);
    assert.equal((await none.manage("POST", `/v1/tenants/acme/keys/${key.id}/rotate`)).status, 201);
    assert.ok(Date.now() - begun < 1500, `${Date.now() - begun} ms`);
    assert.equal((await none.manage("POST", "/v1/tenants/acme/quotas/monthly/add", { amount: 1 })).code, "QUOTA_NOT_FOUND");
    await none.limiter("ok", "ledgers");
    await eventually(async () => {
      const { body } = await none.limiterHandle("__object/LIMITER/acme/__sql", "SELECT terms FROM tenant");
      assert.equal(JSON.parse(body.rows[0].terms).plan, "pro");
    });
  } finally {
    await none.close();
  }
});
