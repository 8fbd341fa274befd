// What is no key costs nothing: the right code, no storage, no echo.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { ROOT_KEY, startRig } from "../../support/rig.mjs";

let rig;
let key;
before(async () => {
  rig = await startRig({ name: "junk", edges: { edge1: {} } });
  key = await rig.create();
});
after(() => rig.close());

const NOTHING = { kv: 0, feed: 0, cache: "hit" };

/** The answer has this code, cost no storage, and repeats none of `secrets`. */
function refused(answer, status, code, ...secrets) {
  assert.equal(answer.code, code, answer.text);
  assert.equal(answer.status, status);
  assert.deepEqual(answer.storage, NOTHING);
  const told = answer.text + JSON.stringify([...answer.headers]);
  for (const secret of secrets) assert.ok(!told.includes(secret), "the credential is echoed");
}

const bearer = (value) => rig.edge("edge1", "/api/leads", { headers: { Authorization: value } });

test("malformed credentials", async () => {
  const good = key.key;
  const changed = good.slice(0, -10) + (good.at(-10) === "a" ? "b" : "a") + good.slice(-9);
  for (const [what, text, detail] of [
    ["a forged tag", good.slice(0, -6) + "000000", /checksum/],
    ["one character changed", changed, /checksum/],
    ["cut", good.slice(0, -1), /too short/],
    ["too long", `${good}a`, /too short or too long/],
    ["another prefix", good.replace("knq", "abc"), /prefix/],
    ["no environment", good.replace("_live_", "_"), /neither/],
    ["white space inside", `${good.slice(0, 20)} ${good.slice(20)}`, /white space/],
    ["two spaces after Bearer", ` ${good}`, /white space/],
    ["10 kB", "k".repeat(10_000), /longer|prefix|short/],
    ["punctuation", good.replace("_", "-"), /character/],
    ["an operator's key", `ksop_${"a".repeat(38)}`, /operator key or the root key; an API key/],
    ["the root key", ROOT_KEY, /operator key or the root key; an API key/],
  ]) {
    const answer = await bearer(`Bearer ${text}`);
    refused(answer, 401, "MALFORMED", text.trim());
    assert.match(answer.body.detail, detail, what);
    assert.match(answer.headers.get("www-authenticate"), /error="invalid_token"/);
  }
});

test("non-ASCII", async () => {
  refused(await bearer(`Bearer ${key.key.slice(0, -1)}\u00e9`), 401, "MALFORMED", key.key.slice(0, -1));
});

test("X-Api-Key with spaces says so", async () => {
  const answer = await rig.edge("edge1", "/api/leads", { headers: { "X-Api-Key": `${key.key} ${key.key}` } });
  refused(answer, 401, "MALFORMED", key.key);
  assert.match(answer.body.detail, /white space/);
});

test("an empty Bearer, and another scheme", async () => {
  refused(await bearer("Bearer"), 401, "MALFORMED");
  refused(await bearer("Basic dXNlcjpwYXNz"), 401, "MISSING_CREDENTIAL");
});

test("a key in a form that is not read: the answer says how to send it", async () => {
  const base64 = (text) => Buffer.from(text).toString("base64");
  for (const sent of [key.key, `Token ${key.key}`, `Basic ${base64(`${key.key}:`)}`, `Basic ${base64(`x:${key.key}`)}`]) {
    for (const path of ["/api/leads", "/keystile/v1/me"]) {
      const answer = await rig.edge("edge1", path, { headers: { Authorization: sent } });
      refused(answer, 401, "MISSING_CREDENTIAL", key.key);
      assert.equal(answer.body.detail, "No key was found. Send it as `Authorization: Bearer KEY` or `X-Api-Key: KEY`.");
    }
    const operators = await rig.edge("edge1", "/keystile/v1/verify", { method: "POST", headers: { Authorization: sent }, body: "{}" });
    refused(operators, 401, "MISSING_CREDENTIAL", key.key);
    assert.equal(operators.body.detail, "No operator key was found. Send it as `Authorization: Bearer KEY`.");
    const managed = await rig.manage("GET", "/v1/scopes", undefined, { key: null, headers: { Authorization: sent } });
    assert.equal(managed.body.detail, operators.body.detail);
  }
});

test("verify says what is wrong with a question, and with whoever asks", async () => {
  const verify = (body, as = ROOT_KEY) =>
    rig.edge("edge1", "/keystile/v1/verify", { method: "POST", key: as, body: JSON.stringify(body) });
  for (const [body, detail] of [
    [{ key: key.key, scopes: ["read:laeds"] }, 'scopes: no scope "read:laeds" is defined; GET /v1/scopes lists those that are'],
    [[{ key: key.key }], "a JSON object expected"],
    [{ key: 7 }, "key: a string expected"],
  ]) {
    const answer = await verify(body);
    assert.deepEqual([answer.status, answer.code, answer.body.detail], [422, "INVALID_REQUEST", detail]);
  }
  const unavailable = await verify({ key: key.key, scopes: ["write:analytics"] });
  assert.deepEqual([unavailable.status, unavailable.code], [200, "INSUFFICIENT_SCOPE"]);
  const list = await rig.manage("POST", "/v1/tenants/acme/keys", []);
  assert.deepEqual([list.status, list.body.detail], [422, "a JSON object expected"]);
  for (const operators of [ROOT_KEY, `ksop_${"a".repeat(38)}`]) {
    const { body } = await verify({ key: operators });
    assert.deepEqual([body.code, body.detail], ["MALFORMED", "This is an operator key or the root key; an API key is needed here."]);
  }
  const asCustomer = await verify({ key: key.key }, key.key);
  refused(asCustomer, 401, "MALFORMED", key.key);
  assert.equal(asCustomer.body.detail, "This is an API key; an operator key is needed here, which begins with `ksop_`.");
  assert.equal((await rig.manage("GET", "/v1/scopes", undefined, { key: key.key })).body.detail, asCustomer.body.detail);
  const stranger = await verify({ key: key.key }, "abc_live_x");
  assert.equal(stranger.body.detail, "This is neither an operator key, which begins with `ksop_`, nor the root key.");
});

