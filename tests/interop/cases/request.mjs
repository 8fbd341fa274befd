// Signed by a secret that both have: more than the body, as its URL or headers, or single fields of it.
// Both of Adyen's are here, since they share their secrets.

import crypto from "node:crypto";
import { createRequire } from "node:module";

import { EVENT, form, formHeader } from "./deliveries.mjs";

const require = createRequire(import.meta.url);

const HEX = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056";
const OTHER_HEX = "55782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA057";
const TWILIO_FIELDS = { CallSid: "CA1234567890ABCDE", Caller: "+14158675309", Digits: "1234", From: "ä & b" };

export const ofRequest = [
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
];

export function braintree(privateKey) {
  const { BraintreeGateway, Environment } = require("braintree");
  return new BraintreeGateway({
    environment: Environment.Sandbox,
    merchantId: "merchant",
    publicKey: "public",
    privateKey,
  });
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
