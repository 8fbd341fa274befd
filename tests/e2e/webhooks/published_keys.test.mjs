// Keys that a sender publishes at an address: they rotate without a refusal, whatever strangers send and whatever the
// address answers.

import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import http from "node:http";
import { after, before, beforeEach, test } from "node:test";

import { inRoot } from "../../../scripts/tools.mjs";
import { ROOT_KEY, eventually, startRig } from "../../support/rig.mjs";
import { refused, seconds, secret } from "../../support/standard_webhooks.mjs";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const KINDS = {
  RS256: ["rsa", { modulusLength: 2048 }],
  ES256: ["ec", { namedCurve: "P-256" }],
  ES512: ["ec", { namedCurve: "P-521" }],
  EdDSA: ["ed25519", {}],
};

/** A key of the sender. */
function keyOf(kid, alg = "RS256") {
  const { publicKey, privateKey } = generateKeyPairSync(...KINDS[alg]);
  return { kid, alg, privateKey, jwk: { ...publicKey.export({ format: "jwk" }), kid, alg, use: "sig" } };
}

const part = (text) => Buffer.from(text).toString("base64url");

/** The signature of this key over a JWS's text. */
function jws({ alg, privateKey }, signed) {
  const key = alg.startsWith("ES") ? { key: privateKey, dsaEncoding: "ieee-p1363" } : privateKey;
  const hash = { EdDSA: null, ES512: "sha512" }[alg];
  return part(sign(hash === undefined ? "sha256" : hash, Buffer.from(signed), key));
}

/** A delivery: a JWT about nothing but itself, signed with this key, as Kinde's events are. */
function token(key, claims = { event_id: randomUUID(), type: "user.created" }) {
  const head = { alg: key.alg, kid: key.kid, typ: "JWT" };
  const signed = `${part(JSON.stringify(head))}.${part(JSON.stringify({ id: randomUUID(), ...claims }))}`;
  return `${signed}.${jws(key, signed)}`;
}

/** The addresses of keys: each path has an answer of its own, and counts how often it was asked. */
class Addresses {
  #answers = new Map();
  #asked = new Map();

  async listen() {
    this.server = http.createServer((request, response) => {
      this.#asked.set(request.url, this.asked(request.url) + 1);
      const answer = this.#answers.get(request.url) ?? ((_, response) => response.writeHead(404).end());
      answer(request, response);
    });
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.origin = `http://127.0.0.1:${this.server.address().port}`;
  }

  /** From now on the path answers with these keys, or as this function says. */
  set(path, answer, headers = {}) {
    const keys = (_, response) => {
      response.writeHead(200, { "Content-Type": "application/json", ...headers });
      response.end(JSON.stringify({ keys: answer.map(({ jwk }) => jwk) }));
    };
    this.#answers.set(path, typeof answer === "function" ? answer : keys);
  }

  asked(path) {
    return this.#asked.get(path) ?? 0;
  }

