// The rows of chatbot-platform: a title begins with its row's id.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { describe, test } from "node:test";

import { effective, sleep } from "../support/rig.mjs";
import { Product, allowed, refused, revoke } from "./product.mjs";

describe("chatbot-platform", () => {
  const secrets = {
    STRIPE_WEBHOOK_SECRET: "whsec_of_stripe",
    STRIPE_WEBHOOK_SECRET_OLD: "whsec_of_stripe_before",
    CHANNELS_CALLBACK_SECRET: "the partner's secret",
    EVENTS_SECRET: `whsec_${Buffer.alloc(32, 7).toString("base64")}`,
  };
  const chatbot = new Product("chatbot-platform", { hooks: { vars: secrets } });
  const create = (fields) => chatbot.create({ scopes: undefined, ...fields });

  test("chatbot-platform 1: name and scopes, all by default; admin is everything", async () => {
    const resources = ["bots", "integrations", "channels", "conversations", "agent-loops"];
    const all = await create({ name: "everything" });
    assert.equal(all.scopes.length, 2 * resources.length + 1);
    const admin = await create({ scopes: ["admin"] });
    const reader = await create({ scopes: ["bots:read"] });
    for (const resource of resources) {
      for (const key of [all, admin]) {
        allowed(await chatbot.use(key, `/v1/${resource}`));
        allowed(await chatbot.use(key, `/v1/${resource}/7`, "DELETE"));
      }
    }
    allowed(await chatbot.use(reader, "/v1/bots"));
    refused(await chatbot.use(reader, "/v1/bots", "POST"), 403, "INSUFFICIENT_SCOPE");
    refused(await chatbot.use(reader, "/v1/channels"), 403, "INSUFFICIENT_SCOPE");
  });

  test("chatbot-platform 2: live keys and test keys, kept apart", async () => {
    const sandbox = await create({ environment: "test" });
    allowed(await chatbot.use(sandbox, "/sandbox/v1/bots"));
    refused(await chatbot.use(sandbox, "/v1/bots"), 403, "WRONG_ENVIRONMENT");
    refused(await chatbot.use(await create(), "/sandbox/v1/bots"), 403, "WRONG_ENVIRONMENT");
  });

  test("chatbot-platform 3: an invalid key, an expired one, one that may not and one that is over its limit are told apart", async () => {
    const soon = await chatbot.create({ scopes: ["bots:read"], expires_at: new Date(Date.now() + 1_500).toISOString() });
    refused(await chatbot.use({ key: "not a key" }, "/v1/bots"), 401, "MALFORMED");
    refused(await chatbot.use(soon, "/v1/bots", "POST"), 403, "INSUFFICIENT_SCOPE");
    await sleep(Date.parse(soon.expires_at) - Date.now() + 50);
    refused(await chatbot.use(soon, "/v1/bots"), 401, "EXPIRED");
    const busy = await create();
    const answers = await Promise.all(Array.from({ length: 11 }, () => chatbot.use(busy, "/v1/bots")));
    const [over, ...others] = answers.filter(({ status }) => status !== 200);
    refused(over, 429, "RATE_LIMITED");
    assert.equal(others.length, 0);
  });

  test("chatbot-platform 4: rotation, revocation at once, and a new key works in its first request", async () => {
    for (let round = 0; round < 3; round += 1) allowed(await chatbot.use(await create(), "/v1/bots"));
    const key = await create();
    await revoke(chatbot, key);
    refused(await chatbot.use(key, "/v1/bots"), 401, "REVOKED");
    const old = await create();
    const rotated = await chatbot.act(old, "rotate", { overlap_seconds: 1 });
    allowed(await chatbot.use(old, "/v1/bots"));
    await sleep(1100);
    await effective(rotated);
    refused(await chatbot.use(old, "/v1/bots"), 401, "EXPIRED");
    allowed(await chatbot.use(rotated.body, "/v1/bots"));
  });

  test("chatbot-platform 5: webhooks and callbacks carry a signature, which is verified, with a bounded clock skew", async () => {
    const hmac = (key, message, encoding = "hex") => createHmac("sha256", key).update(message).digest(encoding);
    const post = (source, body, headers) => chatbot.rig.edge("edge1", `/hooks/${source}`, { method: "POST", body, headers });
    const now = () => Math.floor(Date.now() / 1000);

    const callback = (skew, key = secrets.CHANNELS_CALLBACK_SECRET) => {
      const body = JSON.stringify({ id: `callback_${skew}`, text: "hi" });
      const at = String(now() + skew);
      const signature = `sha256=${hmac(key, `${at}.${body}`)}`;
      return post("channels", body, { "X-Callback-Timestamp": at, "X-Callback-Signature": signature });
    };
    const taken = await callback(0);
    allowed(taken);
    // The platform has one signature to check, whoever sent it.
    const { path, headers, body } = taken.body;
    assert.equal(path, "/events/channels");
    assert.equal(headers["keystile-webhook-source"], "channels");
    const ours = Buffer.from(secrets.EVENTS_SECRET.slice("whsec_".length), "base64");
    const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body.echo}`;
    assert.equal(headers["webhook-signature"], `v1,${hmac(ours, signed, "base64")}`);

    allowed(await callback(-58));
    refused(await callback(-63), 401, "TIMESTAMP_TOO_OLD");
    refused(await callback(8), 401, "TIMESTAMP_TOO_NEW");
    refused(await callback(1, "another secret"), 401, "NO_MATCH");
    refused(await post("channels", "{}", {}), 400, "MISSING_HEADER");
    assert.deepEqual((await callback(0)).body, { status: "duplicate" });

    const event = '{"id":"evt_1","type":"invoice.paid"}';
    const at = now();
    const stripe = (key) => post("stripe", event, { "Stripe-Signature": `t=${at},v1=${hmac(key, `${at}.${event}`)}` });
    refused(await stripe("whsec_of_nobody"), 401, "NO_MATCH");
    allowed(await stripe(secrets.STRIPE_WEBHOOK_SECRET_OLD));
    assert.deepEqual((await stripe(secrets.STRIPE_WEBHOOK_SECRET)).body, { status: "duplicate" });
  });

  test("chatbot-platform 6: rate limits per key, with what a client needs to back off", async () => {
    const [busy, other] = [await create(), await create()];
    const first = await chatbot.use(busy, "/v1/bots");
    assert.equal(first.headers.get("ratelimit-policy"), '"per-key";q=10;w=2');
    assert.match(first.headers.get("ratelimit"), /^"per-key";r=9;t=[12]$/);
    for (let used = 1; used < 10; used += 1) allowed(await chatbot.use(busy, "/v1/bots"));
    const over = await chatbot.use(busy, "/v1/bots");
    refused(over, 429, "RATE_LIMITED");
    assert.equal(over.body.type, "https://iana.org/assignments/http-problem-types#quota-exceeded");
    assert.deepEqual(over.body["violated-policies"], ["per-key"]);
    assert.match(over.headers.get("ratelimit"), /^"per-key";r=0;t=[12]$/);
    allowed(await chatbot.use(other, "/v1/bots"));
    // A client that waits as long as it was told is admitted.
    const seconds = Number(over.headers.get("retry-after"));
    assert.ok(seconds === 1 || seconds === 2, seconds);
    await sleep(seconds * 1_000);
    allowed(await chatbot.use(busy, "/v1/bots"));
  });

  test("chatbot-platform 7: reading what is stored gives no key away", async () => {
    const key = await create();
    const snapshot = await chatbot.rig.snapshot();
    const stored = JSON.stringify([snapshot, (await chatbot.list()).body]);
    assert.ok(!stored.includes(key.key.slice("cbp_live_".length + 4)));
    for (const address of Object.keys(snapshot)) refused(await chatbot.use({ key: address }, "/v1/bots"), 401, "MALFORMED");
  });
});
