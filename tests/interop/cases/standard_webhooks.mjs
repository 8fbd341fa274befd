// Signed as Standard Webhooks prescribe, under their headers or others.

import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

const WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER_WHSEC = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const ID = "msg_p5jXN8AQM9LWM0D4loKWxJek";

const standardHeaders = (headers) => ({
  "webhook-id": headers["webhook-id"],
  "webhook-timestamp": headers["webhook-timestamp"],
  "webhook-signature": headers["webhook-signature"],
});

/** A package that verifies Standard Webhooks by `verify(body, headers, secret)`. */
const standard = (name, provider, verify, more = {}) => ({
  package: name,
  provider,
  secret: WHSEC,
  other: OTHER_WHSEC,
  id: ID,
  verify: ({ body, headers, secret }) => verify(body, standardHeaders(headers), secret),
  ...more,
});

export const ofStandardWebhooks = [
  {
    package: "standardwebhooks",
    provider: "standard-webhooks",
    secret: WHSEC,
    other: OTHER_WHSEC,
    id: ID,
    sign: async ({ body, secret, now }) => {
      const { Webhook } = await import("standardwebhooks");
      const signature = new Webhook(secret).sign(ID, new Date(now * 1000), body);
      return { headers: { "webhook-id": ID, "webhook-timestamp": `${now}`, "webhook-signature": signature } };
    },
    verify: async ({ body, headers, secret }) => {
      const { Webhook } = await import("standardwebhooks");
      return new Webhook(secret).verify(body, standardHeaders(headers));
    },
  },
  {
    package: "svix",
    provider: "svix",
    secret: WHSEC,
    other: OTHER_WHSEC,
    id: ID,
    sign: async ({ body, secret, now }) => {
      const { Webhook } = await import("svix");
      const signature = new Webhook(secret).sign(ID, new Date(now * 1000), body);
      return { headers: { "svix-id": ID, "svix-timestamp": `${now}`, "svix-signature": signature } };
    },
    verify: async ({ body, headers, secret }) => {
      const { Webhook } = await import("svix");
      new Webhook(secret).verify(body, headers);
      return true;
    },
  },
  standard("openai", "openai", async (body, headers, secret) => {
    const { OpenAI } = require("openai");
    await new OpenAI({ apiKey: "key" }).webhooks.verifySignature(body, headers, secret);
    return true;
  }),
  standard(
    "replicate",
    "replicate",
    (body, headers, secret) =>
      require("replicate").validateWebhook({
        id: headers["webhook-id"],
        timestamp: headers["webhook-timestamp"],
        signature: headers["webhook-signature"],
        body,
        secret,
      }),
    { checksTime: false },
  ),
  {
    package: "resend",
    provider: "resend",
    secret: WHSEC,
    other: OTHER_WHSEC,
    id: ID,
    verify: async ({ body, headers, secret }) => {
      const { Resend } = require("resend");
      return new Resend("re_key").webhooks.verify({
        payload: body,
        headers: {
          id: headers["svix-id"],
          timestamp: headers["svix-timestamp"],
          signature: headers["svix-signature"],
        },
        webhookSecret: secret,
      });
    },
  },
  standard("@anthropic-ai/sdk", "anthropic", async (body, headers, secret) => {
    const { Anthropic } = require("@anthropic-ai/sdk");
    return new Anthropic({ apiKey: "key" }).beta.webhooks.unwrap(body, { headers, key: secret });
  }),
  standard("lithic", "lithic", async (body, headers, secret) => {
    const { Lithic } = require("lithic");
    new Lithic({ apiKey: "key" }).webhooks.verifySignature(body, headers, secret);
    return true;
  }),
  standard(
    "@liveblocks/node",
    "liveblocks",
    async (body, headers, secret) => {
      const { WebhookHandler } = await import("@liveblocks/node");
      return new WebhookHandler(secret).verifyRequest({ headers, rawBody: body });
    },
    { body: '{"type":"userEntered","data":{"projectId":"1","amount":4200}}' },
  ),
  standard("dodopayments", "dodo-payments", async (body, headers, secret) => {
    const DodoPayments = require("dodopayments").default;
    return new DodoPayments({ bearerToken: "key" }).webhooks.unwrap(body, { headers, key: secret });
  }),
  standard(
    "@polar-sh/sdk",
    "polar",
    async (body, headers, secret) => {
      const { webhooks } = await import("@polar-sh/sdk/2026-10");
      return webhooks.validateEvent(body, headers, secret);
    },
    {
      secret: "polar_whs_of-polars-own",
      other: "polar_whs_of-another",
      body: '{"type":"benefit.created","amount":4200}',
    },
  ),
];