test("a key in the query string is refused, valid or not, header or not", async () => {
  for (const headers of [{}, { Authorization: `Bearer ${key.key}` }]) {
    const answer = await rig.edge("edge1", `/api/leads?api_key=${key.key}`, { headers });
    refused(answer, 400, "CREDENTIAL_IN_QUERY", key.key);
    assert.match(answer.headers.get("www-authenticate"), /error="invalid_request"/);
  }
  refused(await rig.edge("edge1", `/api/leads?t=${key.key.replaceAll("_", "%5F")}`), 400, "CREDENTIAL_IN_QUERY");
});

test("two credentials", async () => {
  const other = await rig.create();
  const headers = { Authorization: `Bearer ${key.key}`, "X-Api-Key": other.key };
  refused(await rig.edge("edge1", "/api/leads", { headers }), 400, "CONFLICTING_CREDENTIALS", key.key, other.key);
  const same = { Authorization: `Bearer ${key.key}`, "X-Api-Key": key.key };
  assert.equal((await rig.edge("edge1", "/api/leads", { headers: same })).status, 200);
});

test("nothing of a key is in the logs", async () => {
  const any = await rig.create("acme", { scopes: ["admin"] });
  await rig.edge("edge1", "/gone", { key: any.key });
  await rig.edge("edge1", `/gone?x=${any.key}`, { key: any.key });
  const logs = JSON.stringify(rig.server.getLogs());
  assert.match(logs, /upstream_unreachable/);
  for (const secret of [key.key, any.key]) assert.ok(!logs.includes(secret.slice(-20)));
});

test("paths that two servers read differently", async () => {
  for (const path of ["/api/leads/..%2fbilling", "/api%2Fleads", "/api/leads%5c..", "/api/leads/%00", "/api/leads/%zz"]) {
    refused(await rig.edge("edge1", path, { key: key.key }), 400, "BAD_PATH");
  }
  // The wider route lets this key in. Some servers would read these as the narrower one's.
  assert.equal((await rig.edge("edge1", "/api/open/x", { key: key.key })).status, 200);
  assert.equal((await rig.edge("edge1", "/api/open/inner/x", { key: key.key })).code, "INSUFFICIENT_SCOPE");
  for (const path of ["/api/open/INNER/x", "/api/open/inner;a=1/x", "/api/open/inner./x", "/api/open/x/..;/inner"]) {
    refused(await rig.edge("edge1", path, { key: key.key }), 400, "BAD_PATH");
  }
  // Nor is a route with capitals gone round in small letters, nor in others that become them.
  assert.equal((await rig.edge("edge1", "/api/open/Admin/users", { key: key.key })).code, "INSUFFICIENT_SCOPE");
  for (const path of ["/api/open/admin/users", "/api/open/ADMIN", "/api/open/aDM%C4%B1N/users", "/api/open/admin;x/users"]) {
    refused(await rig.edge("edge1", path, { key: key.key }), 400, "BAD_PATH");
  }
  refused(await rig.edge("edge1", "/api//leads", { key: key.key }), 400, "BAD_PATH");
  const encoded = await rig.edge("edge1", "/api/%6ceads//x", { key: key.key });
  assert.equal(encoded.status, 200);
  assert.equal(encoded.body.path, "/api/leads//x", "what was judged is what is forwarded");
});

test("no route, no such method", async () => {
  refused(await rig.edge("edge1", "/elsewhere", { key: key.key }), 404, "NOT_ROUTED");
  const purge = await rig.edge("edge1", "/api/leads", { key: key.key, method: "PURGE" });
  refused(purge, 405, "METHOD_NOT_ALLOWED");
  const write = await rig.edge("edge1", "/api/analytics", { key: key.key, method: "POST" });
  refused(write, 405, "METHOD_NOT_ALLOWED");
  assert.equal(write.headers.get("allow"), "GET, HEAD, OPTIONS");
  refused(await rig.edge("edge1", "/keystile/v1/verify"), 405, "METHOD_NOT_ALLOWED");
  refused(await rig.edge("edge1", "/keystile/v1/nothing"), 404, "NOT_ROUTED");
});

test("preflights are answered as configured, and answers can be read by allowed origins alone", async () => {
  const preflight = (origin) =>
    rig.edge("edge1", "/api/leads", { method: "OPTIONS", headers: { Origin: origin, "Access-Control-Request-Method": "PATCH" } });
  const allowed = await preflight("https://app.example.com");
  assert.equal(allowed.status, 204);
  assert.equal(allowed.headers.get("access-control-allow-origin"), "https://app.example.com");
  assert.match(allowed.headers.get("access-control-allow-headers"), /Authorization/);
  assert.equal((await preflight("https://evil.example")).headers.get("access-control-allow-origin"), null);
  const refusedThere = await rig.edge("edge1", "/api/leads", { headers: { Origin: "https://app.example.com" } });
  assert.equal(refusedThere.headers.get("access-control-allow-origin"), "https://app.example.com");
});
