// One case for each of the vendors' packages: how it signs, how it verifies.
//
// `sign` makes a delivery as the vendor does: by its package, or, where that
// only verifies, by Node's own cryptography. Without it only our signatures
// are checked. `verify` asks the package. Both get the delivery's
// `{ method, url, body, secret, params, now }`; `now` is in seconds and is also the
// clock that the package sees. What throws is a refusal.
//
// `checksTime: false`: the package takes a delivery of any age.

import crypto from "node:crypto";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

const EVENT = '{"id":"evt_1","type":"payment.created","amount":4200}';
const URL_HERE = "https://hooks.example.com/in?source=1";
const SHARED = "a-secret-of-the-vendors-own-making";
const OTHER = "another-secret-of-the-vendors-own";
const WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER_WHSEC = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const HEX = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056";
const OTHER_HEX = "55782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA057";

// Of tokens that live 300 s: `exp` is obeyed with a minute for clocks that differ.
const LIFETIME = 360;

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

/** The public key in these forms, of a key pair made here. */
function keyPair(type, options, form) {
  const pair = () => crypto.generateKeyPairSync(type, options);
  const [here, elsewhere] = [pair(), pair()];
  return { privateKey: here.privateKey, secret: form(here.publicKey), other: form(elsewhere.publicKey) };
}
const spki = (key) => key.export({ type: "spki", format: "der" });
const ed25519Hex = keyPair("ed25519", {}, (key) => spki(key).subarray(-32).toString("hex"));
const ed25519Base64 = keyPair("ed25519", {}, (key) => spki(key).subarray(-32).toString("base64"));
const p256 = keyPair("ec", { namedCurve: "P-256" }, (key) => spki(key).toString("base64"));
const jwks = (key) => JSON.stringify({ keys: [{ ...key.export({ format: "jwk" }), kid: "a" }] });
const p521 = keyPair("ec", { namedCurve: "P-521" }, jwks);
const rsa = keyPair("rsa", { modulusLength: 2048 }, (key) => key.export({ type: "spki", format: "pem" }));

const form = (fields) => new URLSearchParams(fields).toString();
const TWILIO_FIELDS = { CallSid: "CA1234567890ABCDE", Caller: "+14158675309", Digits: "1234", From: "ä & b" };
const formHeader = { "content-type": "application/x-www-form-urlencoded" };

/** Cloudinary's package with this secret, which it keeps for all calls. */
function cloudinaryOf(secret) {
  const { v2: cloudinary } = require("cloudinary");
  cloudinary.config({ cloud_name: "a", api_key: "key", api_secret: secret });
  return cloudinary;
}

const adyenItem = {
  additionalData: {},
  amount: { currency: "EUR", value: 1130 },
  pspReference: "7914073381342284",
  eventCode: "AUTHORISATION",
  merchantAccountCode: "TestMerchant",
  merchantReference: "TestPayment-1407325143704",
  success: "true",
};
const adyenSign = (item, secret) => {
  const { hmacValidator } = require("@adyen/api-library");
  const additionalData = { hmacSignature: new hmacValidator().calculateHmac(item, secret) };
  return { NotificationRequestItem: { ...item, additionalData } };
};

