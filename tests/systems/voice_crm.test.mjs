// The rows of voice-crm: a title begins with its row's id.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { eventually, sleep } from "../support/rig.mjs";
import { KEYS, Product, allowed, refused, revoke } from "./product.mjs";

describe("voice-crm", () => {
  const voice = new Product("voice-crm");
  const create = (fields) => voice.create({ scopes: ["calls:read"], ...fields });
  const RESOURCES = ["calls", "leads", "agents", "contacts", "knowledge_base", "integrations"];

  test("voice-crm 1: name, optional expiry after which the key deactivates by itself, at least one permission", async () => {
    for (const scopes of [undefined, []]) {
      const answer = await voice.attempt({ scopes });
      refused(answer, 422, "INVALID_REQUEST");
      assert.equal(answer.body.errors[0].field, "scopes");
    }
    const key = await create({ expires_at: new Date(Date.now() + 1200).toISOString() });
    allowed(await voice.use(key, "/calls"));
    await sleep(1300);
    refused(await voice.use(key, "/calls"), 401, "EXPIRED");
  });

  test("voice-crm 2: seven resources, each with read, write, or both", async () => {
    for (const resource of RESOURCES) {
      const both = await create({ scopes: [`${resource}:read`, `${resource}:write`] });
      allowed(await voice.use(both, `/${resource}`));
      allowed(await voice.use(both, `/${resource}`, "POST"));
    }
    allowed(await voice.use(await create({ scopes: ["analytics:read"] }), "/analytics/calls"));
  });

  test("voice-crm 3: read allows GET; write allows POST, PATCH and DELETE, and does not include read", async () => {
    const reader = await create();
    const writer = await create({ scopes: ["calls:write"] });
    allowed(await voice.use(reader, "/calls/7"));
    refused(await voice.use(writer, "/calls/7"), 403, "INSUFFICIENT_SCOPE");
    for (const method of ["POST", "PATCH", "DELETE"]) {
      allowed(await voice.use(writer, "/calls/7", method));
      refused(await voice.use(reader, "/calls/7", method), 403, "INSUFFICIENT_SCOPE");
    }
  });

  test("voice-crm 4: a key with write on analytics can't be created, and the answer says why", async () => {
    const answer = await voice.attempt({ scopes: ["analytics:read", "analytics:write"] });
    refused(answer, 422, "INVALID_REQUEST");
    assert.match(answer.body.detail, /analytics is read only/);
    const reader = await create({ scopes: ["analytics:read"] });
    refused(await voice.use(reader, "/analytics", "POST"), 405, "METHOD_NOT_ALLOWED");
  });

  test("voice-crm 5: Bearer token", async () => {
    const key = await create();
    allowed(await voice.use(undefined, "/calls", "GET", { Authorization: `bearer ${key.key}` }));
    refused(await voice.use(undefined, "/calls", "GET", { "X-Api-Key": key.key }), 401, "MISSING_CREDENTIAL");
  });

  test("voice-crm 6: revoked and expired keys are listed apart, and can't be reactivated", async () => {
    const expired = await create({ expires_at: new Date(Date.now() + 300).toISOString() });
    const revoked = await create();
    await voice.act(revoked, "revoke");
    await sleep(400);
    for (const [status, key, code] of [["revoked", revoked, "KEY_REVOKED"], ["expired", expired, "KEY_EXPIRED"]]) {
      const listed = async (query) => (await voice.list(query)).body.keys.some(({ id }) => id === key.id);
      assert.ok(await listed(`?status=${status}`));
      assert.ok(!(await listed("?status=active")));
      refused(await voice.act(key, "enable"), 409, code);
      const later = { expires_at: "2099-01-01T00:00:00Z" };
      refused(await voice.rig.manage("PATCH", `${KEYS}/${key.id}`, later), 409, code);
    }
  });

  test("voice-crm 7: each key shows how often it was used in the last 24 hours, 7 days and 30 days", async () => {
    const [used, unused] = [await create({ name: "dialer" }), await create({ name: "spare" })];
    for (let count = 0; count < 4; count += 1) allowed(await voice.use(used, "/calls"));
    refused(await voice.use(used, "/calls", "POST"), 403, "INSUFFICIENT_SCOPE");
    const sums = { allowed: 4, refused: 1 };
    await eventually(
      async () => {
        const { keys } = (await voice.list("?include=usage")).body;
        const of = (key) => keys.find(({ id }) => id === key.id).usage;
        assert.deepEqual(of(used), { "24h": sums, "7d": sums, "30d": sums });
        assert.equal(of(unused)["30d"].allowed, 0);
      },
      { within: 30_000 },
    );
  });
});
