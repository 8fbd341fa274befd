// Rate limits and quotas as the tests of their management set them, and what these tests do with them.

import assert from "node:assert/strict";

/** For `settings` of a stack: limits per second and day of each key, and by plan one per month of the tenant. */
export const LIMITS = {
  'prefix = "knq"': 'prefix = "knq"\nallow_imported = ["sk_live_"]',
  '[[plans]]\nname = "free"': `
[[rate_limits]]
name = "per-second"
limit = 20
window_seconds = 1

[[quotas]]
name = "daily"
limit = 100
period = "day"

[[quotas]]
name = "monthly"
limit = 1000
period = "month"
per = "tenant"

[limits]
rate_limits = ["per-second"]
quotas = ["daily"]

[[plans]]
name = "free"
rate_limits = [{ name = "per-second", limit = 5 }]
quotas = ["daily", "monthly"]`,
  'name = "pro"': 'name = "pro"\nrate_limits = [{ name = "per-second", limit = 100 }]\nquotas = [{ name = "monthly", limit = 9000 }]',
};
/** The time for which an isolate relies on what the limiter said, and the margin for clocks. */
export const HELD_MS = 20_500;

let tenants = 0;
/** A tenant of its own for each test. */
export const aTenant = () => `tenant-${(tenants += 1)}`;

export const of = (tenant) => `/v1/tenants/${tenant}`;
export const keyOf = (tenant, { id }) => `${of(tenant)}/keys/${id}`;

/** An answer that must be 2xx. */
export const ok = async (answering) => {
  const answer = await answering;
  assert.ok(answer.status < 300, answer.text);
  return answer;
};
export const refusal = async (answering) => {
  const { status, code } = await answering;
  return [status, code];
};
export const secondsFromNow = (time) => (Date.parse(time) - Date.now()) / 1000;

/** Helpers for limits in this stack. */
export function limiting(rig) {
  const get = async (path) => {
    const { status, text, body } = await rig.manage("GET", path);
    assert.equal(status, 200, text);
    return body;
  };
  const patch = (path, body, options) => rig.manage("PATCH", path, body, options);
  const post = (path, body, options) => rig.manage("POST", path, body, options);
  /** The limits at a path, each as name: limit. */
  const limits = async (path) =>
    Object.fromEntries((await get(`${path}/limits`)).limits.map(({ name, limit }) => [name, limit]));
  const limit = async (path, name) => (await get(`${path}/limits`)).limits.find((each) => each.name === name);
  /** The newest audit entries of a tenant, the oldest first. */
  const audit = async (tenant) => (await get(`${of(tenant)}/audit?limit=200`)).entries.toReversed();
  /** Uses up units as an edge does. */
  async function use(tenant, { id: key }, need) {
    const asking = { key, need, want: need, lifetime_ms: 0, reports: [] };
    const { body } = await rig.limiterHandle(`__object/LIMITER/${tenant}/ask`, asking);
    assert.ok(body.known?.granting.granted, JSON.stringify(body));
  }
  return { audit, get, limit, limits, patch, post, use };
}
