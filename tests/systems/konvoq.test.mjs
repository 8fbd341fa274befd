// The rows of konvoq: a title begins with its row's id.

import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";

import { sleep } from "../support/rig.mjs";
import { Product, allowed, refused, revoke, replaceWithoutDowntime } from "./product.mjs";

describe("konvoq", () => {
  const konvoq = new Product("konvoq");

  test("konvoq 1: knq_live_ keys as Bearer, shown once, then known by a short prefix", async () => {
    const key = await konvoq.create();
    assert.match(key.key, /^knq_live_[0-9A-Za-z]{38}$/);
    assert.equal(key.display, key.key.slice(0, "knq_live_abc1".length));
    allowed(await konvoq.use(key, "/v1/leads"));
    refused(await konvoq.use(undefined, "/v1/leads", "GET", { "X-Api-Key": key.key }), 401, "MISSING_CREDENTIAL");
    for (const answer of [await konvoq.show(key), await konvoq.list()]) assert.ok(!answer.text.includes(key.key));
    assert.equal((await konvoq.show(key)).body.display, key.display);
  });

  test("konvoq 2: a descriptive name, scopes, and optionally an expiry date", async () => {
    const expires_at = new Date(Date.now() + 1500).toISOString();
    const key = await konvoq.create({ name: "Zapier, sales team", scopes: ["webhooks"], expires_at });
    const { body } = await konvoq.show(key);
    assert.deepEqual([body.name, body.scopes, body.expires_at], ["Zapier, sales team", ["webhooks"], expires_at]);
    assert.equal((await konvoq.create()).expires_at, null);
    allowed(await konvoq.use(key, "/v1/webhooks"));
    await sleep(1600);
    refused(await konvoq.use(key, "/v1/webhooks"), 401, "EXPIRED");
  });

  test("konvoq 3: each scope opens what it names and nothing else", async () => {
    const opens = {
      "read:leads": ["GET /v1/leads", "GET /v1/leads/7"],
      "write:leads": ["POST /v1/leads", "PATCH /v1/leads/7"],
      "read:conversations": ["GET /v1/conversations"],
      "write:conversations": ["POST /v1/conversations/7/messages"],
      webhooks: ["GET /v1/webhooks", "POST /v1/webhooks", "DELETE /v1/webhooks/7"],
    };
    for (const scope of Object.keys(opens)) {
      const key = await konvoq.create({ scopes: [scope] });
      for (const [needed, requests] of Object.entries(opens)) {
        for (const request of requests) {
          const [method, path] = request.split(" ");
          const answer = await konvoq.use(key, path, method);
          if (needed === scope) allowed(answer);
          else refused(answer, 403, "INSUFFICIENT_SCOPE");
        }
      }
    }
  });

  test("konvoq 4: the recommended minimum scopes are presets", async () => {
    const { body } = await konvoq.rig.manage("GET", "/v1/scopes");
    const presets = Object.fromEntries(body.presets.map(({ name, scopes }) => [name, scopes.join(" ")]));
    assert.deepEqual(presets, {
      "zapier-trigger": "webhooks",
      "zapier-leads": "read:leads webhooks write:leads",
      "n8n-receive": "webhooks",
      "n8n-leads": "webhooks write:leads",
      "backend-read": "read:conversations read:leads",
    });
    for (const { scopes } of body.presets) assert.equal((await konvoq.attempt({ scopes })).status, 201);
  });

  test("konvoq 5: an integration checks its own key with a me call", async () => {
    const key = await konvoq.create({ name: "n8n" });
    const me = await konvoq.use(key, "/keystile/v1/me");
    assert.deepEqual([me.status, me.body.name, me.body.scopes], [200, "n8n", ["read:leads"]]);
  });

  test("konvoq 6: revoking invalidates at once for good; a key is replaced without downtime", async () => {
    const key = await konvoq.create();
    allowed(await konvoq.use(key, "/v1/leads"));
    await revoke(konvoq, key);
    for (let request = 0; request < 3; request += 1) refused(await konvoq.use(key, "/v1/leads"), 401, "REVOKED");
    await replaceWithoutDowntime(konvoq, "/v1/leads", ["read:leads"]);
  });
});
