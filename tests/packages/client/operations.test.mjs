// Each operation of the API's document is a method of keystile/client, which sends what the document says.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Keystile } from "../../../packages/keystile/src/client/index.ts";
import { operations, resolved } from "../../support/contract.mjs";

const [T, ID, S] = ["acme", "id_1", "github"];
const HOURS = { from: "2027-01-31T12:00:00Z", to: "2027-01-31T13:00:00Z" };
const first = (list) => list.page("cursor_1");
/** By operation id, the call. */
const CALLS = {
  getHealth: (k) => k.health(),
  getOpenApi: (k) => k.openapi(),
  beginSession: (k) => k.session.begin(),
  getSession: (k) => k.session.get(),
  endSession: (k) => k.session.end(),
  exchangePortalCode: (k) => k.portalSession.exchange("code"),
  getPortalSession: (k) => k.portalSession.get(),
  endPortalSession: (k) => k.portalSession.end(),
  createPortalSession: (k) => k.tenants.createPortalSession(T, { actor: { id: "1", name: "A" }, may: [], scopes: [] }),
  getCatalog: (k) => k.catalog(),
  listPlans: (k) => k.plans(),
  getOverview: (k) => k.overview({ near_cap_percent: 90 }),
  getMetrics: (k) => k.metrics(),
  exportUsage: (k) => k.exportUsage({ ...HOURS, after: "acme" }).next(),
  exportTenantUsage: (k) => k.tenants.exportUsage(T, { ...HOURS, after: "acme/1/key_1/VALID" }).next(),
  getUsage: (k) => k.usage({ period: "7d" }),
  // Without a last line an export fails.
  exportDeployment: (k) => assert.rejects(k.backup.exportAll({ after: "m" }).next()),
  exportTenant: (k) => assert.rejects(k.backup.exportTenant(T, { after: "m" }).next()),
  restoreTenant: (k) => k.backup.restoreTenant(T, { page: "…" }),
  restoreOperators: (k) => k.backup.restoreOperators({ header: "…", end: "…" }),
  listTenants: (k) => first(k.tenants.list({ q: "a" })),
  getTenant: (k) => k.tenants.get(T),
  updateTenant: (k) => k.tenants.update(T, { plan: "pro" }, { ifVersion: 1, wait: 1 }),
  eraseTenant: (k) => k.tenants.erase(T, T, { ifVersion: 1 }),
  suspendTenant: (k) => k.tenants.suspend(T, { ahead: true }, { ifVersion: 1, wait: 1 }),
  resumeTenant: (k) => k.tenants.resume(T, { ifVersion: 1, wait: 1 }),
  getTenantUsage: (k) => k.tenants.usage(T, { period: "7d" }),
  getTenantLimits: (k) => k.tenants.limits(T),
  restoreLimits: (k) => k.tenants.restoreLimits(T, "2026-11-20T00:00:00Z", { ifVersion: 1 }),
  addToTenantQuota: (k) => k.tenants.addToQuota(T, "monthly", 5, { ifVersion: 1 }),
  listTenantAudit: (k) => first(k.audit.list(T, { key_id: "key_1" })),
  exportTenantAudit: (k) => k.audit.export(T, { key_id: "key_1", after: "aud_1" }).next(),
  listKeys: (k) => first(k.keys.list(T, { status: "active", limit: 5 })),
  createKey: (k) => k.keys.create(T, { name: "a", scopes: ["s"] }, { wait: 1 }),
  importKeys: (k) => k.keys.import(T, [{ digest: "d", display: "sk", name: "a" }], { wait: 1 }),
  revokeKeys: (k) => k.keys.revokeMany(T, { all: true }, { wait: 1 }),
  getKey: (k) => k.keys.get(T, ID, { include: "usage" }),
  updateKey: (k) => k.keys.update(T, ID, { name: "b" }, { ifVersion: 1, wait: 1 }),
  revokeKey: (k) => k.keys.revoke(T, ID, { reason: "leaked" }, { ifVersion: 1, wait: 1 }),
  rotateKey: (k) => k.keys.rotate(T, ID, { overlap_seconds: 60 }, { ifVersion: 1, wait: 1 }),
  cancelKeyRotation: (k) => k.keys.cancelRotation(T, ID, { ifVersion: 1, wait: 1 }),
  disableKey: (k) => k.keys.disable(T, ID, { ifVersion: 1, wait: 1 }),
  enableKey: (k) => k.keys.enable(T, ID, { ifVersion: 1, wait: 1 }),
  eraseKeyMetadata: (k) => k.keys.eraseMetadata(T, ID, { ifVersion: 1, wait: 1 }),
  getKeyUsage: (k) => k.keys.usage(T, ID, { period: "30d" }),
  getKeyLimits: (k) => k.keys.limits(T, ID),
  addToKeyQuota: (k) => k.keys.addToQuota(T, ID, "daily", 5, { ifVersion: 1 }),
  listOperators: (k) => first(k.operators.list({ q: "a" })),
  createOperator: (k) => k.operators.create({ name: "a", scopes: ["verify"], tenant: "*" }, { wait: 1 }),
  getOperator: (k) => k.operators.get(ID, { include: "usage" }),
  revokeOperator: (k) => k.operators.revoke(ID, { reason: "left" }, { ifVersion: 1, wait: 1 }),
  rotateOperator: (k) => k.operators.rotate(ID, {}, { ifVersion: 1, wait: 1 }),
  cancelOperatorRotation: (k) => k.operators.cancelRotation(ID, { ifVersion: 1, wait: 1 }),
  listOperatorAudit: (k) => first(k.audit.listOperators({ limit: 5 })),
  exportOperatorAudit: (k) => k.audit.exportOperators({ after: "aud_1" }).next(),
  listWebhookSources: (k) => k.webhooks.sources(),
  listDeliveries: (k) => first(k.webhooks.deliveries(S, { outcome: "dead" })),
  replayDelivery: (k) => k.webhooks.replay(S, ID),
  listDeadLetters: (k) => first(k.webhooks.deadLetters(S)),
  redriveDeadLetters: (k) => k.webhooks.redriveMany(S),
  redriveDeadLetter: (k) => k.webhooks.redrive(S, ID),
  discardDeadLetter: (k) => k.webhooks.discard(S, ID),
  getDeadLetterBody: (k) => k.webhooks.deadLetterBody(S, ID),
  listHandshakes: (k) => k.webhooks.handshakes(S),
  revealHandshake: (k) => k.webhooks.reveal(S, ID),
  reportExposures: (k) => k.exposures.report([{ token: "t", type: "api_key" }]),
  listEventEndpoints: (k) => k.events.list(),
  createEventEndpoint: (k) => k.events.create({ url: "https://example.com/events" }),
  getEventEndpoint: (k) => k.events.get(ID),
  updateEventEndpoint: (k) => k.events.update(ID, { status: "paused" }, { ifVersion: 1 }),
  deleteEventEndpoint: (k) => k.events.delete(ID, { ifVersion: 1 }),
  rotateEventSecret: (k) => k.events.rotateSecret(ID, { overlap_seconds: 60 }),
  testEventEndpoint: (k) => k.events.test(ID),
  listEventAttempts: (k) => first(k.events.attempts(ID, { limit: 5 })),
  listUnsentEvents: (k) => first(k.events.deadLetters(ID)),
  redriveUnsentEvents: (k) => k.events.redriveAll(ID),
  redriveUnsentEvent: (k) => k.events.redrive(ID, "evt_1"),
  discardUnsentEvent: (k) => k.events.discard(ID, "evt_1"),
  listTenantEventEndpoints: (k) => k.events.of(T).list(),
  createTenantEventEndpoint: (k) => k.events.of(T).create({ url: "https://example.com/events" }),
  getTenantEventEndpoint: (k) => k.events.of(T).get(ID),
  updateTenantEventEndpoint: (k) => k.events.of(T).update(ID, { status: "paused" }, { ifVersion: 1 }),
  deleteTenantEventEndpoint: (k) => k.events.of(T).delete(ID, { ifVersion: 1 }),
  rotateTenantEventSecret: (k) => k.events.of(T).rotateSecret(ID, { overlap_seconds: 60 }),
  testTenantEventEndpoint: (k) => k.events.of(T).test(ID),
  listTenantEventAttempts: (k) => first(k.events.of(T).attempts(ID, { limit: 5 })),
  listTenantUnsentEvents: (k) => first(k.events.of(T).deadLetters(ID)),
  redriveTenantUnsentEvents: (k) => k.events.of(T).redriveAll(ID),
  redriveTenantUnsentEvent: (k) => k.events.of(T).redrive(ID, "evt_1"),
  discardTenantUnsentEvent: (k) => k.events.of(T).discard(ID, "evt_1"),
};

