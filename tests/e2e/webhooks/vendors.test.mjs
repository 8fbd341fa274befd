// What vendors do that shows only over the wire: secrets as their pages show them, bodies that were compressed after
// they were signed, and URLs with characters that a URL's parser writes in another way.

import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import http from "node:http";
import { readFileSync } from "node:fs";
import { after, afterEach, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";

import { inRoot } from "../../../scripts/tools.mjs";
import { startRig } from "../../support/rig.mjs";
import { refused, seconds, secret, standard } from "../../support/standard_webhooks.mjs";
import { configurationOf } from "../../support/webhook_sources.mjs";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const discord = generateKeyPairSync("ed25519");
const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" });
const PEM = rsa.publicKey.export({ type: "spki", format: "pem" });
const hmac = (key, message, encoding = "hex", algorithm = "sha256") => createHmac(algorithm, key).update(message).digest(encoding);

const byWise = (body) => ({ "X-Signature-SHA256": sign("sha256", body, rsa.privateKey).toString("base64") });
const byStandard = (key) => (body) => standard(body, { key });
const vectors = JSON.parse(readFileSync(inRoot("crates", "webhook", "src", "tests", "vectors.json"), "utf8")).vectors;
const easypost = vectors.find(({ id }) => id === "easypost");

/** Secrets as the vendors' pages and files show them: {provider, secret, params, signed(body), body, refused}. */
const SECRETS = {
  "supabase, with its version": { provider: "supabase-auth", secret: `v1,${secret("supabase")}`, signed: byStandard(secret("supabase")) },
  "supabase, without": { provider: "supabase-auth", secret: secret("supabase"), signed: byStandard(secret("supabase")) },
  "easypost, beyond ASCII": { provider: "easypost", secret: easypost.secrets[0], signed: () => easypost.headers, body: easypost.body },
  "easypost, composed otherwise": {
    provider: "easypost",
    secret: "se\u0301cret ﬁ",
    signed: (body) => ({ "X-Hmac-Signature": `hmac-sha256-hex=${hmac("sécret ﬁ".normalize("NFKD"), body)}` }),
  },
  "wise, PEM in lines": { provider: "wise", secret: PEM, signed: byWise },
  "wise, PEM with \\r\\n": { provider: "wise", secret: PEM.replaceAll("\n", "\r\n"), signed: byWise },
  "wise, PEM in one line with \\n": { provider: "wise", secret: PEM.replaceAll("\n", "\\n"), signed: byWise },
  "discord, hexadecimal": {
    provider: "discord",
    secret: discord.publicKey.export({ type: "spki", format: "der" }).subarray(-32).toString("hex"),
    body: '{"id":"1","type":2}',
    signed: (body) => {
      const at = String(seconds());
      return { "X-Signature-Timestamp": at, "X-Signature-Ed25519": sign(null, `${at}${body}`, discord.privateKey).toString("hex") };
    },
  },
  "sendgrid, base64": {
    provider: "sendgrid",
    secret: p256.publicKey.export({ type: "spki", format: "der" }).toString("base64"),
    signed: (body) => {
      const at = String(seconds());
      const signature = sign("sha256", `${at}${body}`, p256.privateKey).toString("base64");
      return { "X-Twilio-Email-Event-Webhook-Timestamp": at, "X-Twilio-Email-Event-Webhook-Signature": signature };
    },
  },
  "ebay, PEM without lines": {
    provider: "ebay",
    secret: p256.publicKey.export({ type: "spki", format: "pem" }).replaceAll("\n", ""),
    params: { verification_token: "token" },
    refused: 412,
    signed: (body) => {
      const signature = sign("sha1", body, p256.privateKey).toString("base64");
      const head = { alg: "ecdsa", kid: "9936261a-7d7b-4621-a0f1-96ccb428af49", signature, digest: "SHA1" };
      return { "X-EBAY-SIGNATURE": Buffer.from(JSON.stringify(head)).toString("base64") };
    },
  },
  "stripe, whose whsec_ is no base64": {
    provider: "stripe",
    secret: "whsec_5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH",
    signed: (body) => {
      const at = seconds();
      return { "Stripe-Signature": `t=${at},v1=${hmac("whsec_5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH", `${at}.${body}`)}` };
    },
  },
  "adyen, hexadecimal": {
    provider: "adyen-platforms",
    secret: "0A".repeat(32),
    signed: (body) => ({ HmacSignature: hmac(Buffer.alloc(32, 10), body, "base64") }),
  },
};

const GETSTREAM = "stream-api-secret";
const TWILIO = "12345";
const HOST = "hooks.example.com";
const LIMIT = 100_000;

let rig;
before(async () => {
  const vars = { EVENTS_SECRET: secret("events"), GETSTREAM, TWILIO };
  const shown = Object.values(SECRETS).map(({ provider, secret, params }, index) => {
    vars[`SHOWN_${index}`] = secret;
    return { source: `shown-${index}`, provider, params, secret: `SHOWN_${index}` };
  });
  const toml = configurationOf("vendors", [
    ...shown,
    { source: "getstream", provider: "getstream", secret: "GETSTREAM", settings: `max_body_bytes = ${LIMIT}` },
    { source: "twilio", provider: "twilio", secret: "TWILIO" },
    { source: "twilio-registered", provider: "twilio", secret: "TWILIO", settings: `url = "https://${HOST}/hooks/twilio-registered"` },
  ]);
  rig = await startRig({ name: "vendors", toml, edges: { edge1: {} }, hooks: { vars } });
});
after(() => rig.close());
afterEach(() => rig.events());

const post = (source, body, headers = {}) => rig.edge("edge1", `/hooks/${source}`, { method: "POST", body, headers });

describe("a secret is taken as its vendor shows it:", () => {
  Object.entries(SECRETS).forEach(([name, { signed, body = '{"n":1}', refused: status = 401 }], index) => {
    test(name, async () => {
      refused(await post(`shown-${index}`, `${body} `, signed(body)), status, "NO_MATCH");
      const answer = await post(`shown-${index}`, body, signed(body));
      assert.equal(answer.status, 200, answer.text);
      const [event] = await rig.events();
      assert.equal(Buffer.from(event.body, "base64").toString(), body);
    });
  });
});

const zipped = (body, packed = gzipSync(body)) =>
  post("getstream", packed, { "X-Signature": hmac(GETSTREAM, body), "Content-Encoding": "gzip", "Content-Type": "application/json" });

test("a body that was signed and then compressed is genuine, and goes on as it came", async () => {
  const body = JSON.stringify({ type: "message.new", text: "é".repeat(2_000) });
  const answer = await zipped(body);
  assert.equal(answer.status, 200, answer.text);
  const [event] = await rig.events();
  assert.deepEqual(Buffer.from(event.body, "base64"), gzipSync(body));
  assert.equal(event.headers["content-encoding"], "gzip");
  refused(await zipped(`${body} `, gzipSync(body)), 401, "NO_MATCH");
  refused(await zipped(body, gzipSync(body).subarray(0, -9)), 400, "MALFORMED_BODY");
  assert.deepEqual(await rig.events(), []);
  const plain = await post("getstream", body, { "X-Signature": hmac(GETSTREAM, body) });
  assert.equal(plain.status, 200, "not every body is compressed");
});

test("a compressed body is unpacked to the source's limit and no further", async () => {
  const fits = Buffer.alloc(LIMIT, "a");
  assert.equal((await zipped(fits)).status, 200);
  refused(await zipped(Buffer.alloc(LIMIT + 1, "a")), 413, "BODY_TOO_LARGE");
  // 100 MB, in as many bytes as fit.
  const bomb = gzipSync(Buffer.alloc(100_000_000));
  assert.ok(bomb.length < LIMIT);
  refused(await zipped(Buffer.alloc(10), bomb), 413, "BODY_TOO_LARGE");
});

/** Posts a form to this path, written as it is: `fetch` would escape an apostrophe. */
function postRaw(path, headers, body) {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(rig.url);
    const sent = { "Content-Type": "application/x-www-form-urlencoded", "Content-Length": Buffer.byteLength(body), ...headers };
    const request = http.request({ hostname, port, path, method: "POST", headers: sent }, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("end", () => resolve({ status: answer.statusCode, text: Buffer.concat(chunks).toString() }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

describe("a URL that a sender signed is found again, however its characters were written on the way:", () => {
  const body = "CallSid=CA1234567890ABCDE&Digits=1234";
  const signed = (url) => ({ "X-Twilio-Signature": hmac(TWILIO, `${url}CallSidCA1234567890ABCDEDigits1234`, "base64", "sha1") });
  for (const [written, query] of Object.entries({
    // The runtime escapes it, as a browser would. So does Twilio before it signs.
    "an apostrophe": "Body=It's+amazing",
    "an escaped apostrophe": "Body=It%27s+amazing",
    "escapes and brackets": "a[]=%5B%5d&b=%C3%A9&c=(~!*)",
    "a plus and an escaped space": "a=b+c%20d",
  })) {
    test(written, async () => {
      for (const source of ["twilio", "twilio-registered"]) {
        const path = `/hooks/${source}?${query}`;
        const url = `${source === "twilio" ? rig.url.origin : `https://${HOST}`}${path.replaceAll("'", "%27")}`;
        const answer = await postRaw(path, signed(url), body);
        assert.equal(answer.status, 200, `${source}: ${answer.text}`);
        const other = await postRaw(path, signed(`${url}x`), body);
        assert.equal(other.status, 401, `${source}: ${other.text}`);
      }
    });
  }
});
