// An upgrade from the previous version, as its user does it: what that version stored is read by this one, both run at
// once while a deploy is under way, and a rollback finds what this one has stored. The tests are the steps of one
// project's life, in their order.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { twoVersions } from "./versions.mjs";

const TOML = `
name = "Gate"
[keys]
prefix = "gate"
allow_imported = ["sk_live_"]
[[scopes]]
name = "read"
[[scopes]]
name = "write"
[edge]
max_staleness_ms = 500
when_feed_unreachable = "kv"
[usage]
flush_seconds = 1
[[rate_limits]]
name = "per-minute"
limit = 1000
window_seconds = 60
[[quotas]]
name = "monthly"
limit = 1000
period = "month"
[limits]
rate_limits = ["per-minute"]
quotas = ["monthly"]
[[upstreams]]
name = "api"
service = "UPSTREAM"
[[routes]]
path = "/api/*"
upstream = "api"
read = ["read"]
write = ["write"]
[[routes]]
path = "/strict/*"
upstream = "api"
read = ["read"]
strict = true
[deploy.services]
UPSTREAM = "keystile-demo-upstream"
`;
const SK = "sk_live_0123456789abcdefghij";

let project;
let running;
/** The keys by name, as they were created. */
const keys = {};
/** An endpoint for events, which the previous version doesn't have. */
let endpoint;
/** The audit log of the tenant, oldest first, as it was last seen. */
let audited = [];

before(() => (project = twoVersions(TOML)));
after(async () => {
  await running?.stop();
  project?.remove();
});

const now = async (start) => {
  await running?.stop();
  running = undefined;
  running = await start();
};

