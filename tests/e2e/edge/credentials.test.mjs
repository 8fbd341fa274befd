// Keys as callers of existing APIs send them: in any header, behind any scheme, as a part of Basic credentials; and keys
// without a beginning of their own. Wherever a key may come in, it does not go on.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { ROOT_KEY, startRig } from "../../support/rig.mjs";
import { EXAMPLES, sentAs } from "../../../www/src/keys/examples.ts";

const NOTHING = { kv: 0, feed: 0, cache: "hit" };
const HEADERS = ["scheme:token", "basic:username", "basic:password", "api-key"];
const FORMS = 'allow_imported = ["sk_live_", { form = "uuid" }, { form = "hex64" }]';
const base64 = (text) => Buffer.from(text).toString("base64");

let rig;
before(async () => {
  const settings = {
    'prefix = "knq"': `prefix = "knq"\n${FORMS}`,
    'headers = ["bearer", "x-api-key"]': `headers = ${JSON.stringify(HEADERS)}`,
  };
  rig = await startRig({ name: "credentials", edges: { edge1: {} }, settings });
});
after(() => rig.close());

const get = (headers, path = "/api/open") => rig.edge("edge1", path, { headers });

/** The accepted ways to send a key. */
const WAYS = [
  (key) => ({ Authorization: `Token ${key}` }),
  (key) => ({ Authorization: `tOKEN ${key}` }),
  (key) => ({ Authorization: `Basic ${base64(`${key}:`)}` }),
  (key) => ({ Authorization: `basic ${base64(`${key}:x`)}` }),
  (key) => ({ Authorization: `Basic ${base64(`api:${key}`)}` }),
  (key) => ({ "Api-Key": key }),
  (key) => ({ "Api-Key": `${key}, ${key}` }),
  (key) => ({ "Api-Key": key, Authorization: `Token ${key}` }),
];

/** Imports a key of another system, and returns it. */
async function imported(text, fields = {}) {
  const digest = createHash("sha256").update(text).digest("hex");
  const line = { digest, display: text.slice(0, 8), name: "of before", scopes: ["read:leads"], ...fields };
  const answer = await rig.manage("POST", "/v1/tenants/acme/keys/import", { keys: [line] });
  assert.deepEqual(answer.body.results.map(({ status }) => status), ["imported"], answer.text);
  return text;
}

test("a key is accepted wherever the configuration says, and goes on from nowhere", async () => {
  const keys = [(await rig.create()).key, await imported(randomUUID()), await imported(randomUUID().toUpperCase()), await imported(randomBytes(32).toString("hex"))];
  for (const key of keys) {
    for (const way of WAYS) {
      const answer = await get(way(key));
      assert.equal(answer.status, 200, `${JSON.stringify(way(key))}: ${answer.text}`);
      const { headers } = answer.body;
      assert.deepEqual([headers.authorization, headers["api-key"]], [undefined, undefined]);
      assert.ok(!answer.text.includes(key) && !answer.text.includes(base64(key).slice(0, -4)));
    }
  }
  const also = await get({ "Api-Key": keys[0], "API_KEY": keys[0], "X-Api-Key": keys[0], Authorization: keys[1] });
  assert.equal(also.status, 200);
  for (const key of keys.slice(0, 2)) assert.ok(!also.text.includes(key), "nor from where no key is accepted");
});

test("what belongs to the upstream goes on", async () => {
  const { key } = await rig.create();
  const others = { Authorization: "Digest username=\"a\"", "X-Request-Id": randomUUID(), Traceparent: `00-${"4b".repeat(16)}-00f067aa0ba902b7-01` };
  const { body } = await get({ "Api-Key": key, ...others });
  for (const [name, value] of Object.entries(others)) assert.equal(body.headers[name.toLowerCase()], value);
  const lead = await rig.edge("edge1", `/api/leads?id=${randomUUID()}`, { headers: { "Api-Key": key } });
  assert.equal(lead.status, 200, "a UUID in the query may be anything");
});

