// Webhooks through the front door: verified, handed on once, signed again.

import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { after, afterEach, before, test } from "node:test";

import { inRoot } from "../../../scripts/tools.mjs";
import { sleep, startRig } from "../../support/rig.mjs";
import { refused, seconds, secret, standard } from "../../support/standard_webhooks.mjs";

const STANDARD = secret("standard");
const OLD = secret("old");
const EVENTS = secret("events");
const SPKI = { type: "spki", format: "der" };
const keys = {
  discord: generateKeyPairSync("ed25519"),
  sendgrid: generateKeyPairSync("ec", { namedCurve: "P-256" }),
  rsa: generateKeyPairSync("rsa", { modulusLength: 2048 }),
};
const vars = {
  STANDARD_SECRET: STANDARD,
  STANDARD_SECRET_OLD: OLD,
  EVENTS_SECRET: EVENTS,
  GITHUB_SECRET: "github's secret",
  STRIPE_SECRET: "whsec_stripe",
  SLACK_SECRET: "slack's secret",
  META_SECRET: "meta's secret",
  ZOOM_SECRET: "zoom's secret",
  X_SECRET: "x's secret",
  SQUARE_SECRET: "square's secret",
  TOKEN: "the token itself",
  ADYEN_KEY: "0a".repeat(32),
  DISCORD_KEY: keys.discord.publicKey.export(SPKI).subarray(-32).toString("hex"),
  SENDGRID_KEY: keys.sendgrid.publicKey.export(SPKI).toString("base64"),
  RSA_KEY: keys.rsa.publicKey.export({ type: "spki", format: "pem" }),
};

let rig;
before(async () => {
  const toml = inRoot("tests", "fixtures", "webhooks.toml");
  rig = await startRig({ name: "webhooks", toml, edges: { edge1: {} }, hooks: { vars } });
});
after(() => rig.close());
afterEach(async () => {
  await rig.eventsAnswer({});
  await rig.hooksHandle("__clock", 0);
  await rig.hooksHandle("__deliveries", "ok");
  await rig.events();
});

const hmac = (key, message, encoding = "hex", algorithm = "sha256") =>
  createHmac(algorithm, key).update(message).digest(encoding);

const post = (source, body, headers = {}, query = "") =>
  rig.edge("edge1", `/hooks/${source}${query}`, { method: "POST", body, headers });

/** The one event that the upstream got, whose signature must be ours. */
async function theOneEvent() {
  const events = await rig.events();
  assert.equal(events.length, 1);
  const [event] = events;
  const body = Buffer.from(event.body, "base64");
  const { "webhook-id": id, "webhook-timestamp": at, "webhook-signature": signature } = event.headers;
  assert.equal(signature, standard(body, { key: EVENTS, id, at })["webhook-signature"]);
  assert.ok(Math.abs(seconds() - Number(at)) < 5);
  return { ...event, body };
}

test("a genuine delivery is handed on, byte for byte, and signed again", async () => {
  await rig.eventsAnswer({ status: 202, body: '{"ok":1}', type: "application/json" });
  const body = Buffer.from('{"caf\u00e9": 1.0,  "z": "\\u00e9"}\n\xff', "latin1");
  const headers = standard(body, { id: "msg_first" });
  const answer = await post("standard", body, {
    ...headers,
    "Content-Type": "application/json",
    "X-Event": "kept",
    "X-Other-Signature": "gone",
    Authorization: "Bearer gone",
    "Keystile-Tenant": "gone",
    "Keystile-Webhook-Source": "gone",
    "Keystile-Reach": "all",
    "Keystile-Request-Id": "gone",
  });
  assert.equal(answer.status, 202, answer.text);
  assert.deepEqual(answer.body, { ok: 1 });
  assert.equal(answer.headers.get("set-cookie"), null);
  assert.equal(answer.headers.get("keystile-tenant"), null);
  assert.equal(answer.headers.get("cache-control"), "private, no-store");

  const event = await theOneEvent();
  assert.deepEqual([event.method, event.path], ["POST", "/events/standard"]);
  assert.deepEqual(event.body, body);
  assert.match(event.headers["webhook-id"], /^standard_[\w-]{24}$/);
  assert.notEqual(event.headers["webhook-signature"], headers["webhook-signature"]);
  assert.equal(event.headers["content-type"], "application/json");
  assert.equal(event.headers["x-event"], "kept");
  assert.equal(event.headers["keystile-webhook-source"], "standard");
  assert.equal(event.headers["keystile-webhook-provider"], "standard-webhooks");
  assert.equal(event.headers["keystile-webhook-event-id"], "msg_first");
  assert.equal(event.headers["keystile-webhook-timestamp"], headers["webhook-timestamp"]);
  assert.equal(event.headers["keystile-webhook-body-authenticated"], "true");
  assert.equal(event.headers["keystile-request-id"], answer.headers.get("keystile-request-id"));
  for (const gone of ["x-other-signature", "authorization", "keystile-tenant", "keystile-reach"]) {
    assert.ok(!(gone in event.headers), gone);
  }
});

