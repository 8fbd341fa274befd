// Tenants and operators are kept apart, and so are the two kinds of key.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { effective, startRig } from "../../support/rig.mjs";

const ALL = ["keys:read", "keys:write", "audit:read", "operators:write", "verify"];

let rig;
let acme;
let globexKey;
before(async () => {
  rig = await startRig({ name: "tenants", edges: { edge1: {} } });
  acme = await rig.operator("acme", ALL);
  globexKey = await rig.create("globex");
});
after(() => rig.close());

const as = (operator) => ({ key: operator.key });

test("an operator of one tenant sees, changes and lists nothing of another's", async () => {
  const attempts = [
    ["GET", "/v1/tenants/globex"],
    ["GET", "/v1/tenants/globex/keys"],
    ["GET", `/v1/tenants/globex/keys/${globexKey.id}`],
    ["GET", "/v1/tenants/globex/audit"],
    ["POST", "/v1/tenants/globex/keys", { name: "x", scopes: ["read:leads"] }],
    ["PATCH", `/v1/tenants/globex/keys/${globexKey.id}`, { name: "mine" }],
    ["POST", `/v1/tenants/globex/keys/${globexKey.id}/revoke`],
    ["POST", `/v1/tenants/globex/keys/${globexKey.id}/rotate`],
    ["POST", "/v1/tenants/globex/suspend"],
    ["GET", "/v1/audit"],
  ];
  for (const [method, path, body] of attempts) {
    const answer = await rig.manage(method, path, body, as(acme));
    assert.equal(answer.status, 403, `${method} ${path}: ${answer.text}`);
    assert.ok(!answer.text.includes(globexKey.display));
  }
  // Nor by naming a foreign key in one's own tenant.
  const foreign = await rig.manage("GET", `/v1/tenants/acme/keys/${globexKey.id}`, undefined, as(acme));
  assert.equal(foreign.status, 404);
  const { body } = await rig.manage("GET", `/v1/tenants/globex/keys/${globexKey.id}`);
  assert.equal(body.status, "active");
});

test("a tenant's own operators neither lift its suspension nor impose one", async () => {
  const customer = await rig.create("hooli");
  const own = await rig.operator("hooli", ALL);
  const act = (action, options) => rig.manage("POST", `/v1/tenants/hooli/${action}`, undefined, options);
  assert.equal((await act("suspend", as(own))).code, "TENANT_NOT_ALLOWED");
  await effective(await act("suspend"));
  const lifted = await act("resume", as(own));
  assert.equal(lifted.status, 403, lifted.text);
  assert.equal(lifted.code, "TENANT_NOT_ALLOWED");
  const used = () => rig.edge("edge1", "/api/leads", { key: customer.key });
  assert.equal((await used()).code, "TENANT_SUSPENDED");
  assert.equal((await rig.manage("GET", "/v1/tenants/hooli", undefined, as(own))).body.suspended, true);
  await effective(await act("resume"));
  assert.equal((await used()).status, 200);
});

test("a tenant that was never there is suspended only ahead, and then its first key is refused", async () => {
  const act = (tenant, action, body) => rig.manage("POST", `/v1/tenants/${tenant}/${action}`, body);
  for (const [action, body] of [["suspend"], ["suspend", { ahead: false }], ["resume"]]) {
    const mistyped = await act("acmee", action, body);
    assert.deepEqual([mistyped.status, mistyped.code], [404, "TENANT_NOT_FOUND"], mistyped.text);
  }
  assert.deepEqual((await rig.manage("GET", "/v1/tenants/acmee/audit")).body.entries, []);
  const ahead = await act("unwanted", "suspend", { ahead: true });
  assert.deepEqual([ahead.status, ahead.body.suspended, ahead.body.keys], [200, true, 0], ahead.text);
  await effective(ahead);
  const key = await rig.create("unwanted");
  assert.equal((await rig.edge("edge1", "/api/leads", { key: key.key })).code, "TENANT_SUSPENDED");
  await effective(await act("unwanted", "resume"));
  assert.equal((await rig.edge("edge1", "/api/leads", { key: key.key })).status, 200);
  // Settings make a tenant, too.
  await rig.manage("PATCH", "/v1/tenants/planned", { max_active_keys: 5 });
  assert.equal((await act("planned", "suspend")).status, 200);
});

