// The whole flow over the two real workers, as a customer lives it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { effective, startRig } from "../../support/rig.mjs";

let rig;
before(async () => (rig = await startRig({ name: "main-flow" })));
after(() => rig.close());

test("without a key: 401, and a challenge without an error", async () => {
  const answer = await rig.edge("edge1", "/api/leads");
  assert.equal(answer.status, 401);
  assert.equal(answer.code, "MISSING_CREDENTIAL");
  assert.equal(answer.headers.get("www-authenticate"), 'Bearer realm="Konvoq"');
  assert.equal(answer.headers.get("content-type"), "application/problem+json");
  assert.equal(answer.body.request_id, answer.headers.get("keystile-request-id"));
  assert.deepEqual(answer.storage, { kv: 0, feed: 0, cache: "hit" });
});

test("created, used, refused for a scope, revoked, refused in the very next request after it is in effect", async () => {
  const key = await rig.create("acme", { name: "Zapier" });
  assert.match(key.key, /^knq_live_[0-9A-Za-z]{38}$/);
  assert.equal(key.display, key.key.slice(0, "knq_live_".length + 4));
  assert.ok(key.effective_by);

  const used = await rig.edge("edge1", "/api/leads/7?page=2", {
    key: key.key,
    headers: { "Keystile-Tenant": "evil", Keystile_Key_Id: "evil", "X-HTTP-Method-Override": "DELETE", Accept: "text/x" },
  });
  assert.equal(used.status, 200, used.text);
  const { headers, method, path } = used.body;
  assert.equal(method, "GET");
  assert.equal(path, "/api/leads/7?page=2");
  assert.equal(headers["keystile-key-id"], key.id);
  assert.equal(headers["keystile-tenant"], "acme");
  assert.equal(headers["keystile-scopes"], "read:leads");
  assert.equal(headers["keystile-environment"], "live");
  assert.equal(headers["keystile-request-id"], used.headers.get("keystile-request-id"));
  assert.equal(headers.accept, "text/x");
  for (const gone of ["authorization", "keystile_key_id", "x-http-method-override"]) assert.ok(!(gone in headers), gone);
  assert.ok(!used.text.includes(key.key), "the key does not reach the upstream");
  assert.equal(used.headers.get("cache-control"), "private, no-store");

  const written = await rig.edge("edge1", "/api/leads", { key: key.key, method: "POST", body: "{}" });
  assert.equal(written.status, 403);
  assert.equal(written.code, "INSUFFICIENT_SCOPE");
  assert.deepEqual(written.body.required_scopes, ["write:leads"]);
  assert.match(written.headers.get("www-authenticate"), /error="insufficient_scope".*scope="write:leads"/);

  const revoked = await rig.manage("POST", `/v1/tenants/acme/keys/${key.id}/revoke`, { reason: "leaked" });
  assert.equal(revoked.status, 200, revoked.text);
  assert.equal(revoked.body.status, "revoked");
  assert.equal(revoked.body.holds, "while_feed_reachable");
  await effective(revoked);
  for (const edge of rig.edges) {
    const refused = await rig.edge(edge, "/api/leads", { key: key.key });
    assert.equal(refused.status, 401);
    assert.equal(refused.code, "REVOKED");
    assert.match(refused.headers.get("www-authenticate"), /error="invalid_token"/);
  }
});

test("a revoke that prefers to wait answers when it is in effect: the very next request is refused", async () => {
  const key = await rig.create();
  for (const edge of rig.edges) assert.equal((await rig.edge(edge, "/api/leads", { key: key.key })).status, 200);
  const headers = { Prefer: "wait=5" };
  const revoked = await rig.manage("POST", `/v1/tenants/acme/keys/${key.id}/revoke`, undefined, { headers });
  assert.equal(revoked.headers.get("preference-applied"), "wait");
  for (const edge of rig.edges) assert.equal((await rig.edge(edge, "/api/leads", { key: key.key })).code, "REVOKED");
});

test("a strict route refuses a revoked key at once", async () => {
  const key = await rig.create();
  assert.equal((await rig.edge("edge1", "/api/billing", { key: key.key })).status, 200);
  await rig.manage("POST", `/v1/tenants/acme/keys/${key.id}/revoke`);
  assert.equal((await rig.edge("edge1", "/api/billing", { key: key.key })).code, "REVOKED");
});