test("what is forged, old, ahead, oversized or unsigned is refused with its code, and not handed on", async () => {
  const body = '{"a":1}';
  refused(await post("standard", body, standard('{"a":2}')), 401, "NO_MATCH");
  refused(await post("standard", body, standard(body, { key: secret("another") })), 401, "NO_MATCH");
  refused(await post("standard", body, standard(body, { at: seconds() - 302 })), 401, "TIMESTAMP_TOO_OLD");
  refused(await post("standard", body, standard(body, { at: seconds() + 302 })), 401, "TIMESTAMP_TOO_NEW");
  refused(await post("standard", body), 400, "MISSING_HEADER");
  refused(await post("standard", body, { ...standard(body), "webhook-signature": "v1,!" }), 400, "MALFORMED_SIGNATURE");
  const long = "x".repeat(100_001);
  refused(await post("standard", long, standard(long)), 413, "BODY_TOO_LARGE");
  assert.deepEqual(await rig.events(), []);
});

test("a tolerance of the source's own is kept to", async () => {
  const body = '{"id":"evt_tolerance"}';
  const signed = (at) => ({ "Stripe-Signature": `t=${at},v1=${hmac(vars.STRIPE_SECRET, `${at}.${body}`)}` });
  refused(await post("stripe", body, signed(seconds() - 62)), 401, "TIMESTAMP_TOO_OLD");
  assert.equal((await post("stripe", body, signed(seconds() - 55))).status, 200);
  assert.equal((await theOneEvent()).headers["keystile-webhook-event-id"], "evt_tolerance");
});

test("no answer says which secret it was, or shows one", async () => {
  const answers = [
    await post("standard", "{}", standard("[]", { key: OLD })),
    await post("standard", "{}", standard("[]", { key: STANDARD })),
  ];
  const [one, other] = answers.map(({ body }) => ({ ...body, request_id: "" }));
  assert.deepEqual(one, other);
  for (const { text } of answers) assert.ok(!/whsec|secret 1|STANDARD_SECRET/i.test(text), text);
});

test("several secrets are good at a time, so that one can be rotated", async () => {
  for (const key of [STANDARD, OLD]) {
    assert.equal((await post("standard", "{}", standard("{}", { key }))).status, 200);
    await theOneEvent();
  }
});

test("a body over the limit is refused while it streams; the rest is not read", async () => {
  let pulled = 0;
  const stream = new ReadableStream({
    async pull(controller) {
      pulled += 1;
      await sleep(20);
      if (pulled > 500) controller.close();
      else controller.enqueue(new Uint8Array(10_000));
    },
  });
  const response = await rig.server.getWorker("edge1").fetch("http://edge.example/hooks/standard", {
    method: "POST",
    body: stream,
    duplex: "half",
    headers: standard(""),
  });
  assert.equal(response.status, 413);
  assert.equal((await response.json()).code, "BODY_TOO_LARGE");
  assert.ok(pulled < 100, `${pulled} chunks were read`);
});

test("what the upstream did not take passes at the sender's next attempt", async () => {
  const headers = standard("{}", { id: "msg_second_attempt" });
  const ids = new Set();
  for (const mode of [{ status: 503, body: "later", type: "text/plain" }, { status: 302 }]) {
    await rig.eventsAnswer(mode);
    const failed = await post("standard", "{}", headers);
    assert.equal(failed.status, mode.status);
    assert.equal(failed.text, mode.body ?? "");
    ids.add((await theOneEvent()).headers["webhook-id"]);
  }
  await rig.eventsAnswer({});
  assert.equal((await post("standard", "{}", headers)).status, 200);
  ids.add((await theOneEvent()).headers["webhook-id"]);
  assert.equal(ids.size, 1, "each attempt has the same id");
  assert.deepEqual((await post("standard", "{}", headers)).body, { status: "duplicate" });
});

test("an upstream that can't be reached is 502, every time", async () => {
  const headers = standard("{}");
  for (let time = 0; time < 2; time += 1) refused(await post("nowhere", "{}", headers), 502, "UPSTREAM_UNREACHABLE");
});

test("while it can't be told what was delivered, nothing is", async () => {
  await rig.hooksHandle("__deliveries", "down");
  const headers = standard("{}");
  const answer = await post("standard", "{}", headers);
  refused(answer, 503, "DEPENDENCY_UNAVAILABLE");
  assert.equal(answer.headers.get("retry-after"), "1");
  assert.deepEqual(await rig.events(), []);
  await rig.hooksHandle("__deliveries", "ok");
  assert.equal((await post("standard", "{}", headers)).status, 200);
});

