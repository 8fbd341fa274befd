// A property of the real edge: no key of this deployment gets past it, in clear, percent-encoded or in base64, wherever
// a caller puts it: not to an upstream, not back to a caller, not into a log. Requests are made up from a seed:
// KEYSTILE_SEED and KEYSTILE_CASES try others.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer, request } from "node:http";
import { after, before, test } from "node:test";

import { ROOT_KEY, startRig } from "../../support/rig.mjs";

const SEED = Number(process.env.KEYSTILE_SEED ?? 1);
const CASES = Number(process.env.KEYSTILE_CASES ?? 400);
const IMPORTED = "sk_live_0123456789abcdef0123456789abcdef";

let rig;
let upstream;
let received = [];
let keys;
before(async () => {
  upstream = createServer((incoming, response) => {
    received.push([incoming.url, ...incoming.rawHeaders].join("\n"));
    // The parts that an upstream may send back: the URL in a location, the cookies.
    const headers = { Location: incoming.url, "Set-Cookie": `seen=${encodeURIComponent(incoming.headers.cookie ?? "")}` };
    response.writeHead(201, headers).end(JSON.stringify(incoming.rawHeaders));
  });
  await new Promise((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const settings = {
    'url = "http://127.0.0.1:1"': `url = "http://127.0.0.1:${upstream.address().port}"`,
    'prefix = "knq"': 'prefix = "knq"\nallow_imported = ["sk_live_"]',
  };
  rig = await startRig({ name: "no-key-goes-on", settings, edges: { edge1: {} } });
  const [live, other, ofTest] = [await rig.create(), await rig.create("globex"), await rig.create("acme", { environment: "test" })];
  const digest = createHash("sha256").update(IMPORTED).digest("hex");
  const keyOfAnother = { digest, display: "sk_live_0123", name: "imported", scopes: ["read:leads"] };
  const imported = await rig.manage("POST", "/v1/tenants/acme/keys/import", { keys: [keyOfAnother] });
  assert.equal(imported.status, 200, imported.text);
  const operator = await rig.operator("*", ["verify"]);
  keys = [live.key, other.key, ofTest.key, operator.key, ROOT_KEY, IMPORTED];
});
after(async () => {
  await rig.close();
  await new Promise((resolve) => upstream.close(resolve));
});

/** Numbers from 0 to 1, always the same for a seed (mulberry32). */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What a case is drawn from. */
class Draw {
  constructor(seed) {
    this.random = randomFrom(seed);
  }

  below = (limit) => Math.floor(this.random() * limit);
  one = (list) => list[this.below(list.length)];
  text = (alphabet, most) => Array.from({ length: this.below(most + 1) }, () => this.one(alphabet)).join("");

  /** The key in a form that holds it. */
  encoded(key) {
    const [before, after] = [this.text("abcXYZ019:{\"' ", 8), this.text("abcXYZ019:}\"' ", 8)];
    switch (this.below(5)) {
      case 0:
        return key;
      case 1:
        return this.percent(key);
      case 2:
        return Buffer.from(before + key + after).toString(this.one(["base64", "base64url"]));
      case 3:
        return this.percent(Buffer.from(before + key + after).toString(this.one(["base64", "base64url"])));
      default:
        return this.percent(this.percent(key));
    }
  }

  percent(text) {
    const hex = (character) => character.charCodeAt(0).toString(16).padStart(2, "0");
    return Array.from(text, (each) => {
      if (each === "%" || this.random() < 0.3) return `%${this.random() < 0.5 ? hex(each) : hex(each).toUpperCase()}`;
      return each;
    }).join("");
  }
}

const NAMES = ["Authorization", "Api-Key", "X-Auth-Token", "Cookie", "Referer", "User-Agent", "X-Trace", "Accept", "X_Api_Key"];
NAMES.push("X-Forwarded-Authorization", "Origin", "If-None-Match", "Keystile-Key", "Forwarded", "Via", "X-Original-Url");
const AROUND = [
  (text) => text,
  (text) => `Bearer ${text}`,
  (text) => `Token token="${text}", nonce="x"`,
  (text) => `Basic ${Buffer.from(`${text}:`).toString("base64")}`,
  (text) => `Basic ${Buffer.from(`user:${text}`).toString("base64")}`,
  (text) => `a=1; key=${text}; theme=dark`,
  (text) => `https://app.example.com/x?key=${text}&a=b#c`,
  (text) => `{"user": "a", "apiKey": "${text}"}`,
  (text) => `first, ${text}, last`,
];

/** A request in which keys stand where they don't belong, beside the one that opens the route. */
function madeUp(draw) {
  const own = draw.one([keys[0], keys[1], keys[2]]);
  const headers = draw.random() < 0.5 ? { "X-Api-Key": own } : { Authorization: `Bearer ${own}` };
  let [path, query] = [`${draw.one(["/api/open", "/signed"])}/x`, ""];
  for (let each = 0; each <= draw.below(3); each += 1) {
    const key = draw.one(keys);
    const place = draw.below(10);
    // A name can't be percent-encoded or have padding.
    if (place === 0) headers[draw.one([key, `X-${key}`, Buffer.from(key).toString("base64url")])] = "1";
    else if (place <= 2) query = `?${draw.text("abc", 3)}=${encodeURI(draw.encoded(key)).replaceAll("%25", "%")}`;
    else if (place === 3) path += `/${encodeURIComponent(draw.encoded(key)).replaceAll("%25", "%")}`;
    else headers[draw.one(NAMES)] ??= draw.one(AROUND)(draw.encoded(key));
  }
  return { target: path + query, headers };
}

const send = ({ target, headers }) =>
  new Promise((resolve, reject) => {
    const sent = request(new URL(rig.url).origin + target, { headers }, async (response) => {
      let text = "";
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode, text: [...response.rawHeaders, text].join("\n") });
    });
    sent.on("error", reject).end();
  });