test("the key may come as X-Api-Key, and does not go on to the upstream", async () => {
  const key = await rig.create();
  const used = await rig.edge("edge1", "/api/leads", { headers: { "X-Api-Key": key.key } });
  assert.equal(used.status, 200);
  assert.ok(!("x-api-key" in used.body.headers));
});

test("bodies go both ways", async () => {
  const key = await rig.create("acme", { scopes: ["write:leads"] });
  const body = "x".repeat(200_000);
  const used = await rig.edge("edge1", "/api/leads", { key: key.key, method: "POST", body });
  assert.equal(used.status, 200);
  assert.equal(used.body.body.length, body.length);
  const open = await rig.create();
  const streamed = await rig.edge("edge1", "/api/leads/stream", { key: open.key });
  assert.match(streamed.text, /chunk 1\n[^]*chunk 5\n/);
});

test("a known key costs no storage operation, an unknown isolate one KV read and one feed call", async () => {
  const key = await rig.create();
  const fresh = await startRig({ name: "cold", edges: { cold: {}, verifying: {} } });
  try {
    const created = await fresh.create();
    await fresh.snapshot();
    const first = await fresh.edge("cold", "/api/leads", { key: created.key });
    assert.deepEqual(first.storage, { kv: 1, feed: 1, cache: "miss" });
    const second = await fresh.edge("cold", "/api/leads", { key: created.key });
    assert.deepEqual(second.storage, { kv: 0, feed: 0, cache: "hit" });
    // A verify call looks two keys up, on one view of the feed, however late that comes.
    const operator = await fresh.operator("acme", ["verify"]);
    await fresh.snapshot(2);
    await fresh.feed("edges", { late: 300 });
    const body = JSON.stringify({ key: created.key });
    const verified = await fresh.edge("verifying", "/keystile/v1/verify", { key: operator.key, method: "POST", body });
    assert.equal(verified.code, "VALID");
    assert.deepEqual(verified.storage, { kv: 2, feed: 1, cache: "miss" });
  } finally {
    await fresh.close();
  }
  assert.equal((await rig.edge("edge2", "/api/leads", { key: key.key })).status, 200);
});

test("a rotated key and its successor both work while they overlap, at once only the successor", async () => {
  const first = await rig.create("acme", { name: "backend", metadata: { plan: "pro" } });
  const rotated = await rig.manage("POST", `/v1/tenants/acme/keys/${first.id}/rotate`, { overlap_seconds: 3600 });
  assert.equal(rotated.status, 201, rotated.text);
  const second = rotated.body;
  assert.equal(second.name, "backend");
  assert.deepEqual(second.scopes, ["read:leads"]);
  assert.equal(second.rotated_from, first.id);
  for (const key of [first.key, second.key]) {
    assert.equal((await rig.edge("edge1", "/api/leads", { key })).status, 200);
  }
  const again = await rig.manage("POST", `/v1/tenants/acme/keys/${first.id}/rotate`);
  assert.equal(again.status, 409);
  assert.equal(again.code, "ALREADY_ROTATED");
  const third = await rig.manage("POST", `/v1/tenants/acme/keys/${second.id}/rotate`);
  await effective(third);
  assert.equal((await rig.edge("edge1", "/api/leads", { key: second.key })).code, "REVOKED");
  assert.equal((await rig.edge("edge1", "/api/leads", { key: third.body.key })).status, 200);
});

test("an expired key is refused without anybody being told", async () => {
  const key = await rig.create("acme", { expires_at: new Date(Date.now() + 1500).toISOString() });
  assert.equal((await rig.edge("edge1", "/api/leads", { key: key.key })).status, 200);
  await new Promise((resolve) => setTimeout(resolve, 1600));
  assert.equal((await rig.edge("edge1", "/api/leads", { key: key.key })).code, "EXPIRED");
  const enabled = await rig.manage("POST", `/v1/tenants/acme/keys/${key.id}/enable`);
  assert.equal(enabled.status, 409);
  assert.equal(enabled.code, "KEY_EXPIRED");
});

test("test keys and live keys are kept apart", async () => {
  const live = await rig.create();
  const sandbox = await rig.create("acme", { environment: "test" });
  assert.match(sandbox.key, /^knq_test_/);
  assert.equal((await rig.edge("edge1", "/api/sandbox", { key: sandbox.key })).status, 200);
  const wrong = await rig.edge("edge1", "/api/sandbox", { key: live.key });
  assert.equal(wrong.status, 403);
  assert.equal(wrong.code, "WRONG_ENVIRONMENT");
  assert.deepEqual(wrong.storage, { kv: 0, feed: 0, cache: "hit" });
  assert.equal((await rig.edge("edge1", "/api/leads", { key: sandbox.key })).code, "WRONG_ENVIRONMENT");
});

