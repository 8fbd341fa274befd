// Everything that a portal session may not do, tried with its token against the real workers.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { operations } from "../support/contract.mjs";
import { startRig, WITH_LIMITS } from "../support/rig.mjs";

const KEYS = "/v1/tenants/acme/keys";
const actor = { id: "user_1", name: "Ada" };
/** The operations that a session with every right may call. */
const PORTAL = [
  ...["listKeys", "createKey", "getKey", "updateKey", "getKeyUsage", "getKeyLimits", "rotateKey", "cancelKeyRotation"],
  ...["revokeKey", "disableKey", "enableKey", "getCatalog", "getTenantLimits", "listTenantAudit", "getPortalSession"],
];

describe("the rights that a portal session lacks", () => {
  let rig;
  before(async () => {
    rig = await startRig({ name: "pages-rights", edges: {}, settings: { "[edge]": WITH_LIMITS } });
  });
  after(() => rig.close());

  const mint = async ({ may = ["keys:read", "keys:write", "audit:read"], scopes = ["read:leads"], tenant = "acme", key } = {}) => {
    const minted = await rig.manage("POST", `/v1/tenants/${tenant}/portal-sessions`, { actor, may, scopes }, { key });
    assert.equal(minted.status, 201, minted.text);
    return minted.body.token;
  };
  const refused = (answer, code) => assert.deepEqual([answer.status, answer.code], [403, code], answer.text);

  test("it calls the operations of its page, and none of the others", async () => {
    const key = await mint();
    const { id } = await rig.create("acme");
    const values = { tenant: "acme", id };
    const documented = operations.filter(({ security }) => security.some(({ portalToken }) => portalToken));
    assert.deepEqual(documented.map(({ operationId }) => operationId).sort(), PORTAL.toSorted());
    const others = operations.filter(({ operationId, security }) => security.length > 0 && !PORTAL.includes(operationId));
    assert.ok(others.length > 20, `${others.length} operations`);
    for (const { method, path } of others) {
      const target = path.replaceAll(/\{(\w+)\}/g, (_, name) => values[name] ?? "x");
      const answer = await rig.manage(method, target, method === "GET" ? undefined : {}, { key });
      refused(answer, "PORTAL_NOT_ALLOWED");
    }
  });

  test("it reaches its own tenant alone", async () => {
    const key = await mint();
    const { id } = await rig.create("globex");
    for (const [method, path] of [
      ["GET", "/v1/tenants/globex/keys"],
      ["POST", "/v1/tenants/globex/keys"],
      ["GET", `/v1/tenants/globex/keys/${id}`],
      ["POST", `/v1/tenants/globex/keys/${id}/revoke`],
      ["GET", "/v1/tenants/globex/limits"],
      ["GET", "/v1/tenants/globex/audit"],
    ]) {
      const body = method === "POST" ? { name: "a key", scopes: ["read:leads"] } : undefined;
      const answer = await rig.manage(method, path, path.endsWith("revoke") ? {} : body, { key });
      assert.ok([403, 404].includes(answer.status), `${method} ${path}: ${answer.text}`);
    }
    assert.equal((await rig.manage("GET", `${KEYS}/${id}`, undefined, { key })).status, 404);
    assert.equal((await rig.manage("GET", `/v1/tenants/globex/keys/${id}`)).body.status, "active");
  });

  test("without keys:write it changes nothing; without audit:read it reads no audit", async () => {
    const reading = await mint({ may: ["keys:read"] });
    const { id } = await rig.create("acme");
    assert.equal((await rig.manage("GET", KEYS, undefined, { key: reading })).status, 200);
    assert.equal((await rig.manage("POST", KEYS, { name: "x", scopes: ["read:leads"] }, { key: reading })).status, 403);
    assert.equal((await rig.manage("PATCH", `${KEYS}/${id}`, { name: "x" }, { key: reading })).status, 403);
    for (const action of ["revoke", "disable", "enable", "rotate", "rotate/cancel"]) {
      assert.equal((await rig.manage("POST", `${KEYS}/${id}/${action}`, {}, { key: reading })).status, 403, action);
    }
    assert.equal((await rig.manage("GET", "/v1/tenants/acme/audit", undefined, { key: reading })).status, 403);
    assert.equal((await rig.manage("GET", `${KEYS}/${id}`)).body.status, "active");
  });

  test("it grants no scope, and touches no key with a scope, outside its own", async () => {
    const key = await mint({ scopes: ["read:leads"] });
    const send = (method, path, body) => rig.manage(method, path, body, { key });
    refused(await send("POST", KEYS, { name: "x", scopes: ["write:leads"] }), "EXCEEDS_OWN_RIGHTS");
    refused(await send("POST", KEYS, { name: "x", scopes: ["admin"] }), "EXCEEDS_OWN_RIGHTS");
    const mine = await rig.create("acme", { scopes: ["read:leads"] });
    refused(await send("PATCH", `${KEYS}/${mine.id}`, { scopes: ["read:leads", "write:leads"] }), "EXCEEDS_OWN_RIGHTS");
    const wider = await rig.create("acme", { scopes: ["admin"] });
    refused(await send("PATCH", `${KEYS}/${wider.id}`, { name: "x" }), "EXCEEDS_OWN_RIGHTS");
    refused(await send("POST", `${KEYS}/${wider.id}/rotate`, {}), "EXCEEDS_OWN_RIGHTS");
    const none = await mint({ scopes: [] });
    assert.equal((await rig.manage("POST", KEYS, { name: "x", scopes: ["read:leads"] }, { key: none })).status, 403);
  });

  test("it neither sees nor sets metadata, sets no limits, and enables nothing that an operator disabled", async () => {
    const key = await mint();
    const send = (method, path, body) => rig.manage(method, path, body, { key });
    const { id } = await rig.create("acme", { metadata: { internal: "yes" } });
    assert.deepEqual((await send("GET", `${KEYS}/${id}`)).body.metadata, {});
    const limits = [{ rate_limits: { "per-second": { limit: 5 } } }, { quotas: { daily: { limit: 5 } } }];
    for (const body of [{ metadata: { a: "b" } }, ...limits]) {
      assert.equal((await send("PATCH", `${KEYS}/${id}`, body)).status, 403, JSON.stringify(body));
      const created = await send("POST", KEYS, { name: "x", scopes: ["read:leads"], ...body });
      assert.equal(created.status, 403, JSON.stringify(body));
    }
    assert.deepEqual((await rig.manage("GET", `${KEYS}/${id}`)).body.metadata, { internal: "yes" });
    assert.equal((await rig.manage("POST", `${KEYS}/${id}/disable`, {})).status, 200);
    assert.equal((await send("POST", `${KEYS}/${id}/enable`, {})).status, 403);
  });

  test("it is told nothing of operators: neither a name nor an address", async () => {
    const operator = await rig.operator("acme", ["keys:read", "keys:write"]);
    const made = await rig.manage("POST", KEYS, { name: "by staff", scopes: ["read:leads"] }, { key: operator.key });
    const key = await mint();
    const { text, body } = await rig.manage("GET", "/v1/tenants/acme/audit", undefined, { key });
    assert.ok(body.entries.length > 0);
    assert.ok(!text.includes(operator.id) && !text.includes(operator.name), text);
    assert.equal((await rig.manage("GET", `${KEYS}/${made.body.id}`, undefined, { key })).body.created_by, null);
  });

  test("it ends with the operator key that made it", async () => {
    const operator = await rig.operator("acme", ["keys:read", "keys:write"]);
    const token = await mint({ may: ["keys:read"], scopes: [], key: operator.key });
    assert.equal((await rig.manage("GET", KEYS, undefined, { key: token })).status, 200);
    await rig.manage("POST", `/v1/operators/${operator.id}/revoke`, {});
    assert.equal((await rig.manage("GET", KEYS, undefined, { key: token })).status, 401);
  });
});