async function api(method, path, body, { key = running.stack.root_key } = {}) {
  const response = await fetch(`${running.stack.manage}/v1${path}`, {
    method,
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", Prefer: "wait=5" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text);
}
const create = async (name, fields = {}, tenant = "acme") =>
  (keys[name] = await api("POST", `/tenants/${tenant}/keys`, { name, scopes: ["read"], ...fields }));
const act = (name, action, body) => api("POST", `/tenants/acme/keys/${keys[name].id}/${action}`, body ?? {});

/** The status of a call with a key, or the code of its refusal. */
async function use(text, path = "/api/orders", method = "GET") {
  const response = await fetch(`${running.stack.edge}${path}`, { method, headers: { Authorization: `Bearer ${text}` } });
  const answer = await response.json();
  return response.status === 200 ? 200 : answer.code;
}

/** Asks again for some seconds: the workers have just started, and a change takes a moment. */
async function until(check) {
  for (const end = Date.now() + 15_000; ; await delay(100)) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}

/** The rights of each key at the edge, on a route and on a strict one. */
const EXPECTED = {
  plain: 200,
  rich: 200,
  rotated: 200,
  successor: 200,
  imported: 200,
  disabled: "DISABLED",
  revoked: "REVOKED",
  frozen: "TENANT_SUSPENDED",
};
async function holds() {
  await until(async () => {
    for (const [name, expected] of Object.entries(EXPECTED)) {
      for (const path of ["/api/orders", "/strict/orders"]) {
        assert.equal(await use(keys[name].key, path), expected, `${name} at ${path}`);
      }
    }
    assert.equal(await use(keys.plain.key, "/api/orders", "POST"), "INSUFFICIENT_SCOPE");
  });
  // The API's answers about them, and that no entry of the audit log is lost or changed.
  const rich = await api("GET", `/tenants/acme/keys/${keys.rich.id}`);
  assert.deepEqual([rich.metadata, rich.scopes, rich.expires_at], [{ plan: "pro", seats: 3 }, ["read", "write"], keys.rich.expires_at]);
  const { limits } = await api("GET", `/tenants/acme/keys/${keys.rich.id}/limits`);
  assert.deepEqual(Object.fromEntries(limits.map(({ name, limit }) => [name, limit])), { "per-minute": 77, monthly: 500 });
  assert.equal((await api("GET", "/tenants/acme")).limits.max_active_keys, 50);
  assert.equal((await api("GET", "/scopes", undefined, { key: keys.operator.key })).scopes.length, 2);
  const log = [];
  for (let cursor = ""; cursor !== null; ) {
    const page = await api("GET", `/tenants/acme/audit?limit=100${cursor && `&cursor=${cursor}`}`);
    log.unshift(...page.entries.toReversed());
    cursor = page.next_cursor ?? null;
  }
  assert.deepEqual(log.slice(0, audited.length), audited);
  audited = log;
}

/** Keys are created, changed and revoked, and that takes effect. */
async function changes(name) {
  await create(name, { metadata: { by: name } });
  await until(async () => assert.equal(await use(keys[name].key), 200));
  await act(name, "disable");
  assert.equal(await use(keys[name].key), "DISABLED");
  await act(name, "enable");
  assert.equal(await use(keys[name].key), 200);
  await api("PATCH", `/tenants/acme/keys/${keys[name].id}`, { scopes: ["read", "write"] });
  assert.equal(await use(keys[name].key, "/api/orders", "POST"), 200);
  await create(`${name}, short`);
  await until(async () => assert.equal(await use(keys[`${name}, short`].key), 200));
  await act(`${name}, short`, "revoke", { reason: "test" });
  assert.equal(await use(keys[`${name}, short`].key), "REVOKED");
  assert.equal(await use(keys[`${name}, short`].key, "/strict/x"), "REVOKED");
  EXPECTED[name] = 200;
  EXPECTED[`${name}, short`] = "REVOKED";
}

/** The number of events that wait for an endpoint that nobody answers. */
async function waiting() {
  const { state, pending } = await api("GET", `/tenants/acme/event-endpoints/${endpoint.id}`);
  assert.equal(pending, false, "its object knows it");
  return state.waiting;
}

/** The uses of the month that the quota counted for a key. */
async function counted(name) {
  const { limits } = await api("GET", `/tenants/acme/keys/${keys[name].id}/limits`);
  const { limit, remaining } = limits.find(({ name }) => name === "monthly");
  return limit - remaining;
}

describe("an upgrade", () => {
  let used;

  test("before it, the previous version has keys of every kind", async () => {
    await now(() => project.run("old"));
    await create("plain");
    await create("rich", {
      scopes: ["read", "write"],
      metadata: { plan: "pro", seats: 3 },
      expires_at: new Date(Date.now() + 86_400_000).toISOString(),
      rate_limits: { "per-minute": { limit: 77 } },
    });
    await create("disabled");
    await act("disabled", "disable");
    await create("revoked");
    await act("revoked", "revoke", { reason: "leaked" });
    await create("rotated");
    keys.successor = await act("rotated", "rotate", { overlap_seconds: 86_400 });
    const digest = Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(SK))).toString("hex");
    const { results } = await api("POST", "/tenants/acme/keys/import", { keys: [{ digest, display: "sk_live_0123", name: "imported", scopes: ["read"] }] });
    keys.imported = { id: results[0].id, key: SK };
    await create("frozen", {}, "other");
    await api("POST", "/tenants/other/suspend", {});
    await api("PATCH", "/tenants/acme", { max_active_keys: 50, quotas: { monthly: { limit: 500 } } });
    keys.operator = await api("POST", "/operators", { name: "CI", tenant: "acme", scopes: ["keys:read", "keys:write"] });
    await holds();
    await changes("of the previous version");
    for (let call = 0; call < 20; call += 1) assert.equal(await use(keys.plain.key), 200);
    used = await until(async () => {
      const used = await counted("plain");
      assert.ok(used >= 20, `${used} uses`);
      return used;
    });
  });

  test("this version reads all of it, and works", async () => {
    await now(() => project.run("new"));
    await holds();
    assert.ok((await counted("plain")) >= used, "what quotas counted goes on");
    await changes("of this version");
    await api("POST", "/tenants/other/resume", {});
    await until(async () => assert.equal(await use(keys.frozen.key), 200));
    await api("POST", "/tenants/other/suspend", {});
    endpoint = await api("POST", "/tenants/acme/event-endpoints", { url: "https://hooks.example.org/in" });
    await create("told of");
    await until(async () => assert.ok((await waiting()) > 0));
    await holds();
  });

  // The order of a deploy: hooks, sender, limiter, edge, manage. A rollback goes the other way, and leaves the sender, which
  // the previous version doesn't have.
  for (const [title, versions] of [
    ["the management worker is still the previous one", { manage: "old" }],
    ["the edge is still the previous one", { edge: "old" }],
    ["the limiter is still the previous one", { limiter: "old" }],
    ["the limiter alone is this one", { edge: "old", manage: "old" }],
  ]) {
    test(`both run at once: ${title}`, async () => {
      await now(() => project.mixed(versions));
      await holds();
      await changes(title);
      await holds();
    });
  }

  test("after a rollback the previous version works with what this one has stored", async () => {
    await now(() => project.run("old"));
    await holds();
    assert.ok((await counted("plain")) >= used);
    await changes("of the previous version again");
    await holds();
  });

  test("and the upgrade is made again", async () => {
    await now(() => project.run("new"));
    await holds();
    const before = await waiting();
    await changes("of this version again");
    await until(async () => assert.ok((await waiting()) > before));
    await holds();
  });
});