test("addresses are restricted by what Cloudflare says, not by what the client says", async () => {
  const key = await rig.create("acme", { allowed_ips: ["192.0.2.0/24"] });
  const from = (headers) => rig.edge("edge1", "/api/leads", { key: key.key, headers });
  assert.equal((await from({ "CF-Connecting-IP": "192.0.2.9" })).status, 200);
  assert.equal((await from({ "CF-Connecting-IP": "198.51.100.1" })).code, "IP_NOT_ALLOWED");
  assert.equal((await from({ "CF-Connecting-IP": "198.51.100.1", "X-Forwarded-For": "192.0.2.9" })).code, "IP_NOT_ALLOWED");
});

test("the holder sees its own key and can end it", async () => {
  const key = await rig.create("acme", { name: "mine", metadata: { internal: true } });
  const me = await rig.edge("edge1", "/keystile/v1/me", { key: key.key });
  assert.equal(me.status, 200);
  assert.equal(me.body.key_id, key.id);
  assert.equal(me.body.name, "mine");
  assert.ok(!("metadata" in me.body));
  const ended = await rig.edge("edge1", "/keystile/v1/me/revoke", { key: key.key, method: "POST" });
  assert.equal(ended.status, 200, ended.text);
  assert.equal(ended.body.status, "revoked");
  assert.ok(!("metadata" in ended.body));
  await effective(ended);
  assert.equal((await rig.edge("edge2", "/keystile/v1/me", { key: key.key })).code, "REVOKED");
  const audit = await rig.manage("GET", "/v1/tenants/acme/audit?limit=1");
  assert.equal(audit.body.entries[0].actor.id, key.id);
});

test("verify answers for services that guard themselves", async () => {
  const key = await rig.create("acme", { metadata: { plan: "pro" } });
  const operator = await rig.operator("acme", ["verify"]);
  const verify = (body, options = {}) =>
    rig.edge("edge1", "/keystile/v1/verify", { key: operator.key, method: "POST", body: JSON.stringify(body), ...options });
  const valid = await verify({ key: key.key, scopes: ["read:leads"] });
  assert.equal(valid.status, 200, valid.text);
  assert.equal(valid.body.valid, true);
  assert.equal(valid.body.code, "VALID");
  assert.equal(valid.body.tenant, "acme");
  assert.deepEqual(valid.body.metadata, { plan: "pro" });
  assert.equal((await verify({ key: key.key, scopes: ["admin"] })).code, "INSUFFICIENT_SCOPE");
  assert.equal((await verify({ key: key.key, environment: "test" })).code, "WRONG_ENVIRONMENT");
  assert.equal((await verify({ key: "nonsense" })).code, "MALFORMED");
  const foreign = await rig.create("globex");
  const hidden = await verify({ key: foreign.key });
  assert.equal(hidden.body.code, "NOT_FOUND");
  assert.equal(hidden.body.tenant, null);
  assert.equal((await verify({ key: key.key, colour: 1 })).status, 422);
  assert.equal((await verify({ key: key.key }, { body: "{" })).status, 400);
  assert.equal((await verify({ key: key.key }, { body: JSON.stringify({ key: "x".repeat(20_000) }) })).status, 413);
  const asCustomer = await verify({ key: key.key }, { key: key.key });
  assert.equal(asCustomer.status, 401);
  const reader = await rig.operator("acme", ["keys:read"]);
  assert.equal((await verify({ key: key.key }, { key: reader.key })).code, "INSUFFICIENT_SCOPE");
  assert.equal((await verify({ key: key.key }, { headers: {}, key: undefined })).code, "MISSING_CREDENTIAL");
  await rig.manage("POST", `/v1/tenants/acme/keys/${key.id}/revoke`);
  assert.equal((await verify({ key: key.key, strict: true })).code, "REVOKED");
});

test("health tells the view's age", async () => {
  const health = await rig.edge("edge1", "/keystile/healthz");
  assert.equal(health.status, 200);
  assert.equal(health.body.status, "ok");
  assert.equal(typeof health.body.view_age_ms, "number");
});