test("an operator sees only operators of its own tenant, and ends only those", async () => {
  const globex = await rig.operator("globex", ["keys:read"]);
  const list = await rig.manage("GET", "/v1/operators", undefined, as(acme));
  assert.equal(list.status, 200, list.text);
  assert.ok(!list.text.includes(globex.id));
  assert.ok(list.text.includes(acme.id));
  assert.equal((await rig.manage("POST", `/v1/operators/${globex.id}/revoke`, undefined, as(acme))).status, 404);
});

test("nobody grants more than they hold", async () => {
  const limited = await rig.operator("acme", ["operators:write", "keys:read"]);
  const grant = (tenant, scopes) => rig.manage("POST", "/v1/operators", { name: "x", tenant, scopes }, as(limited));
  assert.equal((await grant("acme", ["keys:read"])).status, 201);
  for (const [tenant, scopes] of [["acme", ["keys:write"]], ["globex", ["keys:read"]], ["*", ["keys:read"]]]) {
    const answer = await grant(tenant, scopes);
    assert.equal(answer.status, 403, answer.text);
    assert.equal(answer.code, "EXCEEDS_OWN_RIGHTS");
  }
});

test("an operator without the scope is told which", async () => {
  const reader = await rig.operator("acme", ["keys:read"]);
  const answer = await rig.manage("POST", "/v1/tenants/acme/keys", { name: "x", scopes: ["read:leads"] }, as(reader));
  assert.equal(answer.status, 403);
  assert.deepEqual(answer.body.required_scopes, ["keys:write"]);
  assert.equal((await rig.manage("GET", "/v1/tenants/acme/keys", undefined, as(reader))).status, 200);
});

test("an API key is no operator key, and an operator key no API key", async () => {
  const key = await rig.create();
  const api = await rig.manage("GET", "/v1/tenants/acme/keys", undefined, { key: key.key });
  assert.equal(api.status, 401, api.text);
  const operator = await rig.edge("edge1", "/api/leads", { key: acme.key });
  assert.equal(operator.status, 401);
  assert.equal(operator.code, "MALFORMED");
  const asHeader = await rig.edge("edge1", "/api/leads", { headers: { "X-Api-Key": acme.key } });
  assert.equal(asHeader.code, "MALFORMED");
  const verified = await rig.edge("edge1", "/keystile/v1/verify", {
    key: acme.key,
    method: "POST",
    body: JSON.stringify({ key: acme.key }),
  });
  assert.equal(verified.body.code, "MALFORMED");
  // The body of one under the prefix of the other has the wrong tag.
  const disguised = acme.key.replace("ksop_", "knq_live_");
  assert.equal((await rig.edge("edge1", "/api/leads", { key: disguised })).code, "MALFORMED");
});

test("a revoked operator is refused at once by the management API, and within the bound by the edge", async () => {
  const operator = await rig.operator("acme", ["keys:read", "verify"]);
  const key = await rig.create();
  const verify = () =>
    rig.edge("edge1", "/keystile/v1/verify", { key: operator.key, method: "POST", body: JSON.stringify({ key: key.key }) });
  assert.equal((await verify()).status, 200);
  const revoked = await rig.manage("POST", `/v1/operators/${operator.id}/revoke`);
  assert.equal(revoked.status, 200, revoked.text);
  const refused = await rig.manage("GET", "/v1/tenants/acme/keys", undefined, as(operator));
  assert.equal(refused.status, 401);
  assert.equal(refused.code, "REVOKED");
  await effective(revoked);
  assert.equal((await verify()).code, "REVOKED");
});

test("no operator key, a wrong one, one in the query", async () => {
  const missing = await rig.manage("GET", "/v1/scopes", undefined, { key: null });
  assert.equal(missing.status, 401);
  assert.equal(missing.code, "MISSING_CREDENTIAL");
  assert.match(missing.headers.get("www-authenticate"), /^Bearer realm=/);
  assert.equal((await rig.manage("GET", "/v1/scopes", undefined, { key: "ksroot_" + "x".repeat(43) })).status, 401);
  const query = await rig.manage("GET", `/v1/scopes?key=${acme.key}`, undefined, { key: null });
  assert.equal(query.status, 400);
  assert.ok(!query.text.includes(acme.key));
});