export const cases = [
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
    package: "twilio",
    provider: "twilio",
    url: "https://mycompany.com/myapp.php?foo=1&bar=2",
    body: form(TWILIO_FIELDS),
    headers: formHeader,
    sign: ({ url, secret }) => ({
      headers: {
        "x-twilio-signature": require("twilio/lib/webhooks/webhooks").getExpectedTwilioSignature(
          secret,
          url,
          TWILIO_FIELDS,
        ),
      },
    }),
    verify: ({ url, body, headers, secret }) =>
      require("twilio").validateRequest(
        secret,
        headers["x-twilio-signature"],
        url,
        Object.fromEntries(new URLSearchParams(body)),
      ),
  },
  {
    package: "twilio",
    provider: "twilio-json",
    url: `https://mycompany.com/in?bodySHA256=${crypto.createHash("sha256").update(EVENT).digest("hex")}`,
    sign: ({ url, secret }) => ({
      headers: {
        "x-twilio-signature": require("twilio/lib/webhooks/webhooks").getExpectedTwilioSignature(secret, url, {}),
      },
    }),
    verify: ({ url, body, headers, secret }) =>
      require("twilio").validateRequestWithBody(secret, headers["x-twilio-signature"], url, body),
  },
  {
    package: "plivo",
    provider: "plivo",
    url: "https://answer.example.com/hooks?b=3&a=1%202",
    body: form(TWILIO_FIELDS),
    headers: { ...formHeader, "x-plivo-signature-v3-nonce": "05429567804466091622" },
    verify: ({ url, body, headers, secret }) =>
      require("plivo").validateV3Signature(
        "POST",
        url,
        headers["x-plivo-signature-v3-nonce"],
        secret,
        headers["x-plivo-signature-v3"],
        Object.fromEntries(new URLSearchParams(body)),
      ),
  },
  {
    package: "mercadopago",
    provider: "mercado-pago",
    url: "https://hooks.example.com/in?data.id=123456&type=payment",
    headers: { "x-request-id": "2066ca19-c6f1-498a-be75-1923005edd06" },
    // The body isn't signed; the id in the query is.
    tamper: (delivery) => ({ ...delivery, url: delivery.url.replace("123456", "123457") }),
    verify: ({ url, headers, secret }) => {
      require("mercadopago").WebhookSignatureValidator.validate({
        xSignature: headers["x-signature"],
        xRequestId: headers["x-request-id"],
        dataId: new URL(url).searchParams.get("data.id"),
        secret,
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
    package: "@sendgrid/eventwebhook",
    provider: "sendgrid",
    ...p256,
    body: `[${EVENT}]\r\n`,
    ours: false,
    checksTime: false,
    sign: ({ body, now }) => ({
      headers: {
        "x-twilio-email-event-webhook-timestamp": `${now}`,
        "x-twilio-email-event-webhook-signature": crypto
          .sign("sha256", Buffer.from(`${now}${body}`), p256.privateKey)
          .toString("base64"),
      },
    }),
    verify: ({ body, headers, secret }) => {
      const { EventWebhook } = require("@sendgrid/eventwebhook");
      const webhook = new EventWebhook();
      return webhook.verifySignature(
        webhook.convertPublicKeyToECDSA(secret),
        body,
        headers["x-twilio-email-event-webhook-signature"],
        headers["x-twilio-email-event-webhook-timestamp"],
      );
    },
  },
  ...["discord", "discord-events"].map((provider) => ({
    package: "discord-interactions",
    provider,
    ...ed25519Hex,
    ours: false,
    checksTime: false,
    sign: ({ body, now }) => ({
      headers: {
        "x-signature-timestamp": `${now}`,
        "x-signature-ed25519": crypto.sign(null, Buffer.from(`${now}${body}`), ed25519Hex.privateKey).toString("hex"),
      },
    }),
    verify: ({ body, headers, secret }) =>
      require("discord-interactions").verifyKey(
        body,
        headers["x-signature-ed25519"],
        headers["x-signature-timestamp"],
        secret,
      ),
  })),
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
  ...["v1", "v2", "v3"].map((version) => ({
    package: "@hubspot/api-client",
    provider: `hubspot-${version}`,
    sign: ({ method, url, body, secret, now }) => {
      const { Signature } = require("@hubspot/api-client");
      const options = { clientSecret: secret, requestBody: body, url, method, timestamp: now * 1000 };
      const signature = Signature.getSignature(method, version, options);
      return {
        headers:
          version === "v3"
            ? { "x-hubspot-signature-v3": signature, "x-hubspot-request-timestamp": `${now * 1000}` }
            : { "x-hubspot-signature": signature },
      };
    },
    verify: ({ method, url, body, headers, secret }) =>
      require("@hubspot/api-client").Signature.isValid({
        signature: headers["x-hubspot-signature-v3"] ?? headers["x-hubspot-signature"],
        signatureVersion: version,
        clientSecret: secret,
        requestBody: body,
        url,
        method,
        timestamp: Number(headers["x-hubspot-request-timestamp"]),
      }),
  })),
  {
    package: "square",
    provider: "square",
    verify: ({ url, body, headers, secret }) =>
      require("square").WebhooksHelper.verifySignature({
        requestBody: body,
        signatureHeader: headers["x-square-hmacsha256-signature"],
        signatureKey: secret,
        notificationUrl: url,
      }),
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
    package: "@adyen/api-library",
    provider: "adyen",
    secret: HEX,
    other: OTHER_HEX,
    ours: false,
    body: "4200",
    sign: ({ body, secret }) => {
      const items = [1130, Number(body)].map((value) =>
        adyenSign({ ...adyenItem, amount: { currency: "EUR", value } }, secret),
      );
      return { headers: {}, body: JSON.stringify({ live: "false", notificationItems: items }) };
    },
    verify: ({ body, secret }) => {
      const { hmacValidator } = require("@adyen/api-library");
      const items = JSON.parse(body).notificationItems;
      return items.every((item) => new hmacValidator().validateHMAC(item.NotificationRequestItem, secret));
    },
  },
  {
    package: "@adyen/api-library",
    provider: "adyen-platforms",
    secret: HEX,
    other: OTHER_HEX,
    verify: ({ body, headers, secret }) => {
      const { hmacValidator } = require("@adyen/api-library");
      return new hmacValidator().validateHMACSignature(secret, headers.hmacsignature, body);
    },
  },
  {
    package: "@contentful/node-apps-toolkit",
    provider: "contentful",
    secret: "s".repeat(64),
    other: "t".repeat(64),
    url: "https://hooks.example.com/in?source=1",
    headers: { "x-extra": "one" },
    ours: false,
    sign: ({ method, body, secret, now }) => {
      const { signRequest } = require("@contentful/node-apps-toolkit");
      const request = { method, path: "/in?source=1", headers: { "x-extra": "one" }, body };
      return { headers: signRequest(secret, request, now * 1000) };
    },
    verify: ({ method, body, headers, secret }) => {
      const { verifyRequest } = require("@contentful/node-apps-toolkit");
      return verifyRequest(secret, { method, path: "/in?source=1", headers, body });
    },
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
  standard("openai", "openai", async (body, headers, secret) => {
    const { OpenAI } = require("openai");
    await new OpenAI({ apiKey: "key" }).webhooks.verifySignature(body, headers, secret);
    return true;
  }),
  {
    package: "telnyx",
    provider: "telnyx",
    ...ed25519Base64,
    ours: false,
    sign: ({ body, now }) => ({
      headers: {
        "telnyx-timestamp": `${now}`,
        "telnyx-signature-ed25519": crypto
          .sign(null, Buffer.from(`${now}|${body}`), ed25519Base64.privateKey)
          .toString("base64"),
      },
    }),
    verify: async ({ body, headers, secret }) => {
      const { Telnyx } = require("telnyx");
      return new Telnyx({ apiKey: "key" }).webhooks.unwrap(body, { headers, key: secret });
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
    package: "braintree",
    provider: "braintree",
    params: { public_key: "public" },
    ours: false,
    headers: formHeader,
    sign: async ({ secret }) => {
      const sample = await braintree(secret).webhookTesting.sampleNotification("check", "my_id");
      return { headers: {}, body: form(sample) };
    },
    verify: async ({ body, secret }) => {
      const { bt_signature, bt_payload } = Object.fromEntries(new URLSearchParams(body));
      return Boolean(await braintree(secret).webhookNotification.parse(bt_signature, bt_payload));
    },
  },
  {
    package: "atlassian-jwt",
    provider: "atlassian-connect",
    method: "GET",
    url: "https://app.example.com/hook?b=2&a=%20x&a=1",
    body: "",
    ours: false,
    tamper: (delivery) => ({ ...delivery, url: delivery.url.replace("b=2", "b=3") }),
    sign: ({ method, url, secret, now }) => {
      const { createQueryStringHash, encodeSymmetric, fromMethodAndUrl } = require("atlassian-jwt");
      const qsh = createQueryStringHash(fromMethodAndUrl(method, url));
      const claims = { iss: "client", iat: now, exp: now + 180, qsh };
      return { headers: { authorization: `JWT ${encodeSymmetric(claims, secret)}` } };
    },
    // `decodeSymmetric` leaves `exp` to its caller.
    checksTime: false,
    verify: ({ method, url, headers, secret }) => {
      const { createQueryStringHash, decodeSymmetric, fromMethodAndUrl, SymmetricAlgorithm } = require("atlassian-jwt");
      const claims = decodeSymmetric(headers.authorization.slice(4), secret, SymmetricAlgorithm.HS256);
      return claims.qsh === createQueryStringHash(fromMethodAndUrl(method, url));
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
  {
    package: "truelayer-signing",
    provider: "truelayer",
    ...p521,
    ours: false,
    checksTime: false,
    sign: ({ url, body, now }) => {
      const stated = new Date(now * 1000).toISOString().replace(".000Z", "Z");
      const headers = { "X-Tl-Webhook-Timestamp": stated, "Content-Type": "application/json" };
      const privateKeyPem = p521.privateKey.export({ type: "pkcs8", format: "pem" });
      const signed = { kid: "a", privateKeyPem, path: new URL(url).pathname, headers, body };
      return { headers: { ...headers, "Tl-Signature": require("truelayer-signing").sign(signed) } };
    },
    verify: ({ url, body, headers, secret }) => {
      const { "Tl-Signature": signature, ...others } = headers;
      const path = new URL(url).pathname;
      require("truelayer-signing").verify({ jwks: secret, signature, method: "POST", path, headers: others, body });
      return true;
    },
  },
  {
    package: "@upstash/qstash",
    provider: "qstash",
    url: "https://hooks.example.com/in",
    ours: false,
    lifetime: LIFETIME,
    sign: ({ url, body, secret, now }) => ({
      headers: {
        "upstash-signature": jwt(
          {
            iss: "Upstash",
            sub: url,
            iat: now,
            nbf: now,
            exp: now + 300,
            jti: "jwt_1",
            body: crypto.createHash("sha256").update(body).digest("base64url"),
          },
          secret,
        ),
      },
    }),
    verify: async ({ url, body, headers, secret }) => {
      const { Receiver } = require("@upstash/qstash");
      const receiver = new Receiver({ currentSigningKey: secret, nextSigningKey: secret });
      return receiver.verify({ signature: headers["upstash-signature"], body, url });
    },
  },
  {
    package: "livekit-server-sdk",
    provider: "livekit",
    params: { api_key: "key" },
    body: '{"event":"room_started","id":"EV_1","createdAt":"4200"}',
    ours: false,
    sign: async ({ body, secret }) => {
      const { AccessToken } = await import("livekit-server-sdk");
      const token = new AccessToken("key", secret, { ttl: 300 });
      token.sha256 = crypto.createHash("sha256").update(body).digest("base64");
      return { headers: { authorization: await token.toJwt() } };
    },
    lifetime: LIFETIME,
    verify: async ({ body, headers, secret }) => {
      const { WebhookReceiver } = await import("livekit-server-sdk");
      return new WebhookReceiver("key", secret).receive(body, headers.authorization, false, 0);
    },
  },
  ...[
    ["sns", "2", "sha256"],
    ["sns-v1", "1", "sha1"],
  ].map(([provider, version, hash]) => ({
    package: "sns-validator",
    provider,
    params: { topic_arn: "arn:aws:sns:us-west-2:123456789012:MyTopic" },
    ...rsa,
    ours: false,
    checksTime: false,
    body: "4200",
    sign: ({ body, now }) => {
      const message = {
        Message: body,
        MessageId: "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        Subject: "My First Message",
        Timestamp: new Date(now * 1000).toISOString(),
        TopicArn: "arn:aws:sns:us-west-2:123456789012:MyTopic",
        Type: "Notification",
      };
      const text = Object.entries(message)
        .map(([name, value]) => `${name}\n${value}\n`)
        .join("");
      const Signature = crypto.sign(hash, Buffer.from(text), rsa.privateKey).toString("base64");
      return { headers: {}, body: JSON.stringify({ ...message, SignatureVersion: version, Signature }) };
    },
    verify: ({ body, secret }) => snsValidate(JSON.parse(body), secret),
  })),
  {
    package: "@dropbox/sign",
    provider: "dropbox-sign",
    ours: false,
    checksTime: false,
    body: "4200",
    headers: formHeader,
    sign: ({ body, secret }) => {
      const hash = crypto.createHmac("sha256", secret).update(`${body}signature_request_sent`).digest("hex");
      const event = { event_time: body, event_type: "signature_request_sent", event_hash: hash };
      return { headers: {}, body: form({ json: JSON.stringify({ event }) }) };
    },
    verify: ({ body, secret }) => {
      const { EventCallbackHelper, EventCallbackRequest } = require("@dropbox/sign");
      const event = JSON.parse(new URLSearchParams(body).get("json"));
      return EventCallbackHelper.isValid(secret, EventCallbackRequest.init(event));
    },
  },
].map((each) => ({
  method: "POST",
  url: URL_HERE,
  body: EVENT,
  secret: SHARED,
  other: OTHER,
  headers: {},
  params: {},
  ours: true,
  checksTime: true,
  ...each,
}));

/** What a handshake is answered, by the vendor's package and by us. */
export const handshakes = [
  {
    package: "braintree",
    provider: "braintree",
    params: { public_key: "public" },
    method: "GET",
    url: "https://hooks.example.com/in?bt_challenge=20f9f8ed05f77439fe955c977e4c8a53",
    body: "",
    theirs: (secret) => braintree(secret).webhookNotification.verify("20f9f8ed05f77439fe955c977e4c8a53"),
  },
];

async function stripe() {
  const { default: Stripe } = await import("stripe");
  return new Stripe("sk_test_1");
}

function braintree(privateKey) {
  const { BraintreeGateway, Environment } = require("braintree");
  return new BraintreeGateway({
    environment: Environment.Sandbox,
    merchantId: "merchant",
    publicKey: "public",
    privateKey,
  });
}

function modernTreasury() {
  const { ModernTreasury } = require("modern-treasury");
  return new ModernTreasury({ organizationID: "id", apiKey: "key" });
}

async function workos() {
  const { WorkOS } = require("@workos-inc/node");
  return new WorkOS("sk_test_1");
}

function jwt(claims, secret) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${signed}.${crypto.createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

/** The validator fetches its certificate: here it gets the key that the test made. */
async function snsValidate(message, key) {
  const https = require("node:https");
  const get = https.get;
  https.get = (url, answer) => {
    const { EventEmitter } = require("node:events");
    const response = Object.assign(new EventEmitter(), { statusCode: 200 });
    answer(response);
    response.emit("data", Buffer.from(key));
    response.emit("end");
    return new EventEmitter();
  };
  try {
    const Validator = require("sns-validator");
    // It keeps certificates by their URL, which isn't signed.
    message.SigningCertURL = `https://sns.us-west-2.amazonaws.com/${crypto.randomUUID()}.pem`;
    return await new Promise((resolve) => new Validator().validate(message, (error) => resolve(!error)));
  } finally {
    https.get = get;
  }
}
