// keystile/client over the real workers.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";

import { Keystile, KeystileError } from "../../../packages/keystile/src/client/index.ts";
import { eventually, ROOT_KEY, startRig, WITH_LIMITS, WITH_SOURCE } from "../../support/rig.mjs";

let rig;
let keystile;
before(async () => {
  const settings = {
    'prefix = "knq"': 'prefix = "knq"\nallow_imported = ["sk_live_"]',
    "\n[edge]": WITH_LIMITS,
    ...WITH_SOURCE,
  };
  // Without edges the management worker is the first, which has an address.
  rig = await startRig({ name: "client", edges: {}, settings, hooks: {} });
  keystile = new Keystile({ url: rig.url, key: ROOT_KEY });
});
after(() => rig.close());

const refusal = async (promise, code) => {
  const error = await promise.then(() => assert.fail("it succeeded"), (error) => error);
  assert.ok(error instanceof KeystileError, String(error));
  assert.equal(error.code, code);
  return error;
};

test("a key from its creation to its end", async () => {
  const made = await keystile.keys.create("acme", { name: "first", scopes: ["read:leads"], metadata: { plan: "pro" } });
  assert.match(made.key, /^knq_live_/);
  const shown = await keystile.keys.get("acme", made.id, { include: "usage" });
  assert.deepEqual([shown.name, shown.status, shown.usage["24h"].allowed], ["first", "active", 0]);
  const changed = await keystile.keys.update("acme", made.id, { name: "second" }, { ifVersion: shown.version });
  assert.deepEqual([changed.name, changed.version], ["second", shown.version + 1]);
  await refusal(keystile.keys.update("acme", made.id, { name: "third" }, { ifVersion: shown.version }), "VERSION_MISMATCH");
  assert.equal((await keystile.keys.disable("acme", made.id)).status, "disabled");
  assert.equal((await keystile.keys.enable("acme", made.id)).status, "active");
  assert.deepEqual((await keystile.keys.eraseMetadata("acme", made.id)).metadata, {});
  const successor = await keystile.keys.rotate("acme", made.id, { overlap_seconds: 600 });
  assert.equal(successor.replaces.id, made.id);
  assert.equal((await keystile.keys.cancelRotation("acme", made.id)).pending_end, null);
  const revoked = await keystile.keys.revoke("acme", made.id, { reason: "leaked" }, { wait: 10 });
  assert.deepEqual([revoked.status, revoked.revoke_reason], ["revoked", "leaked"]);
  assert.equal((await keystile.keys.usage("acme", made.id, { period: "24h" })).hourly.length, 24);
  const { limits } = await keystile.keys.limits("acme", successor.id);
  assert.deepEqual(limits.map(({ name }) => name), ["per-second", "daily", "monthly"]);
  const more = await keystile.keys.addToQuota("acme", successor.id, "daily", 5);
  assert.equal(more.remaining, 1005);
});

test("the same Idempotency-Key gives the first key, without its text", async () => {
  const options = { idempotencyKey: "once" };
  const made = await keystile.keys.create("acme", { name: "once", scopes: ["read:leads"] }, options);
  const again = await keystile.keys.create("acme", { name: "once", scopes: ["read:leads"] }, options);
  assert.deepEqual([again.id, again.key, again.replayed], [made.id, null, true]);
});

test("a key that was made by a try whose answer was lost is named, and is one key", async () => {
  let lost = 0;
  const losing = async (...args) => {
    const response = await fetch(...args);
    if (lost++ > 0) return response;
    throw new TypeError("fetch failed");
  };
  const unlucky = new Keystile({ url: rig.url, key: ROOT_KEY, fetch: losing });
  const error = await refusal(unlucky.keys.create("unlucky", { name: "a", scopes: ["read:leads"] }), "KEY_LOST");
  const ids = [];
  for await (const { id } of keystile.keys.list("unlucky")) ids.push(id);
  assert.deepEqual(ids, [error.answer.id]);
});

test("a list is read over all its pages, and page by page", async () => {
  for (let n = 0; n < 7; n += 1) await keystile.keys.create("paged", { name: `key ${n}`, scopes: ["read:leads"] });
  const list = keystile.keys.list("paged", { limit: 3, status: "active" });
  const names = [];
  for await (const { name } of list) names.push(name);
  assert.deepEqual(names, [6, 5, 4, 3, 2, 1, 0].map((n) => `key ${n}`));
  const first = await list.page();
  assert.equal(first.keys.length, 3);
  assert.equal((await list.page(first.next_cursor)).keys[0].name, "key 3");
});

test("import, and revocation of many", async () => {
  const digest = createHash("sha256").update("sk_live_4eC39HqLyjWDarjtT1zdp7dc").digest("hex");
  const line = { digest, display: "sk_live_4eC3", name: "imported", scopes: ["read:leads"] };
  const report = await keystile.keys.import("initech", [line, { ...line, digest: "none" }]);
  assert.deepEqual([report.imported, report.failed], [1, 1]);
  const failed = await refusal(keystile.keys.import("initech", [{ ...line, digest: "none" }]), "IMPORT_FAILED");
  assert.equal(failed.problem.results[0].errors[0].field, "digest");
  const { revoked, more } = await keystile.keys.revokeMany("initech", { all: true, reason: "moved" });
  assert.deepEqual([revoked, more], [1, false]);
});

