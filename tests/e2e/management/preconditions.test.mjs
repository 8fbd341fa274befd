// `If-Match` on every change of a key, an operator or a tenant: what has changed since the caller looked stays as it is.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { operations } from "../../support/contract.mjs";
import { startRig, WITH_LIMITS } from "../../support/rig.mjs";

let rig;
before(async () => (rig = await startRig({ name: "preconditions", edges: {}, settings: { "\n[edge]": WITH_LIMITS } })));
after(() => rig.close());

const seen = (etag) => ({ headers: { "If-Match": etag } });
const etagOf = async (path) => (await rig.manage("GET", path)).headers.get("etag");
const SOON = { overlap_seconds: 600 };

/** Each change of a thing with an ETag: its operation, the request under the thing, and what must be there before. */
const OF_A_KEY = [
  ["updateKey", "PATCH", "", { name: "new" }],
  ["disableKey", "POST", "/disable"],
  ["enableKey", "POST", "/enable", undefined, ["disable"]],
  ["rotateKey", "POST", "/rotate", SOON],
  ["cancelKeyRotation", "POST", "/rotate/cancel", undefined, ["rotate", SOON]],
  ["addToKeyQuota", "POST", "/quotas/daily/add", { amount: 1 }],
  ["eraseKeyMetadata", "DELETE", "/metadata"],
  ["revokeKey", "POST", "/revoke"],
];
const OF_AN_OPERATOR = [
  ["rotateOperator", "POST", "/rotate", SOON],
  ["cancelOperatorRotation", "POST", "/rotate/cancel", undefined, ["rotate", SOON]],
  ["revokeOperator", "POST", "/revoke"],
];
const OF_A_TENANT = [
  ["updateTenant", "PATCH", "", { max_active_keys: 50 }],
  ["suspendTenant", "POST", "/suspend"],
  ["resumeTenant", "POST", "/resume", undefined, ["suspend"]],
  ["addToTenantQuota", "POST", "/quotas/monthly/add", { amount: 1 }],
];
/** The same of a tenant's endpoint for events as of one of the deployment. */
const OF_AN_ENDPOINT = [
  ["updateEventEndpoint", "PATCH", "", { status: "paused" }],
  ["rotateEventSecret", "POST", "/secret/rotate", {}],
  ["deleteEventEndpoint", "DELETE", ""],
];
const OF_A_TENANTS_ENDPOINT = OF_AN_ENDPOINT.map(([id, ...more]) => [id.replace("Event", "TenantEvent"), ...more]);

/**
 * These are tried with a version that is not the present one alone: the local platform can't go back, and an erasure leaves
 * no ETag. erasure.test.mjs has the latter.
 */
const TRIED_IN_VAIN_ALONE = ["restoreLimits", "eraseTenant"];

test("every operation that takes If-Match is among those tried here", () => {
  const takes = ({ parameters = [] }) => parameters.some(({ $ref }) => $ref?.endsWith("/IfMatch"));
  const tried = [...OF_A_KEY, ...OF_AN_OPERATOR, ...OF_A_TENANT, ...OF_AN_ENDPOINT, ...OF_A_TENANTS_ENDPOINT].map(([id]) => id).concat(TRIED_IN_VAIN_ALONE);
  assert.deepEqual(operations.filter(takes).map(({ operationId }) => operationId).sort(), tried.sort());
});

let tenants = 0;
const endpointOf = async (list) => `${list}/${(await rig.manage("POST", list, { url: "https://hooks.example.org/" })).body.id}`;
const things = {
  key: async () => `/v1/tenants/acme/keys/${(await rig.create("acme", { metadata: { a: 1 } })).id}`,
  endpoint: () => endpointOf("/v1/event-endpoints"),
  "tenant's endpoint": () => endpointOf("/v1/tenants/acme/event-endpoints"),
  operator: async () => `/v1/operators/${(await rig.operator("acme", ["verify"])).id}`,
  tenant: async () => {
    const path = `/v1/tenants/cared-for-${(tenants += 1)}`;
    await rig.manage("PATCH", path, { max_active_keys: 9 });
    return path;
  },
};
/** Changes the thing, as somebody else does meanwhile. */
const meanwhile = {
  key: (path) => rig.manage("PATCH", path, { metadata: { b: 2 } }),
  operator: (path) => rig.manage("POST", `${path}/rotate`, SOON),
  tenant: (path) => rig.manage("PATCH", path, { max_active_keys: 8 }),
};