  close() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

const NAMES = [
  "rotates", "burst", "forged", "down", "never", "slow", "html", "huge", "empty", "idle", "kinds", "object", "pinned",
  "nameless", "users", "truelayer",
];
const PROVIDERS = { kinds: "fusionauth-keys", truelayer: "truelayer" };
const addresses = new Addresses();
const pinned = keyOf("pinned");
let rig;
let offset;
before(async () => {
  await addresses.listen();
  const sources = NAMES.map((name) => `
[[webhooks]]
source = "${name}"
provider = "${PROVIDERS[name] ?? "kinde"}"
jwks_url = "${addresses.origin}/${name}"
${name === "pinned" ? 'secrets = ["PINNED_KEY"]' : ""}
replays = "refuse-same-id"
upstream = "api"
signing_secret = "EVENTS_SECRET"
`);
  const upstream = '[[upstreams]]\nname = "api"\nservice = "UPSTREAM"\n';
  rig = await startRig({
    name: "published_keys",
    settings: { [upstream]: `${upstream}${sources.join("")}` },
    edges: { edge1: {} },
    hooks: { vars: { EVENTS_SECRET: secret("events"), PINNED_KEY: JSON.stringify(pinned.jwk) } },
  });
  offset = 0;
});
after(async () => {
  await rig.close();
  await addresses.close();
});
beforeEach(() => rig.hooksHandle("__patience", null));

const post = (source, body) =>
  rig.edge("edge1", `/hooks/${source}`, { method: "POST", body, headers: { "webhook-id": randomUUID() } });

/** Moves the clock of the isolate ahead. Each test has its own addresses, so none hinders another. */
const ahead = async (ms) => {
  offset += ms;
  await rig.hooksHandle("__clock", offset);
};

/** The alarm of an address's object, which refreshes keys in the background. The test's clock doesn't move alarms. */
const alarm = (path, handle = "__alarm") =>
  rig.hooksHandle(`__object/WEBHOOK_KEYS/${encodeURIComponent(addresses.origin + path)}/${handle}`);

const taken = async (source, key) => {
  const answer = await post(source, token(key));
  assert.equal(answer.status, 200, answer.text);
};

/** Whether the answer tells the sender to come again; returns after how many seconds. */
function later(answer) {
  refused(answer, 503, "DEPENDENCY_UNAVAILABLE");
  const wait = Number(answer.headers.get("retry-after"));
  assert.ok(wait >= 1 && wait <= 60, `Retry-After: ${wait}`);
  return wait;
}

test("keys rotate without a refusal, and deliveries cost no request to the address", async () => {
  const [old, young] = [keyOf("old"), keyOf("young")];
  addresses.set("/rotates", [old]);
  for (let time = 0; time < 3; time += 1) await taken("rotates", old);
  assert.equal(addresses.asked("/rotates"), 1);
  addresses.set("/rotates", [young, old]);
  await ahead(MINUTE);
  await taken("rotates", young);
  await taken("rotates", old);
  assert.equal(addresses.asked("/rotates"), 2);
  // The old key is withdrawn. It is refused once the keys are refreshed, at the latest.
  addresses.set("/rotates", [young]);
  await ahead(HOUR + MINUTE);
  await taken("rotates", young);
  assert.equal(addresses.asked("/rotates"), 2, "no delivery waits for the refresh");
  await alarm("/rotates");
  assert.equal(addresses.asked("/rotates"), 3);
  await ahead(MINUTE);
  await taken("rotates", young);
  refused(await post("rotates", token(old)), 401, "UNKNOWN_KEY");
  assert.equal(addresses.asked("/rotates"), 4);
});

test("deliveries that come together wait for one request", async () => {
  const key = keyOf("first");
  addresses.set("/burst", (request, response) => {
    setTimeout(() => response.end(JSON.stringify({ keys: [key.jwk] })), 300);
  });
  const answers = await Promise.all(Array.from({ length: 8 }, () => post("burst", token(key))));
  assert.deepEqual(answers.map(({ status }) => status), Array(8).fill(200));
  assert.equal(addresses.asked("/burst"), 1);
});

test("a stranger's names cost one request a minute, and a genuine delivery nothing", async () => {
  const [known, stranger] = [keyOf("known"), keyOf("stranger")];
  addresses.set("/forged", [known]);
  await taken("forged", known);
  await ahead(MINUTE);
  refused(await post("forged", token(stranger)), 401, "UNKNOWN_KEY");
  assert.equal(addresses.asked("/forged"), 2);
  const calls = await rig.hooksHandle("__keys");
  for (let time = 0; time < 5; time += 1) later(await post("forged", token({ ...stranger, kid: `k${time}` })));
  await taken("forged", known);
  assert.equal(addresses.asked("/forged"), 2);
  assert.equal(await rig.hooksHandle("__keys"), calls, "not even the object is asked");
  // A genuine new key in that minute: 503, and then it passes.
  const young = keyOf("young");
  addresses.set("/forged", [known, young]);
  const wait = later(await post("forged", token(young)));
  await ahead(wait * 1_000);
  await taken("forged", young);
  assert.equal(addresses.asked("/forged"), 3);
  // Another's signature under a name that is known costs nothing at all.
  refused(await post("forged", token({ ...stranger, kid: "known" })), 401, "NO_MATCH");
  assert.equal(addresses.asked("/forged"), 3);
});

test("keys without names rotate as well, and strangers cost one request a minute there too", async () => {
  const nameless = () => {
    const key = keyOf(undefined);
    delete key.jwk.kid;
    return key;
  };
  const [old, young, younger, stranger] = [nameless(), nameless(), nameless(), nameless()];
  addresses.set("/nameless", [old]);
  await taken("nameless", old);
  await ahead(MINUTE);
  addresses.set("/nameless", [young]);
  await taken("nameless", young);
  assert.equal(addresses.asked("/nameless"), 2, "the delivery led to a refresh");
  // Within that minute nobody can tell a stranger from a newer key. It costs no call, not even of the object.
  const calls = await rig.hooksHandle("__keys");
  for (let time = 0; time < 5; time += 1) later(await post("nameless", token(stranger)));
  later(await post("nameless", token({ ...stranger, kid: "a name" })));
  await taken("nameless", young);
  assert.deepEqual([addresses.asked("/nameless"), await rig.hooksHandle("__keys")], [2, calls]);
  await ahead(MINUTE);
  refused(await post("nameless", token(stranger)), 401, "UNKNOWN_KEY");
  assert.equal(addresses.asked("/nameless"), 3);
  addresses.set("/nameless", [younger]);
  const wait = later(await post("nameless", token(younger)));
  await ahead(wait * 1_000);
  await taken("nameless", younger);
  assert.equal(addresses.asked("/nameless"), 4);
  // Keys get names: a token without one is still tried with all.
  const named = keyOf("named");
  addresses.set("/nameless", [named, younger]);
  await ahead(MINUTE);
  await taken("nameless", named);
  await taken("nameless", younger);
  refused(await post("nameless", token({ ...stranger, kid: "named" })), 401, "NO_MATCH");
  assert.equal(addresses.asked("/nameless"), 5);
});

test("a user's token that the same key signed is no event", async () => {
  const key = keyOf("shared");
  addresses.set("/users", [key]);
  await taken("users", key);
  const users = { iss: "https://example.kinde.com", sub: "kp_1", aud: ["app"], email: "user@example.com" };
  for (const claims of [users, { ...users, type: "id" }, { ...users, event_id: "" }]) {
    refused(await post("users", token(key, claims)), 401, "CLAIM_MISMATCH");
  }
});

test("a detached JWS on P-521: method, path, the headers it lists, and the body", async () => {
  const key = keyOf("p521", "ES512");
  addresses.set("/truelayer", [keyOf("rsa"), key]);
  const body = JSON.stringify({ type: "payment_executed", event_id: randomUUID(), event_version: 1 });
  const delivery = (path = "/hooks/truelayer", time = new Date(Date.now() + offset)) => {
    const stated = time.toISOString().replace(/\.\d+Z$/, "Z");
    const head = part(JSON.stringify({
      alg: "ES512",
      kid: "p521",
      tl_version: "2",
      tl_headers: "X-Tl-Webhook-Timestamp,Content-Type",
      jku: `${addresses.origin}/elsewhere`,
    }));
    const lines = `X-Tl-Webhook-Timestamp: ${stated}\nContent-Type: application/json\n`;
    const signed = `${head}.${part(`POST ${path}\n${lines}${body}`)}`;
    return {
      "Tl-Signature": `${head}..${jws(key, signed)}`,
      "X-Tl-Webhook-Timestamp": stated,
      "Content-Type": "application/json",
    };
  };
  const sent = (headers, sent = body) => rig.edge("edge1", "/hooks/truelayer", { method: "POST", body: sent, headers });
  const asked = addresses.asked("/elsewhere");
  const answer = await sent(delivery());
  assert.equal(answer.status, 200, answer.text);
  const headers = delivery();
  refused(await sent(headers, body.replace("executed", "failed")), 401, "NO_MATCH");
  refused(await sent({ ...headers, "Content-Type": "text/plain" }), 401, "NO_MATCH");
  refused(await sent(delivery("/hooks/other")), 401, "NO_MATCH");
  refused(await sent(delivery("/hooks/truelayer", new Date(Date.now() + offset - 10 * MINUTE))), 401, "TIMESTAMP_TOO_OLD");
  assert.equal(addresses.asked("/elsewhere"), asked, "an address in a delivery is never followed");
  assert.equal(addresses.asked("/truelayer"), 1);
});

test("keys serve for a day longer while the address is down, and no longer", async () => {
  const key = keyOf("kept");
  addresses.set("/down", [key], { "Cache-Control": "max-age=600" });
  await taken("down", key);
  addresses.set("/down", (_, response) => response.writeHead(500).end());
  await ahead(11 * MINUTE);
  await taken("down", key);
  await alarm("/down");
  assert.equal(addresses.asked("/down"), 2);
  await ahead(HOUR);
  await taken("down", key);
  await alarm("/down");
  assert.equal(addresses.asked("/down"), 3);
  const unknown = keyOf("unknown");
  later(await post("down", token(unknown)));
  await ahead(22 * HOUR);
  await taken("down", key);
  await ahead(2 * HOUR);
  later(await post("down", token(key)));
  addresses.set("/down", [key]);
  await ahead(MINUTE);
  await taken("down", key);
});

test("without keys the sender is told to come again, and the address is asked once a minute", async () => {
  const key = keyOf("late");
  for (let time = 0; time < 4; time += 1) later(await post("never", token(key)));
  assert.equal(addresses.asked("/never"), 1);
  addresses.set("/never", [key]);
  await ahead(MINUTE);
  await taken("never", key);
  assert.equal(addresses.asked("/never"), 2);
});

test("an address that is slow holds up no delivery whose key is known", async () => {
  const key = keyOf("quick");
  addresses.set("/slow", [key]);
  await taken("slow", key);
  await ahead(MINUTE);
  addresses.set("/slow", () => {});
  await rig.hooksHandle("__patience", 1_500);
  const waiting = post("slow", token(keyOf("unknown")));
  await eventually(() => assert.equal(addresses.asked("/slow"), 2));
  const began = performance.now();
  await taken("slow", key);
  assert.ok(performance.now() - began < 700, `${performance.now() - began} ms`);
  later(await waiting);
});

test("what an address answers instead of keys is not believed", async () => {
  const other = keyOf("other");
  const lies = {
    html: (_, response) => response.writeHead(200, { "Content-Type": "text/html" }).end("<p>Sign in</p>"),
    huge: (_, response) => response.end(JSON.stringify({ keys: [other.jwk], more: "x".repeat(10_000_000) })),
    empty: (_, response) => response.end('{"keys":[]}'),
  };
  addresses.set("/elsewhere", [other]);
  for (const [name, lie] of Object.entries(lies)) {
    const key = keyOf("true");
    addresses.set(`/${name}`, [key]);
    await taken(name, key);
    addresses.set(`/${name}`, lie);
    await ahead(MINUTE);
    const answer = await post(name, token(other));
    assert.equal(answer.status, 503, name);
    later(answer);
    assert.equal(addresses.asked(`/${name}`), 2, name);
    await taken(name, key);
  }
  assert.equal(addresses.asked("/elsewhere"), 0);
});

test("keys that nobody used for long are fetched before they serve again", async () => {
  const [old, young] = [keyOf("old"), keyOf("young")];
  addresses.set("/idle", [old]);
  await taken("idle", old);
  addresses.set("/idle", [young]);
  await ahead(12 * HOUR);
  refused(await post("idle", token(old)), 503, "DEPENDENCY_UNAVAILABLE");
  assert.equal(addresses.asked("/idle"), 2);
  await ahead(MINUTE);
  refused(await post("idle", token(old)), 401, "UNKNOWN_KEY");
});

test("a key that is set beside the address serves while the address is down", async () => {
  await taken("pinned", pinned);
  assert.equal(addresses.asked("/pinned"), 1);
  const fetched = keyOf("fetched");
  later(await post("pinned", token(fetched)));
  addresses.set("/pinned", [fetched]);
  await ahead(MINUTE);
  await taken("pinned", fetched);
  await taken("pinned", pinned);
});

test("RS256, ES256 and EdDSA of one set, each by its name", async () => {
  const keys = ["RS256", "ES256", "EdDSA"].map((alg) => keyOf(alg.toLowerCase(), alg));
  addresses.set("/kinds", [...keys, { jwk: { kty: "OKP", crv: "X448", x: "AA", kid: "unknown kind" } }]);
  for (const key of keys) {
    const body = JSON.stringify({ of: key.kid });
    const claims = { request_body_sha256: createHash("sha256").update(body).digest("base64") };
    const headers = { "X-FusionAuth-Signature-JWT": token(key, claims) };
    const answer = await rig.edge("edge1", "/hooks/kinds", { method: "POST", body, headers });
    assert.equal(answer.status, 200, `${key.alg}: ${answer.text}`);
  }
  assert.equal(addresses.asked("/kinds"), 1);
});

test("an object of keys that can't be reached: the isolate's own serve for an hour", async () => {
  const key = keyOf("mine");
  addresses.set("/object", [key]);
  await taken("object", key);
  await rig.hooksHandle("__keys", "down");
  try {
    await ahead(2 * MINUTE);
    await taken("object", key);
    await ahead(HOUR);
    refused(await post("object", token(key)), 503, "DEPENDENCY_UNAVAILABLE");
  } finally {
    await rig.hooksHandle("__keys", "ok");
  }
  await taken("object", key);
});

test("a verdict by a source uses its published keys, and a question may bring a set of its own", async () => {
  const verify = (body) =>
    rig.edge("edge1", "/keystile/v1/webhooks/verify", { key: ROOT_KEY, method: "POST", body: JSON.stringify(body) });
  const [key, other] = [keyOf("asked"), keyOf("other")];
  addresses.set("/rotates", [key]);
  const question = (key) => ({ headers: {}, body: Buffer.from(token(key)).toString("base64"), now: seconds() });
  await ahead(MINUTE);
  const bySource = await verify({ source: "rotates", ...question(key) });
  assert.equal(bySource.body.code, "OK", bySource.text);
  later(await verify({ source: "rotates", ...question(other) }));
  const own = { provider: "kinde", jwks: { keys: [other.jwk] } };
  const brought = await verify({ ...own, ...question(other) });
  assert.deepEqual([brought.body.code, brought.body.secret_index], ["OK", 0], brought.text);
  assert.equal((await verify({ ...own, ...question(key) })).body.code, "UNKNOWN_KEY");
  // An address is never taken from a request.
  const fetched = addresses.asked("/elsewhere");
  const given = await verify({ provider: "kinde", jwks: `${addresses.origin}/elsewhere`, ...question(other) });
  refused(given, 422, "INVALID_REQUEST");
  refused(await verify({ provider: "kinde", jwks_url: `${addresses.origin}/elsewhere`, ...question(other) }), 422, "INVALID_REQUEST");
  assert.equal(addresses.asked("/elsewhere"), fetched);
});

test("an object forgets keys that may no longer serve", async () => {
  const key = keyOf("gone");
  addresses.set("/object", [key]);
  await ahead(HOUR);
  await taken("object", key);
  const name = encodeURIComponent(`${addresses.origin}/object`);
  const rows = () => rig.hooksHandle(`__object/WEBHOOK_KEYS/${name}/__sql`, "SELECT url FROM key_set");
  assert.deepEqual(await rows(), [{ url: `${addresses.origin}/object` }]);
  const end = await alarm("/object", "__alarm_at");
  addresses.set("/object", (_, response) => response.writeHead(500).end());
  await ahead(24 * HOUR);
  await alarm("/object");
  assert.equal((await rows()).length, 1, "they may serve while the address is down");
  await ahead(2 * HOUR);
  assert.ok(end <= Date.now() + offset);
  await alarm("/object");
  assert.deepEqual(await rows(), []);
});
