// Additions to quotas: whose they are, how long they last, and that each is made once.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, afterEach, before, describe, test } from "node:test";

import { aTenant, keyOf, limiting, LIMITS, of, ok, refusal } from "../../support/limiting.mjs";
import { eventually, startRig } from "../../support/rig.mjs";

const DAY = 24 * 3_600_000;
const MAX = 1_000_000_000;

let rig, audit, limit, limits, patch, post, use;
before(async () => {
  rig = await startRig({ name: "management-quota-additions", edges: {}, handles: true, settings: LIMITS });
  ({ audit, limit, limits, patch, post, use } = limiting(rig));
});
after(() => rig.close());
afterEach(async () => {
  await rig.limiter("ok", "ledgers");
  await rig.clock(0);
});

describe("additions", () => {
  const once = (key = randomUUID()) => ({ headers: { "Idempotency-Key": key } });

  test("give a quota more for its present period, once for each Idempotency-Key, and are audited", async () => {
    const tenant = aTenant();
    await ok(patch(of(tenant), { plan: "free" }));
    const key = await rig.create(tenant);
    await limits(of(tenant));
    await use(tenant, key, 5);
    const options = once();
    const added = await ok(post(`${of(tenant)}/quotas/monthly/add`, { amount: 500 }, options));
    const { resets_at, ...rest } = added.body;
    assert.deepEqual(rest, { kind: "quota", limit: 1000, name: "monthly", per: "tenant", period: "month", remaining: 1495 });
    const again = await ok(post(`${of(tenant)}/quotas/monthly/add`, { amount: 500.0 }, options));
    assert.deepEqual([again.body.replayed, again.body.remaining], [true, 1495]);
    assert.deepEqual(await refusal(post(`${of(tenant)}/quotas/monthly/add`, { amount: 1 }, options)), [422, "IDEMPOTENCY_KEY_REUSED"]);
    await ok(post(`${keyOf(tenant, key)}/quotas/daily/add`, { amount: 7 }));
    assert.equal((await limit(keyOf(tenant, key), "daily")).remaining, 102);
    assert.equal((await limit(of(tenant), "monthly")).remaining, 1495);
    const entries = (await audit(tenant)).filter(({ action }) => action === "quota_added");
    const facts = entries.map(({ key_id, detail }) => [key_id, detail.quota.to, detail.amount.to]);
    assert.deepEqual(facts, [[null, "monthly", 500], [key.id, "daily", 7]]);
    assert.equal(entries[0].detail.period_ends_at.to, resets_at.replace(/\d{3}Z$/, "000Z"));
    assert.deepEqual(await rig.sql(tenant, "SELECT * FROM outbox WHERE stage = 'tell'"), []);
  });

  test("to a successor are to the whole row of rotations", async () => {
    const tenant = aTenant();
    const key = await rig.create(tenant);
    const { body: successor } = await ok(post(`${keyOf(tenant, key)}/rotate`, { overlap_seconds: 60 }));
    await ok(post(`${keyOf(tenant, successor)}/quotas/daily/add`, { amount: 7 }));
    assert.equal((await limit(keyOf(tenant, key), "daily")).remaining, 107);
  });

  test("are made to a successor whose own value gives it the quota, which its predecessor hasn't", async () => {
    const tenant = aTenant();
    await ok(patch(of(tenant), { plan: "pro" }));
    const key = await rig.create(tenant);
    const { body: successor } = await ok(post(`${keyOf(tenant, key)}/rotate`, { overlap_seconds: 60 }));
    await ok(patch(keyOf(tenant, successor), { quotas: { daily: { limit: 5 } } }));
    const added = await ok(post(`${keyOf(tenant, successor)}/quotas/daily/add`, { amount: 10 }));
    assert.equal(added.body.remaining, 15);
  });

  test("hold through a plan without the quota", async () => {
    const tenant = aTenant();
    await ok(patch(of(tenant), { plan: "free" }));
    await limits(of(tenant));
    await rig.limiter("down", "ledgers");
    assert.equal((await post(`${of(tenant)}/quotas/monthly/add`, { amount: 10 })).code, "CHANGE_PENDING");
    await patch(of(tenant), { plan: null });
    await rig.limiter("ok", "ledgers");
    await ok(patch(of(tenant), { plan: null }));
    await eventually(async () => assert.deepEqual(await rig.sql(tenant, "SELECT * FROM outbox WHERE stage = 'tell'"), []));
    await ok(patch(of(tenant), { plan: "free" }));
    assert.equal((await limit(of(tenant), "monthly")).remaining, 1010);
  });

  test("need a quota of that name and of that owner", async () => {
    const tenant = aTenant();
    const key = await rig.create(tenant);
    const add = (path, name) => post(`${path}/quotas/${name}/add`, { amount: 1 });
    const details = async (path, names) => {
      for (const [name, detail] of Object.entries(names)) {
        const answer = await add(path, name);
        assert.deepEqual([answer.status, answer.code], [404, "QUOTA_NOT_FOUND"], name);
        assert.match(answer.body.detail, detail);
      }
    };
    await details(of(tenant), {
      weekly: /no quota with this name/,
      "per-second": /is a rate limit/,
      daily: /add to it with POST \S+\/keys\/\S+daily\/add/,
      monthly: /does not apply/,
    });
    await details(keyOf(tenant, key), {
      weekly: /no quota with this name/,
      monthly: /share .*add to it with POST \S+\/quotas\/monthly\/add/,
    });
    await ok(patch(keyOf(tenant, key), { quotas: { daily: { limit: null } } }));
    await details(keyOf(tenant, key), { daily: /does not apply/ });
    assert.deepEqual(await refusal(add(`${of(tenant)}/keys/key_${"0".repeat(20)}`, "daily")), [404, "KEY_NOT_FOUND"]);
    assert.deepEqual((await audit(tenant)).filter(({ action }) => action === "quota_added"), []);
  });

  test("that would make too large a quota, or are no whole number, add nothing", async () => {
    const tenant = aTenant();
    const key = await rig.create(tenant);
    const path = `${keyOf(tenant, key)}/quotas/daily/add`;
    for (const amount of [0, -1, 1.5, "5", MAX + 1, null]) {
      const answer = await post(path, { amount });
      assert.deepEqual([answer.status, answer.body.errors?.[0].field], [422, "amount"], answer.text);
    }
    await ok(post(path, { amount: MAX - 100 - 5 }));
    const more = await post(path, { amount: 6 });
    assert.equal(more.status, 422, more.text);
    assert.match(more.body.errors[0].detail, /^5 is the most/);
    await ok(post(path, { amount: 5 }));
    assert.equal((await limit(keyOf(tenant, key), "daily")).remaining, MAX);
    assert.equal((await rig.sql(tenant, "SELECT * FROM quota_additions")).length, 2);
  });

  test("are forgotten a day after their period", async () => {
    const tenant = aTenant();
    const key = await rig.create(tenant);
    await ok(post(`${keyOf(tenant, key)}/quotas/daily/add`, { amount: 5 }));
    const rows = () => rig.sql(tenant, "SELECT * FROM quota_additions");
    await rig.object("LEDGER", tenant, "__alarm");
    assert.equal((await rows()).length, 1);
    await rig.clock(2 * DAY + 1000);
    await rig.object("LEDGER", tenant, "__alarm");
    assert.equal((await rows()).length, 0);
  });
});