/** The text, and what it is in each encoding, `depth` deep. */
function* readings(text, depth = 4) {
  yield text;
  if (depth === 0) return;
  const decoded = text.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  if (decoded !== text) yield* readings(decoded, depth - 1);
  for (const run of text.match(/[\w+/-]{20,}/g) ?? []) {
    for (let from = 0; from < 4; from += 1) yield* readings(base64(run.slice(from)), depth - 1);
  }
}

const base64 = (text) => Buffer.from(text, "base64").toString("latin1");

function keyIn(text) {
  for (const reading of readings(text)) {
    const found = keys.find((key) => reading.includes(key));
    if (found) return found;
  }
  return undefined;
}

test("the search of this test finds a key in each form in which it is sent", () => {
  const draw = new Draw(SEED);
  for (let each = 0; each < 500; each += 1) {
    const [key, around] = [draw.one(keys), draw.one(AROUND)];
    const text = around(draw.encoded(key));
    assert.equal(keyIn(text), key, text);
  }
  assert.equal(keyIn("knq_live_0123456789 and no key, dXNlcjpwYXNzIHVzZXI6cGFzcw=="), undefined);
});

test(`no key gets past the edge, in ${CASES} requests of seed ${SEED}`, async () => {
  const statuses = {};
  for (let each = 0; each < CASES; each += 1) {
    const made = madeUp(new Draw(SEED * 1_000_003 + each));
    received = [];
    const answer = await send(made);
    statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
    for (const [where, text] of [["the upstream", received.join("\n")], ["the answer", answer.text]]) {
      const key = keyIn(text);
      assert.equal(key, undefined, `case ${each}: ${where} has the key\n${JSON.stringify(made, null, 1)}\n${text}`);
    }
  }
  console.log(statuses);
  assert.ok(statuses[200] > CASES / 20 && statuses[201] > CASES / 20, "most requests were refused");
  const logs = JSON.stringify(rig.server.getLogs());
  assert.match(logs, /key_not_forwarded/);
  assert.equal(keyIn(logs), undefined, "a log has the key");
});
