// Signed by a secret that both have: the whole body, and perhaps a time.

import crypto from "node:crypto";
import { createRequire } from "node:module";

import { EVENT } from "./deliveries.mjs";

const require = createRequire(import.meta.url);

export const ofBody = [
  {
    package: "stripe",
    provider: "stripe",
    secret: "whsec_of-stripe",
    other: "whsec_of-another",
    sign: async ({ body, secret, now }) => {
      const signature = (await stripe()).webhooks.generateTestHeaderString({ payload: body, secret, timestamp: now });
      return { headers: { "stripe-signature": signature } };
    },
    verify: async ({ body, headers, secret }) =>
      (await stripe()).webhooks.constructEvent(body, headers["stripe-signature"], secret),
  },
  {
    package: "@octokit/webhooks-methods",
    provider: "github",
    sign: async ({ body, secret }) => {
      const { sign } = await import("@octokit/webhooks-methods");
      return { headers: { "x-hub-signature-256": await sign(secret, body) } };
    },
    verify: async ({ body, headers, secret }) => {
      const { verify } = await import("@octokit/webhooks-methods");
      return verify(secret, body, headers["x-hub-signature-256"]);
    },
  },
  {
    // The package signs by SHA-256 only; the older form differs in the hash and the header.
    package: "@octokit/webhooks-methods",
    provider: "github-sha1",
    sign: ({ body, secret }) => ({
      headers: { "x-hub-signature": `sha1=${crypto.createHmac("sha1", secret).update(body).digest("hex")}` },
    }),
  },
  {
    package: "@slack/bolt",
    provider: "slack",
    verify: ({ body, headers, secret }) => {
      const { verifySlackRequest } = require("@slack/bolt/dist/receivers/verify-request.js");
      verifySlackRequest({
        signingSecret: secret,
        body,
        headers: {
          "x-slack-signature": headers["x-slack-signature"],
          "x-slack-request-timestamp": Number(headers["x-slack-request-timestamp"]),
        },
      });
      return true;
    },
  },
  {
    package: "cloudinary",
    provider: "cloudinary",
    checksTime: true,
    sign: ({ body, secret, now }) => {
      const cloudinary = cloudinaryOf(secret);
      const signature = cloudinary.utils.webhook_signature(body, now, { api_secret: secret });
      return { headers: { "x-cld-timestamp": `${now}`, "x-cld-signature": signature } };
    },
    verify: ({ body, headers, secret }) => {
      const cloudinary = cloudinaryOf(secret);
      const time = Number(headers["x-cld-timestamp"]);
      return cloudinary.utils.verifyNotificationSignature(body, time, headers["x-cld-signature"]);
    },
  },
  {
    package: "cashfree-pg",
    provider: "cashfree",
    headers: { "x-webhook-timestamp": "1800000000000" },
    verify: ({ body, headers, secret }) => {
      const { Cashfree, CFEnvironment } = require("cashfree-pg");
      const { "x-webhook-signature": signature, "x-webhook-timestamp": time } = headers;
      return new Cashfree(CFEnvironment.SANDBOX, "id", secret).PGVerifyWebhookSignature(signature, body, time);
    },
  },
  {
    package: "@sanity/webhook",
    provider: "sanity",
    checksTime: false,
    sign: async ({ body, secret, now }) => {
      const { encodeSignatureHeader } = await import("@sanity/webhook");
      return { headers: { "sanity-webhook-signature": await encodeSignatureHeader(body, now * 1000, secret) } };
    },
    verify: async ({ body, headers, secret }) => {
      const { isValidSignature } = await import("@sanity/webhook");
      return isValidSignature(body, headers["sanity-webhook-signature"], secret);
    },
  },
  {
    package: "@notionhq/client",
    provider: "notion",
    sign: async ({ body, secret }) => {
      const { signWebhookPayload } = require("@notionhq/client");
      return { headers: { "x-notion-signature": await signWebhookPayload({ body, verificationToken: secret }) } };
    },
    verify: ({ body, headers, secret }) =>
      require("@notionhq/client").verifyWebhookSignature({
        body,
        signature: headers["x-notion-signature"],
        verificationToken: secret,
      }),
  },
  {
    package: "pusher",
    provider: "pusher",
    body: '{"time_ms":1327078148132,"events":[{"name":"channel_occupied","channel":"one"}]}',
    headers: { "content-type": "application/json", "x-pusher-key": "key" },
    sign: ({ body, secret }) => {
      const Token = require("pusher/lib/token.js");
      return { headers: { "x-pusher-signature": new Token("key", secret).sign(body) } };
    },
    verify: ({ body, headers, secret }) => {
      const Pusher = require("pusher");
      const pusher = new Pusher({ appId: "1", key: "key", secret, cluster: "eu" });
      return pusher.webhook({ headers, rawBody: body }).isValid();
    },
  },
  {
    package: "@line/bot-sdk",
    provider: "line",
    verify: async ({ body, headers, secret }) => {
      const { validateSignature } = await import("@line/bot-sdk");
      return validateSignature(body, secret, headers["x-line-signature"]);
    },
  },
  {
    package: "@paddle/paddle-node-sdk",
    provider: "paddle",
    verify: ({ body, headers, secret }) => {
      const { Paddle } = require("@paddle/paddle-node-sdk");
      return new Paddle("key").webhooks.isSignatureValid(body, secret, headers["paddle-signature"]);
    },
  },
  {
    package: "@shopify/shopify-api",
    provider: "shopify",
    verify: async ({ url, method, body, headers, secret }) => {
      await import("@shopify/shopify-api/adapters/node");
      const { shopifyApi } = await import("@shopify/shopify-api");
      const shopify = shopifyApi({
        apiKey: "key",
        apiSecretKey: secret,
        hostName: "hooks.example.com",
        apiVersion: "2026-01",
        isEmbeddedApp: false,
        logger: { log: () => {} },
      });
      const rawRequest = {
        url,
        method,
        headers: {
          ...headers,
          "x-shopify-topic": "orders/create",
          "x-shopify-shop-domain": "shop.myshopify.com",
          "x-shopify-api-version": "2026-01",
          "x-shopify-webhook-id": "1",
        },
      };
      return (await shopify.webhooks.validate({ rawBody: body, rawRequest, rawResponse: {} })).valid;
    },
  },
  {
    package: "razorpay",
    provider: "razorpay",
    verify: ({ body, headers, secret }) =>
      require("razorpay").validateWebhookSignature(body, headers["x-razorpay-signature"], secret),
  },
  {
    package: "@linear/sdk",
    provider: "linear",
    body: ({ now }) => JSON.stringify({ ...JSON.parse(EVENT), webhookTimestamp: now * 1000 }),
    verify: async ({ body, headers, secret }) => {
      const { LinearWebhookClient } = await import("@linear/sdk/webhooks");
      const { webhookTimestamp } = JSON.parse(body);
      return new LinearWebhookClient(secret).verify(Buffer.from(body), headers["linear-signature"], webhookTimestamp);
    },
  },
  {
    package: "@mux/mux-node",
    provider: "mux",
    verify: async ({ body, headers, secret }) => {
      const Mux = require("@mux/mux-node").default;
      const mux = new Mux({ tokenId: "id", tokenSecret: "secret" });
      await mux.webhooks.verifySignature(body, headers, secret);
      return true;
    },
  },
  {
    package: "gocardless-nodejs",
    provider: "gocardless",
    body: '{"events":[{"id":"EV1","amount":4200}]}',
    verify: async ({ body, headers, secret }) => {
      const { verifySignature } = await import("gocardless-nodejs/webhooks");
      verifySignature(body, secret, headers["webhook-signature"]);
      return true;
    },
  },
  {
    package: "coinbase-commerce-node",
    provider: "coinbase-commerce",
    sign: ({ body, secret }) => ({
      headers: { "x-cc-webhook-signature": require("coinbase-commerce-node").Webhook.computeSignature(body, secret) },
    }),
    verify: ({ body, headers, secret }) =>
      require("coinbase-commerce-node").Webhook.verifySigHeader(body, headers["x-cc-webhook-signature"], secret),
  },
  {
    package: "@nangohq/node",
    provider: "nango",
    verify: async ({ body, headers, secret }) => {
      const { Nango } = await import("@nangohq/node");
      return new Nango({ secretKey: secret }).verifyIncomingWebhookRequest(body, headers);
    },
  },
  {
    package: "@nangohq/node",
    provider: "nango-legacy",
    verify: async ({ body, headers, secret }) => {
      const { Nango } = await import("@nangohq/node");
      return new Nango({ secretKey: secret }).verifyWebhookSignature(headers["x-nango-signature"], JSON.parse(body));
    },
  },
  {
    package: "@hookdeck/sdk",
    provider: "hookdeck",
    verify: async ({ body, headers, secret }) => {
      const { verifyWebhookSignature } = require("@hookdeck/sdk/webhooks/helpers");
      return (await verifyWebhookSignature({ headers, rawBody: body, signingSecret: secret })).isValidSignature;
    },
  },
  {
    package: "@elevenlabs/elevenlabs-js",
    provider: "elevenlabs",
    verify: async ({ body, headers, secret }) => {
      const { ElevenLabsClient } = require("@elevenlabs/elevenlabs-js");
      const client = new ElevenLabsClient({ apiKey: "key" });
      return client.webhooks.constructEvent(body, headers["elevenlabs-signature"], secret);
    },
  },
  {
    package: "modern-treasury",
    provider: "modern-treasury",
    sign: ({ body, secret }) => ({
      headers: { "x-signature": modernTreasury().webhooks.getSignature(body, { key: secret }) },
    }),
    verify: ({ body, headers, secret }) => modernTreasury().webhooks.validateSignature(body, headers, { key: secret }),
  },
  {
    package: "box-node-sdk",
    provider: "box",
    body: '{"id":"1","name":"日本語/é","amount":4200}',
    headers: { "box-signature-version": "1", "box-signature-algorithm": "HmacSHA256" },
    sign: async ({ body, headers, secret, now }) => {
      const { computeWebhookSignature } = require("box-node-sdk/lib/internal/utilsNode");
      const all = { ...headers, "box-delivery-timestamp": new Date(now * 1000).toISOString() };
      const signature = await computeWebhookSignature(body, all, secret, true);
      return { headers: { ...all, "box-signature-primary": signature } };
    },
    verify: ({ body, headers, secret }) => {
      const { WebhooksManager } = require("box-node-sdk/lib/managers/webhooks");
      return WebhooksManager.validateMessage(body, headers, secret);
    },
  },
  ...[
    ["workos", 180_000],
    ["workos-actions", 30_000],
  ].map(([provider, tolerance]) => ({
    package: "@workos-inc/node",
    provider,
    sign: async ({ body, secret, now }) => {
      const signature = await (await workos()).webhooks.computeSignature(now * 1000, JSON.parse(body), secret);
      return { headers: { "workos-signature": `t=${now * 1000}, v1=${signature}` } };
    },
    verify: async ({ body, headers, secret }) =>
      (await workos()).webhooks.constructEvent({
        payload: JSON.parse(body),
        sigHeader: headers["workos-signature"],
        secret,
        tolerance,
      }),
  })),
  {
    package: "@onfido/api",
    provider: "onfido",
    verify: ({ body, headers, secret }) => {
      const { WebhookEventVerifier } = require("@onfido/api");
      return new WebhookEventVerifier(secret).readPayload(body, headers["x-sha2-signature"]);
    },
  },
  {
    package: "@easypost/api",
    provider: "easypost",
    verify: ({ body, headers, secret }) => {
      const EasyPost = require("@easypost/api");
      return new EasyPost("key").Utils.validateWebhook(Buffer.from(body), headers, secret);
    },
  },
];

async function stripe() {
  const { default: Stripe } = await import("stripe");
  return new Stripe("sk_test_1");
}

/** Cloudinary's package with this secret, which it keeps for all calls. */
function cloudinaryOf(secret) {
  const { v2: cloudinary } = require("cloudinary");
  cloudinary.config({ cloud_name: "a", api_key: "key", api_secret: secret });
  return cloudinary;
}

function modernTreasury() {
  const { ModernTreasury } = require("modern-treasury");
  return new ModernTreasury({ organizationID: "id", apiKey: "key" });
}

async function workos() {
  const { WorkOS } = require("@workos-inc/node");
  return new WorkOS("sk_test_1");
}
