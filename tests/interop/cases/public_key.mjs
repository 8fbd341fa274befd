// Signed by a private key; who verifies has the public one.

import crypto from "node:crypto";
import { createRequire } from "node:module";

import { EVENT } from "./deliveries.mjs";

const require = createRequire(import.meta.url);

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

export const byPublicKey = [
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
];

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