test("a scheme's parameters, as Rails writes them, are no key, and are not repeated", async () => {
  const { key } = await rig.create();
  const answer = await get({ Authorization: `Token token="${key}"` });
  assert.deepEqual([answer.status, answer.code], [401, "MALFORMED"], answer.text);
  assert.ok(!answer.text.includes(key), answer.text);
});

test("two different keys are refused, in any two places", async () => {
  const [one, other] = [(await rig.create()).key, (await rig.create()).key];
  for (const headers of [
    { "Api-Key": one, Authorization: `Token ${other}` },
    { "Api-Key": one, Authorization: `Basic ${base64(`${other}:`)}` },
    { "Api-Key": `${one}, ${other}` },
    { Authorization: `Basic ${base64(`${one}:${other}`)}` },
  ]) {
    const answer = await get(headers);
    assert.deepEqual([answer.status, answer.code], [400, "CONFLICTING_CREDENTIALS"], JSON.stringify(headers));
  }
  for (const second of [`Token ${other}`, `Basic ${base64(`${other}:`)}`]) {
    const answer = await get({ Authorization: `Basic ${base64(`${one}:`)}, ${second}` });
    assert.deepEqual([answer.status, answer.code], [401, "MALFORMED"], second);
  }
});

test("a key without a beginning of its own goes on in no Authorization, be it encoded", async () => {
  const key = await imported(randomUUID());
  for (const other of [`Custom ${key}`, `Custom ${key.replaceAll("-", "%2D")}`, `Basic ${base64(`x:${key}`)}`]) {
    const answer = await get({ "Api-Key": key, Authorization: other });
    assert.equal(answer.status, 200, `${other}: ${answer.text}`);
    assert.equal(answer.body.headers.authorization, undefined, other);
  }
  const answer = await get({ "Api-Key": key, Authorization: 'OAuth oauth_token="y", scheme="token"' });
  assert.equal(answer.body.headers.authorization, 'OAuth oauth_token="y", scheme="token"');
});

test("places that the configuration doesn't name carry no key, and the answer says which do", async () => {
  const { key } = await rig.create();
  for (const headers of [{}, { Authorization: `Bearer ${key}` }, { "X-Api-Key": key }, { Authorization: key }]) {
    const answer = await get(headers);
    assert.deepEqual([answer.status, answer.code, answer.storage], [401, "MISSING_CREDENTIAL", NOTHING], answer.text);
    assert.equal(
      answer.body.detail,
      "No key was found. Send it as `Authorization: Token KEY` or `Authorization: Basic base64(KEY:)` or " +
        "`Authorization: Basic base64(api:KEY)` or `Api-Key: KEY`.",
    );
    assert.equal(answer.headers.get("www-authenticate"), 'Token realm="Konvoq"');
  }
});

test("Basic credentials can't speak for another header", async () => {
  const { key } = await rig.create("acme", { allowed_ips: ["203.0.113.7"] });
  const injected = ["\u0000", "\u0001\u0000"].map((text) => ({ Authorization: `Basic ${base64(`${key}${text}203.0.113.7`)}` }));
  for (const headers of injected) assert.equal((await get(headers)).code, "MALFORMED");
});

test("browsers may send the headers, and caches tell answers apart by them", async () => {
  const { key } = await rig.create();
  const headers = { Origin: "https://app.example.com", "Access-Control-Request-Method": "GET" };
  const preflight = await rig.edge("edge1", "/api/leads", { method: "OPTIONS", headers });
  assert.equal(preflight.headers.get("access-control-allow-headers"), "Authorization, Api-Key, Content-Type");
  assert.match((await get({ "Api-Key": key }, "/odd/cached")).headers.get("vary"), /Authorization, api-key/);
});

test("an imported form without a record is a failure, and waits before storage", async () => {
  const from = (address, key) => get({ "CF-Connecting-IP": address, "Api-Key": key }, "/api/leads");
  const unknown = await from("192.0.2.50", randomUUID());
  assert.deepEqual([unknown.status, unknown.code], [401, "NOT_FOUND"]);
  assert.ok(unknown.storage.kv > 0, "it costs a read");
  for (let times = 0; times < 300; times += 1) await from("192.0.2.51", randomUUID());
  const waiting = await from("192.0.2.51", randomUUID());
  assert.deepEqual([waiting.status, waiting.code, waiting.storage], [429, "TOO_MANY_FAILURES", NOTHING]);
  for (const near of [randomUUID().slice(1), randomUUID().replaceAll("-", ""), `${randomUUID()}0`]) {
    const answer = await from("192.0.2.52", near);
    assert.deepEqual([answer.code, answer.storage], ["MALFORMED", NOTHING], near);
  }
});