test("tenants: settings, suspension, limits, use, customers' sessions", async () => {
  await keystile.keys.create("globex", { name: "a", scopes: ["read:leads"] });
  const tenant = await keystile.tenants.update("globex", { max_active_keys: 5 });
  assert.equal(tenant.limits.max_active_keys, 5);
  assert.equal((await keystile.tenants.suspend("globex")).suspended, true);
  assert.equal((await keystile.tenants.get("globex")).suspended, true);
  assert.equal((await keystile.tenants.resume("globex", { ifVersion: (await keystile.tenants.get("globex")).version })).suspended, false);
  await refusal(keystile.tenants.suspend("nobody"), "TENANT_NOT_FOUND");
  assert.deepEqual((await keystile.tenants.limits("globex")).limits.map(({ name }) => name), ["monthly"]);
  assert.equal((await keystile.tenants.addToQuota("globex", "monthly", 7)).remaining, 1007);
  assert.equal((await keystile.tenants.usage("globex")).all.allowed, 0);
  await refusal(keystile.tenants.restoreLimits("globex", "2020-01-01T00:00:00Z"), "INVALID_REQUEST");
  const person = { actor: { id: "1", name: "Ada" }, may: ["keys:read"], scopes: [] };
  const { token } = await keystile.tenants.createPortalSession("globex", person);
  const customer = new Keystile({ url: rig.url, key: async () => token });
  assert.equal((await customer.portalSession.get()).actor.name, "Ada");
  await refusal(customer.tenants.list().page(), "PORTAL_NOT_ALLOWED");
  await eventually(async () => {
    const names = [];
    for await (const { tenant } of keystile.tenants.list({ q: "glob" })) names.push(tenant);
    assert.deepEqual(names, ["globex"]);
  });
});

test("operators, whose key opens the API as far as it goes", async () => {
  const made = await keystile.operators.create({ name: "reader", scopes: ["keys:read"], tenant: "acme" });
  const reader = new Keystile({ url: rig.url, key: made.key });
  assert.equal((await reader.session.get()).operator.name, "reader");
  const refused = await refusal(reader.keys.create("acme", { name: "a", scopes: ["read:leads"] }), "INSUFFICIENT_SCOPE");
  assert.match(refused.requestId, /^req_/);
  await refusal(reader.keys.list("globex").page(), "TENANT_NOT_ALLOWED");
  const next = await keystile.operators.rotate(made.id, { overlap_seconds: 600 });
  await keystile.operators.cancelRotation(made.id);
  assert.equal((await keystile.operators.get(next.id)).rotated_from, made.id);
  assert.equal((await keystile.operators.revoke(next.id)).status, "revoked");
  const names = [];
  for await (const { name } of keystile.operators.list({ q: "reader", limit: 1 })) names.push(name);
  assert.deepEqual(names, ["reader", "reader"]);
  await eventually(() => refusal(new Keystile({ url: rig.url, key: next.key }).plans(), "REVOKED"));
});

test("audit logs, as pages and as a stream that goes on where it stood", async () => {
  const listed = [];
  for await (const { id } of keystile.audit.list("acme", { limit: 2 })) listed.push(id);
  const exported = [];
  for await (const { id } of keystile.audit.export("acme")) exported.push(id);
  assert.ok(listed.length > 5);
  assert.deepEqual(exported, listed.toReversed());
  const later = [];
  for await (const { id } of keystile.audit.export("acme", { after: exported[2] })) later.push(id);
  assert.deepEqual(later, exported.slice(3));
  const actions = [];
  for await (const { action } of keystile.audit.exportOperators()) actions.push(action);
  assert.ok(actions.includes("created") && actions.includes("revoked"), actions.join());
  assert.ok((await keystile.audit.listOperators().page()).entries.length > 0);
});

test("webhooks: sources, deliveries, dead letters", async () => {
  const { sources } = await keystile.webhooks.sources();
  assert.deepEqual(sources.map(({ source }) => source), ["queued"]);
  const id = await rig.bury("queued");
  assert.deepEqual((await keystile.webhooks.deadLetters("queued").page()).dead_letters.map((each) => each.id), [id]);
  assert.equal((await keystile.webhooks.deadLetterBody("queued", id)).body_bytes, 0);
  assert.equal((await keystile.webhooks.discard("queued", id)).status, "discarded");
  await refusal(keystile.webhooks.redrive("queued", id), "DEAD_LETTER_NOT_FOUND");
  assert.equal((await keystile.webhooks.redriveMany("queued")).redriven, 0);
  const kept = await rig.remember("queued", { kept: true });
  assert.deepEqual((await keystile.webhooks.deliveries("queued", { outcome: "delivered" }).page()).deliveries.map((each) => each.id), [kept]);
  assert.equal((await keystile.webhooks.replay("queued", kept)).status, "queued");
  assert.deepEqual((await keystile.webhooks.handshakes("queued")).handshakes, []);
  await refusal(keystile.webhooks.reveal("queued", "hsk_Qh0a9zVVqE0eTn6ZPmRf"), "HANDSHAKE_NOT_FOUND");
});

test("the deployment: overview, use, plans, scopes, health, document", async () => {
  assert.ok((await keystile.overview({ unused_for_days: 1 })).tenants >= 0);
  assert.equal((await keystile.usage({ period: "24h" })).hourly.length, 24);
  assert.deepEqual((await keystile.plans()).plans.map(({ name }) => name), ["free", "pro"]);
  assert.ok((await keystile.catalog()).scopes.length > 0);
  assert.equal((await new Keystile({ url: rig.url }).health()).status, "ok");
  assert.equal((await keystile.openapi()).openapi, "3.1.1");
});

test("no key, a wrong one, and a session's cookie that is missing are told as they are", async () => {
  await refusal(new Keystile({ url: rig.url }).plans(), "MISSING_CREDENTIAL");
  const error = await refusal(new Keystile({ url: rig.url, key: `ksroot_${"x".repeat(43)}` }).plans(), "MALFORMED");
  assert.equal(error.status, 401);
  await refusal(new Keystile({ url: rig.url, session: "portal" }).portalSession.get(), "SESSION_ENDED");
});