const THINGS = {
  key: OF_A_KEY,
  operator: OF_AN_OPERATOR,
  tenant: OF_A_TENANT,
  endpoint: OF_AN_ENDPOINT,
  "tenant's endpoint": OF_A_TENANTS_ENDPOINT,
};
for (const [thing, changes] of Object.entries(THINGS)) {
  for (const [id, method, under, body, [first, firstBody] = []] of changes) {
    test(`${id}: not what has changed since, and then what hasn't`, async () => {
      const path = await things[thing]();
      if (first) await rig.manage("POST", `${path}/${first}`, firstBody);
      const present = await etagOf(path);
      const stale = `"${Number(present.replaceAll('"', "")) - 1}"`;
      for (const other of [stale, '"99999"', `W/${stale}`, "nonsense"]) {
        const refused = await rig.manage(method, path + under, body, seen(other));
        assert.deepEqual([refused.status, refused.code], [412, "VERSION_MISMATCH"], `${other}: ${refused.text}`);
        assert.equal(`"${refused.body.version}"`, present);
      }
      assert.equal(await etagOf(path), present, "nothing has changed");
      const done = await rig.manage(method, path + under, body, seen(`"99999", W/${present}`));
      assert.ok([200, 201].includes(done.status), done.text);
      const after = await etagOf(path);
      if (!under.endsWith("/add")) assert.notEqual(after, present, "its ETag is another now");
      if (thing === "tenant" && !under.endsWith("/add")) assert.equal(done.headers.get("etag"), after);
    });
  }
}

test("two who looked at the same: the second doesn't undo what the first did", async () => {
  const key = await things.key();
  const etag = await etagOf(key);
  assert.equal((await rig.manage("POST", `${key}/disable`, undefined, seen(etag))).status, 200);
  assert.equal((await rig.manage("POST", `${key}/enable`, undefined, seen(etag))).status, 412);
  assert.equal((await rig.manage("GET", key)).body.status, "disabled");
  for (const [thing, act] of [["operator", "revoke"], ["tenant", "suspend"]]) {
    const path = await things[thing]();
    const before = await etagOf(path);
    await meanwhile[thing](path);
    assert.equal((await rig.manage("POST", `${path}/${act}`, undefined, seen(before))).status, 412, thing);
  }
});

test("what would be refused anyway is refused for that, and any version is any", async () => {
  const nobody = await rig.manage("POST", `/v1/tenants/acme/keys/key_${"0".repeat(20)}/revoke`, undefined, seen('"1"'));
  assert.equal(nobody.status, 404);
  const key = await things.key();
  const operator = await rig.operator("globex", ["keys:write"]);
  const foreign = await rig.manage("POST", `${key}/revoke`, undefined, { ...seen('"9"'), key: operator.key });
  assert.equal(foreign.status, 403);
  assert.equal((await rig.manage("POST", `${key}/revoke`, undefined, seen("*"))).status, 200);
  assert.equal((await rig.manage("POST", `${key}/enable`, undefined, seen('"9"'))).code, "KEY_REVOKED");
});

test("a request that is repeated gets its answer, although its If-Match is stale by then", async () => {
  const key = await things.key();
  const headers = { "If-Match": await etagOf(key), "Idempotency-Key": "once" };
  const first = await rig.manage("POST", `${key}/disable`, undefined, { headers });
  const again = await rig.manage("POST", `${key}/disable`, undefined, { headers });
  assert.deepEqual([first.status, again.status, again.body.replayed], [200, 200, true]);
});

test("a tenant's restore is guarded, too", async () => {
  const tenant = await things.tenant();
  const to = { to: new Date(Date.now() - 60_000).toISOString() };
  assert.equal((await rig.manage("POST", `${tenant}/limits/restore`, to, seen('"99999"'))).status, 412);
  const { entries } = (await rig.manage("GET", `${tenant}/audit`)).body;
  assert.deepEqual(entries.map(({ action }) => action), ["limits_changed"], "nothing was ordered");
});
