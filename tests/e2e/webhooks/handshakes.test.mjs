// Every handshake of every provider, before its secret is set and after: the sender gets the answer that it asks for.
// A secret that a sender tells is shown to an operator once.

import assert from "node:assert/strict";
import { createHash, createHmac, generateKeyPairSync, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, afterEach, before, describe, test } from "node:test";

import { inRoot } from "../../../scripts/tools.mjs";
import { startRig } from "../../support/rig.mjs";
import { refused, seconds } from "../../support/standard_webhooks.mjs";
import { configurationOf } from "../../support/webhook_sources.mjs";

const HOUR = 3_600_000;
const SECRET = "the secret of every sender";
const discord = generateKeyPairSync("ed25519");
const ebay = generateKeyPairSync("ec", { namedCurve: "P-256" });
const hmac = (message, encoding = "hex", key = SECRET, algorithm = "sha256") => createHmac(algorithm, key).update(message).digest(encoding);
const form = { "Content-Type": "application/x-www-form-urlencoded" };
const json = { "Content-Type": "application/json" };
const text = (body) => ({ status: 200, type: /^text\/plain/, text: body });
const ofJson = (body) => ({ status: 200, type: /^application\/json/, body });
const EMPTY = { status: 200, text: "" };

const signedByDiscord = (body) => {
  const at = String(seconds());
  const signature = sign(null, `${at}${body}`, discord.privateKey).toString("hex");
  return { ...json, "X-Signature-Timestamp": at, "X-Signature-Ed25519": signature };
};
const signedLikeSlack = (name) => (body) => {
  const at = seconds();
  return { ...json, [`x-${name}-request-timestamp`]: String(at), [`x-${name}-signature`]: `v0=${hmac(`v0:${at}:${body}`)}` };
};
const signedByTwitch = (body) => {
  const [id, at] = ["befa7b53-d79d-478f-86b9-120f112b044e", new Date().toISOString()];
  return {
    ...json,
    "Twitch-Eventsub-Message-Id": id,
    "Twitch-Eventsub-Message-Timestamp": at,
    "Twitch-Eventsub-Message-Signature": `sha256=${hmac(`${id}${at}${body}`)}`,
    "Twitch-Eventsub-Message-Type": "webhook_callback_verification",
  };
};
const graph = "Validation: Testing client application reachability for subscription Request-Id: 1a2b";
const hub = new URLSearchParams({ "hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "as we told Meta" });

/**
 * Each provider's handshakes: the request ({method, query, headers, body, signed}), the source's `params` and `settings`,
 * the `answer`, whether it needs the secret (`secret`), and the secret that it `tells`.
 */
const HANDSHAKES = {
  asana: {
    headers: { ...json, "X-Hook-Secret": "b537207f20cbfa02357cf448134da559" },
    body: "{}",
    answer: { ...EMPTY, headers: { "x-hook-secret": "b537207f20cbfa02357cf448134da559" } },
    tells: "b537207f20cbfa02357cf448134da559",
  },
  "azure-event-grid": {
    query: new URLSearchParams({ code: SECRET }),
    headers: { ...json, "aeg-event-type": "SubscriptionValidation" },
    body: '[{"id":"2d1781af","data":{"validationCode":"512d38b6-c7b8-40c8-89fe-f46f9e9622b6"}}]',
    answer: ofJson({ validationResponse: "512d38b6-c7b8-40c8-89fe-f46f9e9622b6" }),
    secret: true,
  },
  "azure-event-grid-cloudevents": {
    method: "OPTIONS",
    query: new URLSearchParams({ code: SECRET }),
    headers: { "WebHook-Request-Origin": "eventgrid.azure.net" },
    answer: { ...EMPTY, headers: { "webhook-allowed-origin": "eventgrid.azure.net", "webhook-allowed-rate": "*" } },
    secret: true,
  },
  braintree: {
    method: "GET",
    query: "bt_challenge=20f9f8ed05f77439fe955c977e4c8a53",
    params: { public_key: "integration_public_key" },
    answer: text(`integration_public_key|${hmac("20f9f8ed05f77439fe955c977e4c8a53", "hex", createHash("sha1").update(SECRET).digest(), "sha1")}`),
    secret: true,
  },
  discord: { body: '{"id":"1","type":1}', signed: signedByDiscord, answer: ofJson({ type: 1 }), secret: true },
  "discord-events": { body: '{"version":1,"type":0}', signed: signedByDiscord, answer: { status: 204, text: "" }, secret: true },
  dropbox: { method: "GET", query: "challenge=3uNk%3Cb%3E", answer: text("3uNk<b>") },
  ebay: {
    method: "GET",
    query: "challenge_code=a8628072-3d33-45ee-9004-bee86830a22d",
    params: { verification_token: "71745723-d031-455c-bfa5-f90d11b4f20a" },
    settings: 'url = "http://www.testendpoint.com/webhook"',
    answer: ofJson({ challengeResponse: "ca527df75caa230092d7e90484071e8f05d63068f1317973d6a3a42593734bbb" }),
  },
  front: { headers: { ...json, "X-Front-Challenge": "abc123" }, body: '{"type":"sync"}', answer: ofJson({ challenge: "abc123" }) },
  gusto: {
    headers: json,
    body: '{"verification_token":"vt_1jHk","webhook_subscription_uuid":"9a9b"}',
    answer: EMPTY,
    tells: "vt_1jHk",
  },
  intercom: { method: "HEAD", answer: EMPTY },
  linkedin: {
    method: "GET",
    query: "challengeCode=890e4665-4dfe-4ab1-b689-ed553bceeed0",
    answer: ofJson({
      challengeCode: "890e4665-4dfe-4ab1-b689-ed553bceeed0",
      challengeResponse: hmac("890e4665-4dfe-4ab1-b689-ed553bceeed0"),
    }),
    secret: true,
  },
  mandrill: { method: "HEAD", answer: EMPTY },
  meta: { method: "GET", query: hub, params: { verify_token: "as we told Meta" }, answer: text("1158201444") },
  "microsoft-graph": { query: new URLSearchParams({ validationToken: graph }), answer: text(graph) },
  monday: { headers: json, body: '{"challenge":"3eZbrw1aB"}', answer: ofJson({ challenge: "3eZbrw1aB" }) },
  notion: {
    headers: json,
    body: '{"verification_token":"secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl"}',
    answer: EMPTY,
    tells: "secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl",
  },
  nylas: { method: "GET", query: "challenge=bc609b38-c81f-47fb-a275-1d9bd61be1e1", answer: text("bc609b38-c81f-47fb-a275-1d9bd61be1e1") },
  okta: { method: "GET", headers: { "X-Okta-Verification-Challenge": "RATvY1OlbDLvXYQ" }, answer: ofJson({ verification: "RATvY1OlbDLvXYQ" }) },
  onfleet: { method: "GET", query: "check=fc2b0f4a", answer: text("fc2b0f4a") },
  slack: {
    body: '{"token":"Jhj5","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"}',
    signed: signedLikeSlack("slack"),
    answer: text("3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"),
    secret: true,
  },
  surveymonkey: { method: "HEAD", answer: EMPTY },
  trello: { method: "HEAD", answer: EMPTY },
  twitch: { body: '{"challenge":"pogchamp-kappa-360noscope-vohiyo"}', signed: signedByTwitch, answer: text("pogchamp-kappa-360noscope-vohiyo"), secret: true },
  whatsapp: { method: "GET", query: hub, params: { verify_token: "as we told Meta" }, answer: text("1158201444") },
  woocommerce: { headers: form, body: "webhook_id=7", answer: EMPTY },
  x: { method: "GET", query: "crc_token=dG9rZW4", answer: ofJson({ response_token: `sha256=${hmac("dG9rZW4", "base64")}` }), secret: true },
  xero: {
    body: '{"events":[],"firstEventSequence":0,"lastEventSequence":0,"entropy":"S0m3r4Nd0mt3xt"}',
    signed: (body) => ({ ...json, "x-xero-signature": hmac(body, "base64") }),
    answer: EMPTY,
    secret: true,
  },
  zoom: {
    body: '{"event":"endpoint.url_validation","payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"}}',
    signed: signedLikeSlack("zm"),
    answer: ofJson({ plainToken: "qgg8vlvZRS6UYooatFL8Aw", encryptedToken: hmac("qgg8vlvZRS6UYooatFL8Aw") }),
    secret: true,
  },
};
const SECRETS = {
  ebay: ebay.publicKey.export({ type: "spki", format: "pem" }),
  discord: discord.publicKey.export({ type: "spki", format: "der" }).subarray(-32).toString("hex"),
  onfleet: Buffer.from(SECRET).toString("hex"),
};
SECRETS["discord-events"] = SECRETS.discord;

let rig;
before(async () => {
  const vars = {};
  const sources = Object.entries(HANDSHAKES).flatMap(([provider, { params, settings }]) => {
    const name = `${provider.toUpperCase().replaceAll("-", "_")}_SECRET`;
    vars[name] = SECRETS[provider] ?? SECRET;
    // Neither has the secret for its upstream, and the second has no secret of the sender's.
    const both = { provider, params, settings, signing_secret: "NOR_THIS" };
    return [
      { ...both, source: provider, secret: name },
      { ...both, source: `${provider}-bare`, secret: "NOBODY_SET_THIS" },
    ];
  });
  const toml = configurationOf("handshakes", sources);
  rig = await startRig({ name: "handshakes", toml, edges: { edge1: {} }, handles: true, hooks: { vars } });
});
after(() => rig.close());
afterEach(async () => {
  await rig.hooksHandle("__clock", 0);
  await rig.hooksHandle("__dead_letters", "ok");
});

const shake = (source, { method = "POST", query, headers, body, signed }, more = {}) =>
  rig.edge("edge1", `/hooks/${source}${query ? `?${query}` : ""}`, { method, body, headers: { ...headers, ...signed?.(body), ...more } });
const handshakesOf = async (source) => (await rig.manage("GET", `/v1/webhooks/${source}/handshakes`)).body;
const reveal = (source, id, options) => rig.manage("POST", `/v1/webhooks/${source}/handshakes/${id}/reveal`, undefined, options);
const emptied = (source) => rig.hooksHandle(`__object/DEAD_LETTERS/${source}/__sql`, "DELETE FROM handshakes; DELETE FROM handshakes_dropped;");

function isAnswer(answer, { status, type, text, body, headers = {} }) {
  assert.equal(answer.status, status, answer.text);
  if (type) assert.match(answer.headers.get("content-type"), type);
  if (text !== undefined) assert.equal(answer.text, text);
  if (body) assert.deepEqual(answer.body, body);
  for (const [name, value] of Object.entries(headers)) assert.equal(answer.headers.get(name), value);
  assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
}

test("every provider with a handshake is here", () => {
  const registry = readFileSync(inRoot("crates", "webhook", "src", "registry.toml"), "utf8");
  const own = [...registry.matchAll(/^\[\[([\w-]+)\.scheme\.handshake\]\]/gm)].map(([, provider]) => provider);
  const like = [...registry.matchAll(/^\[([\w-]+)\]\n(?:(?!\[).*\n)*?like = "([\w-]+)"/gm)].filter(([, , other]) => own.includes(other));
  assert.deepEqual(Object.keys(HANDSHAKES).sort(), [...own, ...like.map(([, provider]) => provider)].sort());
});

describe("a handshake gets the answer that its sender asks for, and the upstream hears nothing:", () => {
  for (const [provider, handshake] of Object.entries(HANDSHAKES)) {
    test(provider, async () => {
      isAnswer(await shake(provider, handshake), handshake.answer);
      const bare = await shake(`${provider}-bare`, handshake);
      if (handshake.secret) {
        refused(bare, 500, "CONFIGURATION");
        assert.ok(!/NOBODY|NOR_THIS/.test(bare.text));
      } else {
        isAnswer(bare, handshake.answer);
      }
      assert.deepEqual(await rig.events(), []);
      assert.deepEqual(await handshakesOf(provider), { dropped: 0, handshakes: [] }, "a source with a secret keeps none");
      const kept = (await handshakesOf(`${provider}-bare`)).handshakes;
      assert.equal(kept.length, handshake.tells ? 1 : 0);
      for (const { id } of kept) assert.equal((await reveal(`${provider}-bare`, id)).body.secret, handshake.tells);
    });
  }
});

describe("a handshake that must be signed is refused with the status that its sender wants:", () => {
  const HEADERS = {
    discord: ["X-Signature-Ed25519", 401],
    "discord-events": ["X-Signature-Ed25519", 401],
    slack: ["x-slack-signature", 400],
    twitch: ["Twitch-Eventsub-Message-Signature", 400],
    xero: ["x-xero-signature", 401],
    zoom: ["x-zm-signature", 400],
  };
  for (const [provider, { signed, ...handshake }] of Object.entries(HANDSHAKES).filter(([, { signed }]) => signed)) {
    test(provider, async () => {
      const [header, otherwise] = HEADERS[provider];
      const { [header]: signature, ...unsigned } = signed(handshake.body);
      assert.ok(signature);
      const status = async (headers) => (await shake(provider, handshake, headers)).status;
      assert.equal(await status(unsigned), otherwise, "missing");
      assert.equal(await status({ ...unsigned, [header]: "!" }), otherwise, "malformed");
      assert.equal(await status({ ...unsigned, [header]: signed(`${handshake.body} `)[header] }), 401, "wrong");
      assert.deepEqual(await rig.events(), []);
    });
  }
});

const NOTION = "notion-bare";
const { headers: JSON_HEADERS } = HANDSHAKES.notion;
const tell = (secret, more) => shake(NOTION, { headers: JSON_HEADERS, body: JSON.stringify({ verification_token: secret }) }, more);

test("a secret that is told is listed without itself, shown once, and then gone; the audit log says who saw it", async () => {
  await emptied(NOTION);
  assert.equal((await tell("secret_1", { "CF-Connecting-IP": "192.0.2.7" })).status, 200);
  assert.equal((await tell("secret_1")).status, 200, "a repetition is the same");
  const listed = await rig.manage("GET", `/v1/webhooks/${NOTION}/handshakes`);
  assert.ok(!listed.text.includes("secret_1"));
  const { handshakes: [handshake], dropped } = listed.body;
  assert.equal(dropped, 0);
  assert.equal(listed.body.handshakes.length, 1);
  const { id, received_at } = handshake;
  assert.deepEqual(handshake, { id, received_at, revealed_at: null, from: "192.0.2.7" });

  const operator = await rig.operator("*", ["webhooks:write"]);
  const { note, ...shown } = (await reveal(NOTION, id, { key: operator.key })).body;
  assert.deepEqual(shown, { id, received_at, from: "192.0.2.7", secret: "secret_1" });
  assert.match(note, /Nobody vouches/);
  const again = await reveal(NOTION, id, { key: operator.key });
  assert.deepEqual([again.status, again.code], [404, "HANDSHAKE_NOT_FOUND"]);
  const rows = await rig.hooksHandle(`__object/DEAD_LETTERS/${NOTION}/__sql`, "SELECT secret FROM handshakes");
  assert.deepEqual(rows, [{ secret: null }]);
  assert.notEqual((await handshakesOf(NOTION)).handshakes[0].revealed_at, null);

  const { body: log } = await rig.manage("GET", "/v1/audit?limit=200");
  const entries = log.entries.filter(({ detail }) => detail.handshake?.to === id);
  assert.deepEqual(
    entries.map(({ action, actor, detail }) => ({ action, actor: actor.id, detail })),
    [
      {
        action: "handshake_revealed",
        actor: operator.id,
        detail: { handshake: { from: null, to: id }, source: { from: null, to: NOTION } },
      },
    ],
  );
  assert.ok(!JSON.stringify(log).includes("secret_1"));
});

test("who may only list reveals nothing, nor does a tenant's operator", async () => {
  await emptied(NOTION);
  await tell("secret_2");
  const { id } = (await handshakesOf(NOTION)).handshakes[0];
  const [reader, tenants] = [await rig.operator("*", ["webhooks:read"]), await rig.operator("acme", ["webhooks:read", "webhooks:write"])];
  assert.equal((await reveal(NOTION, id, { key: reader.key })).status, 403);
  assert.equal((await reveal(NOTION, id, { key: tenants.key })).status, 403);
  assert.equal((await rig.manage("GET", `/v1/webhooks/${NOTION}/handshakes`, undefined, { key: tenants.key })).status, 403);
  assert.equal((await reveal("asana-bare", id)).status, 404, "under another source");
  assert.equal((await reveal(NOTION, id)).body.secret, "secret_2");
});

test("what can't be noted is not shown, and what was not kept is not acknowledged", async () => {
  await emptied(NOTION);
  await tell("secret_3");
  const { id } = (await handshakesOf(NOTION)).handshakes[0];
  await rig.failing("INSERT INTO audit");
  assert.equal((await reveal(NOTION, id)).status, 500);
  await rig.failing(null);
  await rig.hooksHandle("__dead_letters", "down");
  refused(await tell("secret_4"), 503, "DEPENDENCY_UNAVAILABLE");
  await rig.hooksHandle("__dead_letters", "ok");
  assert.equal((await reveal(NOTION, id)).body.secret, "secret_3");
});

test("ten are kept, further ones are told to come again and counted, and all go after a day", async () => {
  await emptied(NOTION);
  for (let told = 0; told < 10; told += 1) assert.equal((await tell(`flood_${told}`)).status, 200);
  const full = await tell("flood_10");
  refused(full, 503, "DEPENDENCY_UNAVAILABLE");
  assert.ok(Number(full.headers.get("retry-after")) > 0);
  assert.equal((await tell("flood_3")).status, 200, "one that is here is no further one");
  refused(await tell("x".repeat(513)), 400, "MALFORMED_FIELD");
  const { handshakes, dropped } = await handshakesOf(NOTION);
  assert.deepEqual([handshakes.length, dropped], [10, 1]);
  // Room is made by looking.
  await reveal(NOTION, handshakes[0].id);
  assert.equal((await tell("flood_11")).status, 200);

  const due = await rig.hooksHandle(`__object/DEAD_LETTERS/${NOTION}/__alarm_at`);
  assert.ok(due <= Date.now() + 24 * HOUR, "the alarm comes within the day");
  await rig.hooksHandle("__clock", 24 * HOUR + 1_000);
  assert.deepEqual(await handshakesOf(NOTION), { handshakes: [], dropped: 0 });
  assert.equal((await reveal(NOTION, handshakes[1].id)).status, 404);
  await rig.hooksHandle(`__object/DEAD_LETTERS/${NOTION}/__alarm`);
  const left = await rig.hooksHandle(`__object/DEAD_LETTERS/${NOTION}/__sql`, "SELECT (SELECT count(*) FROM handshakes) + (SELECT count(*) FROM handshakes_dropped) AS n");
  assert.deepEqual(left, [{ n: 0 }]);
});
