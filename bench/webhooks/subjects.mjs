// What is measured: a vendor's package verifying its own deliveries, as its
// documentation shows it, and Keystile verifying the same ones. The same list
// runs in Node and in Workers.

import * as octokit from "@octokit/webhooks-methods";
import { EventWebhook } from "@sendgrid/eventwebhook";
import { Webhook as StandardWebhook } from "standardwebhooks";
import Stripe from "stripe";
import { Webhook as Svix } from "svix";

const SECRET = "a shared secret of some length";
const WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

const stripe = new Stripe("sk_test_none");
const standard = new StandardWebhook(WHSEC);
const svix = new Svix(WHSEC);
const sendgrid = new EventWebhook();

/** The provider whose deliveries are verified by `createHmac` alone. */
export const HMAC_ALONE = "razorpay";
/** The provider that signs by ECDSA on P-256. Its deliveries are signed in Node: its package only verifies. */
export const BY_ECDSA = "sendgrid";

/**
 * By provider: its package, a secret, and how the package verifies a body that
 * came as a text. `node` is what only Node has (Stripe computes there at once).
 * The last is what razorpay's package does, and many without a package: it is
 * copied, because the package doesn't bundle for Workers.
 */
export const vendors = ({ createHmac, node }) => ({
  stripe: [
    "stripe",
    SECRET,
    (body, headers) =>
      node
        ? stripe.webhooks.constructEvent(body, headers["stripe-signature"], SECRET)
        : stripe.webhooks.constructEventAsync(body, headers["stripe-signature"], SECRET),
  ],
  github: ["@octokit/webhooks-methods", SECRET, (body, headers) => octokit.verify(SECRET, body, headers["x-hub-signature-256"])],
  "standard-webhooks": ["standardwebhooks", WHSEC, (body, headers) => standard.verify(body, headers)],
  svix: ["svix", WHSEC, (body, headers) => svix.verify(body, headers)],
  [BY_ECDSA]: [
    "@sendgrid/eventwebhook (ECDSA)",
    undefined,
    (body, headers, publicKey) => {
      const prefix = "x-twilio-email-event-webhook";
      const [signature, timestamp] = [headers[`${prefix}-signature`], headers[`${prefix}-timestamp`]];
      return sendgrid.verifySignature(publicKey, body, signature, timestamp);
    },
  ],
  [HMAC_ALONE]: [
    "`createHmac` and `===` (razorpay)",
    SECRET,
    (body, headers) => createHmac("sha256", SECRET).update(body).digest("hex") === headers["x-razorpay-signature"],
  ],
});

const encode = (text) => new TextEncoder().encode(text);

/** A JSON text of so many bytes. */
export function bodyOf(size) {
  const event = { id: "evt_1", type: "payment.created", amount: 4200, pad: "" };
  event.pad = "x".repeat(size - JSON.stringify(event).length);
  return JSON.stringify(event);
}

/**
 * Verifies `count` times; what it is that does so:
 *   theirs    the vendor's package
 *   ours      a Verifier, with the same text
 *   async     `verifyAsync`, with the same text
 *   bytes     `verifyAsync`, the body as bytes
 *   platform  WebCrypto's HMAC alone, with a key that is there already
 *   nothing   only what all of them do before
 * `given` has the public key and the headers of a delivery that was signed elsewhere.
 */
export async function verifyOften(keystile, tools, { who, provider, size, count, given }) {
  const [, shared, theirs] = vendors(tools)[provider];
  const text = bodyOf(size);
  const secret = shared ?? given.publicKey;
  const signed = given ?? keystile.sign(provider, secret, { headers: {}, body: text }, "msg_1");
  const headers = { "content-type": "application/json", ...signed.headers };
  const body = encode(text);
  const verifier = new keystile.Verifier(provider, [secret]);
  const publicKey = given && sendgrid.convertPublicKeyToECDSA(given.publicKey);
  const mac = await crypto.subtle.importKey("raw", encode(SECRET), { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
  const signature = await crypto.subtle.sign("HMAC", mac, body);
  const once = {
    theirs: () => theirs(text, headers, publicKey),
    ours: () => verifier.verify({ headers, body: text }).valid,
    async: async () => (await verifier.verifyAsync({ headers, body: text })).valid,
    bytes: async () => (await verifier.verifyAsync({ headers, body })).valid,
    platform: () => crypto.subtle.verify("HMAC", mac, signature, body),
  }[who];
  if (!once) return;
  const first = once();
  const waits = first instanceof Promise;
  if ((waits ? await first : first) === false) throw new Error(`${who} does not verify ${provider}'s delivery`);
  if (waits) for (let index = 0; index < count; index += 1) await once();
  else for (let index = 0; index < count; index += 1) once();
}
