// The work that a warm request makes the platform do: crossings between JavaScript and WebAssembly, objects of the
// platform, calls of their methods, timers. Each has its price on every request, so the numbers are exact: a change that
// adds one has to say so here. The times are in docs/design/benchmarks.md.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { inRoot } from "../../../scripts/tools.mjs";
import { startRig } from "../../support/rig.mjs";

let rig;
let key;
before(async () => {
  // The configuration of the benchmark, whose figures this work explains.
  rig = await startRig({ name: "cost-of-a-request", toml: inRoot("bench", "guard", "keystile.toml"), edges: { edge1: { counts: true } } });
  ({ key } = await rig.create("acme", { scopes: ["read:leads", "write:leads"] }));
});
after(() => rig.close());

/** As Cloudflare hands a request to a worker; two of these headers don't go on. */
const HEADERS = {
  Accept: "application/json",
  "User-Agent": "acme-crm/2.1 (+https://acme.example)",
  "CF-Connecting-IP": "203.0.113.7",
  "CF-Ray": "a5e1c7b2fd3e9abc-FRA",
  "X-Forwarded-Proto": "https",
  "X-Real-IP": "203.0.113.7",
};

/** The calls of a request that does nothing besides: some refresh the view, or send counts of uses. */
async function calls(presented, status, sent = {}) {
  let fewest;
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const { body } = await rig.edge("edge1", "/__calls/api/leads", { key: presented, headers: HEADERS, ...sent });
    assert.equal(body.status, status);
    const sum = Object.values(body.calls).reduce((total, number) => total + number, 0);
    if (body.timing.includes("kv=0 feed=0") && sum < (fewest?.sum ?? Infinity)) fewest = { sum, calls: body.calls };
  }
  return fewest.calls;
}

/** Reading a request: the credential's two places and the source address. */
const READING = {
  "export fetch": 1,
  "import describe": 1,
  "export __wbindgen_malloc": 1,
  "Request.method": 1,
  "Request.url": 1,
  "Request.headers": 1,
  "Headers.get": 3,
  "Date.now": 1,
};

/** Forwarding: three of the caller's headers go, six of Keystile's come; the answer gets three. */
const FORWARDING = {
  ...READING,
  "import forward": 1,
  "TextDecoder.decode": 1,
  "Request.method": 2,
  "Request.headers": 2,
  "Request.cf": 1,
  "new Headers": 1,
  "Headers.forEach": 1,
  "Headers.delete": 3,
  "UPSTREAM.fetch": 1,
  setTimeout: 1,
  clearTimeout: 1,
  // Of the request, and of the answer.
  body: 2,
  "new Response": 1,
  "Response.headers": 2,
  "Headers.keys": 1,
  "Headers.append": 1,
  "Headers.set": 6 + 2,
};

test("a request that is forwarded from memory makes no object but the upstream's headers and the answer", async () => {
  assert.deepEqual(await calls(key, 200), FORWARDING);
});

test("a request with a body is copied once", async () => {
  assert.deepEqual(await calls(key, 200, { method: "POST", body: "{}" }), { ...FORWARDING, "new Request": 1 });
});

test("a refusal makes no object but its answer, and only its id crosses", async () => {
  const forged = `${key.slice(0, -4)}${key.endsWith("0000") ? "1111" : "0000"}`;
  assert.deepEqual(await calls(forged, 401), {
    ...READING,
    "import refuse": 1,
    "TextDecoder.decode": 1,
    // Of a response that was prepared: it differs by the id alone.
    "new Response": 1,
    "Response.headers": 1,
    "Headers.set": 1,
  });
});

test("a refusal that was prepared has the id of its own request, and is no other refusal's", async () => {
  const forged = `${key.slice(0, -4)}${key.endsWith("0000") ? "1111" : "0000"}`;
  const ids = new Set();
  for (let round = 0; round < 3; round += 1) {
    for (const [sent, code, error] of [
      [{ key: forged }, "MALFORMED", "checksum"],
      [{ key: "bench_live_short" }, "MALFORMED", "too short"],
      [{}, "MISSING_CREDENTIAL", undefined],
    ]) {
      const { status, body, headers } = await rig.edge("edge1", "/api/leads", sent);
      assert.deepEqual([status, body.status, body.code], [401, 401, code]);
      assert.equal(headers.get("content-type"), "application/problem+json");
      assert.equal(headers.get("cache-control"), "private, no-store");
      assert.equal(headers.get("keystile-request-id"), body.request_id);
      const challenge = headers.get("www-authenticate");
      if (error) assert.ok(challenge.includes(error) && body.detail.includes(error), challenge);
      else assert.ok(!challenge.includes("error"), challenge);
      ids.add(body.request_id);
    }
  }
  assert.equal(ids.size, 9);
});