test("an import shows eight characters of such a key at most", async () => {
  const text = randomUUID();
  const line = { digest: createHash("sha256").update(text).digest("hex"), display: text.slice(0, 9), name: "n", scopes: ["read:leads"] };
  const answer = await rig.manage("POST", "/v1/tenants/acme/keys/import", { keys: [line] });
  assert.match(answer.body.results[0].errors[0].detail, /too much/);
});

describe("the examples beside a new key", () => {
  const run = promisify(execFile);
  test("name the configured places", async () => {
    const { body } = await rig.manage("GET", "/v1/scopes");
    assert.deepEqual(body.headers, HEADERS);
  });
  for (const place of HEADERS) {
    test(`${place}: curl, JavaScript and Python call the API`, async () => {
      const { key } = await rig.create();
      const example = (language) => EXAMPLES[language](`${rig.url}api/leads`, sentAs(place), key);
      const outputs = await Promise.all([
        run("sh", ["-c", example("curl").replace("curl ", "curl -sf ")]),
        run(process.execPath, ["--input-type=module", "-e", `${example("JavaScript").replace("response.json()", "response.text()")}`]),
        run("python3", ["-c", example("Python").replace("print(json.load(response))", "print(json.dumps(json.load(response)))")]),
      ]);
      for (const { stdout } of outputs) assert.equal(JSON.parse(stdout).headers["keystile-tenant"], "acme");
      assert.match(example("C#"), place.startsWith("basic") ? /"Basic " \+ Convert\.ToBase64String/ : new RegExp(key));
    });
  }
});

describe("where keys come in X-Api-Key alone", () => {
  let other;
  before(async () => {
    const settings = { 'headers = ["bearer", "x-api-key"]': 'headers = ["x-api-key"]' };
    other = await startRig({ name: "credentials-own-header", edges: { edge1: {} }, settings });
  });
  after(() => other.close());

  test("a challenge can be met: it names the header, with no error of Bearer's", async () => {
    const { key } = await other.create();
    const challenge = 'ApiKey realm="Konvoq", in="header", name="X-Api-Key"';
    for (const [path, headers] of [
      ["/api/leads", {}],
      ["/api/leads", { Authorization: `Bearer ${key}` }],
      ["/api/leads", { "X-Api-Key": `${key}x` }],
      ["/keystile/v1/me", {}],
    ]) {
      const refused = await other.edge("edge1", path, { headers });
      assert.deepEqual([refused.status, refused.headers.get("www-authenticate")], [401, challenge], refused.text);
    }
    const met = await other.edge("edge1", "/keystile/v1/me", { headers: { "X-Api-Key": key } });
    assert.equal(met.status, 200);
    const short = await other.edge("edge1", "/api/leads", { method: "POST", headers: { "X-Api-Key": key } });
    assert.deepEqual([short.status, short.headers.get("www-authenticate")], [403, null]);
  });

  test("operators are told to send theirs as Bearer", async () => {
    const { key } = await other.create();
    const verify = (headers) => other.edge("edge1", "/keystile/v1/verify", { method: "POST", headers, body: "{}" });
    for (const headers of [{}, { "X-Api-Key": ROOT_KEY }, { Authorization: ROOT_KEY }]) {
      const refused = await verify(headers);
      assert.equal(refused.body.detail, "No operator key was found. Send it as `Authorization: Bearer KEY`.");
      assert.equal(refused.headers.get("www-authenticate"), 'Bearer realm="Konvoq"');
    }
    const asCustomer = await verify({ Authorization: `Bearer ${key}` });
    assert.match(asCustomer.headers.get("www-authenticate"), /^Bearer realm="Konvoq", error="invalid_token"/);
  });
});
