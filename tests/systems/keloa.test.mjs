// The rows of keloa: a title begins with its row's id.

import assert from "node:assert/strict";
import { once } from "node:events";
import { before, describe, test } from "node:test";

import { effective, eventually } from "../support/rig.mjs";
import { KEYS, Product, allowed, refused, revoke, replaceWithoutDowntime } from "./product.mjs";

describe("keloa", () => {
  const keloa = new Product("keloa");
  const create = (fields) => keloa.create({ scopes: ["read"], ...fields });

  test("keloa 1: live and test tokens, 32 random characters and a tag; test tokens work in test mode only", async () => {
    const live = await create();
    const sandbox = await create({ environment: "test" });
    assert.match(live.key, /^keloa_pk_live_[0-9A-Za-z]{32}[0-9A-Za-z]{6}$/);
    assert.match(sandbox.key, /^keloa_pk_test_[0-9A-Za-z]{32}[0-9A-Za-z]{6}$/);
    allowed(await keloa.use(live, "/v1/contacts"));
    allowed(await keloa.use(sandbox, "/test/v1/contacts"));
    refused(await keloa.use(sandbox, "/v1/contacts"), 403, "WRONG_ENVIRONMENT");
    refused(await keloa.use(live, "/test/v1/contacts"), 403, "WRONG_ENVIRONMENT");
  });

  test("keloa 2: abilities, with full access like an admin", async () => {
    const attempts = [
      ["GET", "/v1/contacts", "read"],
      ["POST", "/v1/contacts", "write:contacts"],
      ["POST", "/v1/conversations/7/resolve", "write:conversations"],
      ["POST", "/v1/webhooks", "webhooks"],
      ["POST", "/v1/admin/seats", "full"],
    ];
    for (const ability of ["read", "write:contacts", "write:conversations", "webhooks", "full"]) {
      const token = await create({ scopes: [ability] });
      for (const [method, path, needed] of attempts) {
        const answer = await keloa.use(token, path, method);
        if (ability === needed || ability === "full") allowed(answer);
        else refused(answer, 403, "INSUFFICIENT_SCOPE");
      }
    }
  });

  test("keloa 3: the list shows each active token's label, abilities, last use, and it can be revoked there", async () => {
    const token = await create({ name: "helpdesk", scopes: ["read", "webhooks"] });
    const gone = await create({ name: "former helpdesk" });
    await revoke(keloa, gone);
    const before = Date.now();
    allowed(await keloa.use(token, "/v1/contacts"));
    const listed = async () => (await keloa.list("?status=active")).body.keys;
    await eventually(
      async () => {
        const shown = (await listed()).find(({ id }) => id === token.id);
        assert.deepEqual([shown.name, shown.scopes], ["helpdesk", ["read", "webhooks"]]);
        assert.ok(Date.parse(shown.last_used_at) >= before, shown.last_used_at);
      },
      { within: 30_000 },
    );
    assert.ok(!(await listed()).some(({ id }) => id === gone.id));
    await revoke(keloa, token);
    refused(await keloa.use(token, "/v1/contacts"), 401, "REVOKED");
  });

  test("keloa 4: in the Authorization header only, never from a query string", async () => {
    const token = await create();
    refused(await keloa.use(undefined, `/v1/contacts?token=${token.key}`), 400, "CREDENTIAL_IN_QUERY");
    refused(await keloa.use(undefined, "/v1/contacts", "GET", { "X-Api-Key": token.key }), 401, "MISSING_CREDENTIAL");
  });

  test("keloa 5: rotation to a token with the same label and abilities; both work in between", async () => {
    await replaceWithoutDowntime(keloa, "/v1/contacts", ["read"]);
  });

  test("keloa 6: revoking stops it at once, and the audit log has when, who, and the label", async () => {
    const operator = await keloa.rig.operator("acme", ["keys:write"]);
    const token = await create({ name: "Billing sync" });
    const started = Date.now();
    const revoked = await keloa.rig.manage("POST", `${KEYS}/${token.id}/revoke`, {}, { key: operator.key });
    await effective(revoked);
    refused(await keloa.use(token, "/v1/contacts"), 401, "REVOKED");
    const { body } = await keloa.rig.manage("GET", "/v1/tenants/acme/audit?limit=1");
    const [entry] = body.entries;
    assert.deepEqual([entry.action, entry.key_name, entry.actor.id], ["revoked", "Billing sync", operator.id]);
    assert.ok(Math.abs(Date.parse(entry.at) - started) < 5_000);
  });

  test("keloa 7: rate limits and the number of tokens differ by plan", async () => {
    const shop = (plan) => keloa.rig.manage("PATCH", "/v1/tenants/small-shop", { plan });
    const starter = await shop("starter");
    assert.equal(starter.body.limits.max_active_keys, 2);
    const create = (name) => keloa.rig.create("small-shop", { name, scopes: ["read"] });
    const [one] = [await create("one"), await create("two")];
    const third = { name: "three", scopes: ["read"] };
    refused(await keloa.rig.manage("POST", "/v1/tenants/small-shop/keys", third), 409, "KEY_LIMIT_REACHED");
    const burst = async (count) => {
      const answers = await Promise.all(Array.from({ length: count }, () => keloa.use(one, "/v1/contacts")));
      return answers.filter(({ status }) => status === 200).length;
    };
    await effective(starter);
    assert.equal(await burst(70), 60);
    refused(await keloa.use(one, "/v1/contacts"), 429, "RATE_LIMITED");

    await effective(await shop("business"));
    assert.equal((await keloa.rig.manage("POST", "/v1/tenants/small-shop/keys", third)).status, 201);
    assert.equal(await burst(70), 70);
  });
});