test("handshakes are answered: Slack's once it is signed, Meta's for who knows the token", async () => {
  const body = '{"type":"url_verification","challenge":"3eZbrw1aB"}';
  const at = seconds();
  const signature = `v0=${hmac(vars.SLACK_SECRET, `v0:${at}:${body}`)}`;
  const headers = { "X-Slack-Request-Timestamp": String(at), "X-Slack-Signature": signature };
  const slack = await post("slack", body, headers);
  assert.deepEqual([slack.status, slack.text], [200, "3eZbrw1aB"]);
  assert.match(slack.headers.get("content-type"), /^text\/plain/);
  assert.equal(slack.headers.get("x-content-type-options"), "nosniff");
  refused(await post("slack", body, { ...headers, "X-Slack-Signature": `v0=${"0".repeat(64)}` }), 401, "NO_MATCH");

  const meta = (token) => {
    const query = new URLSearchParams({ "hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": token });
    return rig.edge("edge1", `/hooks/meta?${query}`);
  };
  const answer = await meta("as we told Meta");
  assert.deepEqual([answer.status, answer.text], [200, "1158201444"]);
  refused(await meta("another"), 401, "NO_MATCH");
  assert.deepEqual(await rig.events(), []);
});

test("p42: nobody gets anything signed that could be a delivery", async () => {
  const crc = (token) => rig.edge("edge1", `/hooks/x?${new URLSearchParams({ crc_token: token })}`);
  const answer = await crc("dG9rZW4");
  assert.deepEqual(answer.body, { response_token: `sha256=${hmac(vars.X_SECRET, "dG9rZW4", "base64")}` });
  refused(await crc('{"tweet":1}'), 400, "MALFORMED_FIELD");
  // What was answered is no signature for a delivery of the same text.
  const signature = { "X-Twitter-Webhooks-Signature": answer.body.response_token };
  refused(await post("x", "dG9rZW4", signature), 401, "NO_MATCH");

  const zoom = (plainToken, key = vars.ZOOM_SECRET) => {
    const body = JSON.stringify({ event: "endpoint.url_validation", payload: { plainToken } });
    const at = seconds();
    const proof = { "x-zm-request-timestamp": String(at), "x-zm-signature": `v0=${hmac(key, `v0:${at}:${body}`)}` };
    return post("zoom", body, proof);
  };
  const validated = await zoom("qgg8vlvZRS6UYooatFL8Aw");
  assert.deepEqual(validated.body, {
    plainToken: "qgg8vlvZRS6UYooatFL8Aw",
    encryptedToken: hmac(vars.ZOOM_SECRET, "qgg8vlvZRS6UYooatFL8Aw"),
  });
  refused(await zoom("qgg8vlvZRS6UYooatFL8Aw", "another"), 401, "NO_MATCH");
  refused(await zoom(`v0:${seconds()}:{}`), 400, "MALFORMED_FIELD");
  assert.deepEqual(await rig.events(), []);
});

test("public keys are WebCrypto's to compute with: Ed25519, ECDSA, RSA", async () => {
  const body = '{"id":"1234","type":2}';
  const at = String(seconds());
  const cases = {
    discord: (text) => ({
      "X-Signature-Timestamp": at,
      "X-Signature-Ed25519": sign(null, `${at}${text}`, keys.discord.privateKey).toString("hex"),
    }),
    sendgrid: (text) => ({
      "X-Twilio-Email-Event-Webhook-Timestamp": at,
      "X-Twilio-Email-Event-Webhook-Signature": sign("sha256", `${at}${text}`, keys.sendgrid.privateKey).toString("base64"),
    }),
    rsa: (text) => ({ "X-Proof": sign("sha256", text, keys.rsa.privateKey).toString("base64") }),
  };
  for (const [source, signed] of Object.entries(cases)) {
    refused(await post(source, body, signed(`${body} `)), 401, "NO_MATCH");
    const answer = await post(source, body, signed(body));
    assert.equal(answer.status, 200, `${source}: ${answer.text}`);
    await theOneEvent();
  }
});

test("long bodies are WebCrypto's too", async () => {
  const body = JSON.stringify({ long: "é".repeat(100_000) });
  const signed = (text) => ({ "X-Hub-Signature-256": `sha256=${hmac(vars.GITHUB_SECRET, text)}` });
  refused(await post("github", body, signed(`${body} `)), 401, "NO_MATCH");
  assert.equal((await post("github", body, signed(body))).status, 200);
  assert.equal((await theOneEvent()).body.toString(), body);
});

test("a signed URL is the one that is registered, with the query that came", async () => {
  const signed = (url) => ({ "x-square-hmacsha256-signature": hmac(vars.SQUARE_SECRET, `${url}{"n":1}`, "base64") });
  const right = signed("https://hooks.example.com/square?a=1");
  assert.equal((await post("square", '{"n":1}', right, "?a=1")).status, 200);
  refused(await post("square", '{"n":1}', signed("http://edge.example/hooks/square?a=1"), "?a=1"), 401, "NO_MATCH");
});

test("an unknown source is 404, one that isn't set up is 500 and doesn't say why", async () => {
  refused(await post("nobody", "{}"), 404, "UNKNOWN_SOURCE");
  refused(await post("standard/more", "{}"), 404, "UNKNOWN_SOURCE");
  for (const source of ["unset", "unsigned"]) {
    const answer = await post(source, "{}", standard("{}"));
    refused(answer, 500, "CONFIGURATION");
    assert.ok(!answer.text.includes("NOBODY_SET_THIS"));
  }
  refused(await rig.edge("edge1", "/hooks/standard"), 405, "METHOD_NOT_ALLOWED");
});