test("there is a method for each operation of the document, and for no other", () => {
  assert.deepEqual(Object.keys(CALLS).sort(), operations.map(({ operationId }) => operationId).sort());
});

for (const operation of operations) {
  test(`${operation.operationId} sends what the document has`, async () => {
    const { method, target, headers, body } = await sentBy(CALLS[operation.operationId]);
    assert.equal(method, operation.method);
    const parts = operation.path.split("/");
    const sent = target.pathname.split("/");
    assert.equal(sent.length, parts.length);
    parts.forEach((part, at) => part.startsWith("{") || assert.equal(sent[at], part, target.pathname));
    const known = [...(operation.parameters ?? [])].map(resolved);
    const named = (place) => known.filter((each) => each.in === place).map(({ name }) => name);
    for (const name of target.searchParams.keys()) assert.ok(named("query").includes(name), name);
    assert.equal(headers.has("Idempotency-Key"), named("header").includes("Idempotency-Key"));
    for (const name of ["If-Match", "Prefer"]) assert.ok(!headers.has(name) || named("header").includes(name), name);
    assert.equal(body !== undefined, method === "POST" || method === "PATCH" || operation.requestBody !== undefined);
    const paged = named("query").includes("cursor");
    assert.equal(target.searchParams.get("cursor"), paged ? "cursor_1" : null);
  });
}

const LISTS = ["attempts", "dead_letters", "deliveries", "entries", "keys", "tenants"];
const EMPTY_LISTS = Object.fromEntries(LISTS.map((name) => [name, []]));

/** The request that a call sends. */
async function sentBy(call) {
  let sent;
  const fetch = async (url, { method, headers, body }) => {
    sent ??= { method, target: new URL(url), headers: new Headers(headers), body };
    const isExport = String(url).includes("/export");
    const ofUses = /\/tenants\/([^/]+)\/usage\/export/.exec(String(url));
    if (String(url).includes("/usage/export")) {
      const end = { tenant: ofUses ? decodeURIComponent(ofUses[1]) : null, after: new URL(url).searchParams.get("after"), lines: 0, next: null };
      return new Response(`${JSON.stringify({ end })}\n`, { status: 200 });
    }
    return new Response(isExport ? "" : JSON.stringify({ key: "k", id: "i", next_cursor: null, ...EMPTY_LISTS }), { status: 200 });
  };
  await call(new Keystile({ url: "https://manage.example", key: "ksroot_x", fetch }));
  return sent;
}
