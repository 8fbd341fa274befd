// Routes: their needs, the paths that they take, and the path that reaches the upstream.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { eventually, startRig } from "../../support/rig.mjs";

const ROUTES = `
[[routes]]
path = "/*"
upstream = "api"
read = "public"
write = []
methods = { DELETE = ["admin"] }

[[routes]]
path = "/some/*"
upstream = "api"
read = { any_of = ["write:leads", "read:analytics"] }

[[routes]]
path = "/files/*"
upstream = "by-url"
read = []
encoded_slashes = true

[[routes]]
path = "/files/secret/{name}"
upstream = "by-url"
read = ["admin"]

[[routes]]
path = "/shop/v1/*"
upstream = "by-url"
read = "public"
strip_prefix = "/shop"
add_prefix = "/inner"

[[routes]]
path = "/bound/*"
upstream = "odd"
read = "public"
strip_prefix = "/bound"
add_prefix = "/odd"

[[routes]]
path = "/gone"`;

const CORS = `origins = ["https://app.example.com", "https://*.example.org"]
expose_headers = ["X-Total"]`;

let rig;
let upstream;
let received;
let answerHeaders;
before(async () => {
  upstream = createServer((request, response) => {
    received = { url: request.url, headers: request.headers };
    // Not 3xx: the harness's own fetch would follow it.
    if (answerHeaders) response.writeHead(201, answerHeaders);
    response.end("ok");
  });
  await new Promise((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const settings = {
    'url = "http://127.0.0.1:1"': `url = "http://127.0.0.1:${upstream.address().port}/base"`,
    '\n[[routes]]\npath = "/gone"': ROUTES,
    'origins = ["https://app.example.com"]': CORS,
  };
  rig = await startRig({ name: "routes", settings, edges: { edge1: {} } });
});
after(async () => {
  await rig.close();
  await new Promise((resolve) => upstream.close(resolve));
});

const get = (path, options) => rig.edge("edge1", path, options);

test("a catch-all takes every path but Keystile's own, in whatever writing", async () => {
  const anywhere = await get("/any/where");
  assert.equal(anywhere.status, 200, anywhere.text);
  assert.equal(anywhere.body.path, "/any/where");
  assert.equal((await get("/")).status, 200);
  assert.equal((await get("/keystile/healthz")).body.status, "ok");
  assert.equal((await get("http://edge.example//keystile//healthz")).body.status, "ok");
  assert.equal((await get("/keystile/none")).code, "NOT_ROUTED");
  for (const path of ["/KEYSTILE/v1/me", "/keystile;a/v1/me", "/keystile%20/v1", "/%20/keystile", "/keystile%2Fv1%2Fme", "/Keystile."]) {
    const answer = await get(path);
    assert.deepEqual([answer.status, answer.code], [400, "BAD_PATH"], path);
  }
});

test("a public route asks for no key, and one that is sent is neither judged nor forwarded", async () => {
  const { key, id } = await rig.create();
  const forged = { "Keystile-Tenant": "acme", "Keystile-Key-Id": "key_1", "CF-Connecting-IP": "198.51.100.7" };
  for (const headers of [{}, { Authorization: `Bearer ${key}` }, { "X-Api-Key": key }, { "X-Other": key }, { Authorization: "Bearer knq_live_junk" }]) {
    const answer = await get("/health", { headers: { ...headers, ...forged } });
    assert.equal(answer.status, 200, answer.text);
    const seen = answer.body.headers;
    assert.ok(!JSON.stringify(seen).includes(key), JSON.stringify(seen));
    assert.equal(seen.authorization, undefined);
    assert.deepEqual(Object.keys(seen).filter((name) => name.startsWith("keystile")).sort(), ["keystile-client-ip", "keystile-request-id"]);
    assert.equal(seen["keystile-client-ip"], "198.51.100.7");
    assert.deepEqual([answer.storage.kv, answer.storage.feed], [0, 0]);
  }
  assert.equal((await get(`/health?key=${key}`)).code, "CREDENTIAL_IN_QUERY");
  assert.equal((await get(`/health/${key}`)).code, "CREDENTIAL_IN_PATH");
  assert.equal((await get("/health", { method: "POST" })).code, "MISSING_CREDENTIAL");
  assert.equal((await get("/health", { method: "POST", key })).status, 200);
  await eventually(async () => {
    const { body } = await rig.manage("GET", `/v1/tenants/acme/keys/${id}/usage`);
    assert.deepEqual(body.all.codes, { VALID: 1 }, "only what the key was needed for is counted");
  });
});

test("a method has needs of its own", async () => {
  const [plain, admin] = [await rig.create(), await rig.create("acme", { scopes: ["admin"] })];
  const refused = await get("/things/7", { method: "DELETE", key: plain.key });
  assert.deepEqual([refused.code, refused.body.required_scopes], ["INSUFFICIENT_SCOPE", ["admin"]]);
  assert.equal((await get("/things/7", { method: "DELETE", key: admin.key })).status, 200);
  assert.equal((await get("/things/7", { method: "PATCH", key: plain.key })).status, 200);
});

test("one of several scopes is enough where the route says so", async () => {
  for (const [scopes, status] of [[["write:leads"], 200], [["read:analytics"], 200], [["read:leads"], 403], [["admin"], 200]]) {
    const { key } = await rig.create("acme", { scopes });
    const answer = await get("/some/thing", { key });
    assert.equal(answer.status, status, `${scopes}: ${answer.text}`);
    if (status === 200) continue;
    assert.match(answer.body.detail, /one of these is enough: read:analytics write:leads/);
    assert.equal(answer.body.any_of, true);
    assert.match(answer.headers.get("www-authenticate"), /scope="write:leads"$/);
  }
});

test("a key in the path is refused before it goes on, valid or not, header or not", async () => {
  const { key } = await rig.create();
  for (const path of [`/api/leads/${key}`, `/api/leads/${key}/x`, `/api/leads/${key.replaceAll("_", "%5F")}`]) {
    for (const headers of [{}, { Authorization: `Bearer ${key}` }]) {
      const answer = await get(path, { headers });
      assert.deepEqual([answer.status, answer.code], [400, "CREDENTIAL_IN_PATH"], path);
      assert.match(answer.headers.get("www-authenticate"), /error="invalid_request"/);
      assert.ok(!answer.text.includes(key));
    }
  }
  const shown = await get(`/api/leads/${key.slice(0, 13)}`, { key });
  assert.equal(shown.status, 200, "its display form may stand anywhere");
});

test("a path goes on as it was sent, or not at all", async () => {
  const { key } = await rig.create();
  for (const path of ["/api/leads/https://x.example/y", "/api/leads//", "/api/leads/a%3Ab;c=d"]) {
    const answer = await get(path, { key });
    assert.deepEqual([answer.status, answer.body?.path], [200, path], answer.text);
  }
  for (const path of ["/api//leads", "/api/open//inner", "http://edge.example//api/leads", "http://edge.example//x.example/y"]) {
    assert.deepEqual([(await get(path, { key })).code], ["BAD_PATH"], path);
  }
});

test("an encoded slash stays in its segment on a route that takes it", async () => {
  const { key } = await rig.create();
  assert.equal((await get("/files/a%2fb%2F?x=%2F", { key })).status, 200);
  assert.equal(received.url, "/base/files/a%2Fb%2F?x=%2F");
  for (const path of ["/files/secret%2Fx", "/files/..%2Fx", "/files/x%2F..", "/files/Secret%2Fx", "/files/secret/a%2Fb", "/api/leads/a%2Fb"]) {
    assert.deepEqual([(await get(path, { key })).code], ["BAD_PATH"], path);
  }
});

test("a prefix is stripped and another added; the signature and locations follow", async () => {
  const inner = `http://127.0.0.1:${upstream.address().port}`;
  const shop = async (path, location) => {
    answerHeaders = location && { Location: location };
    const answer = await get(path, { headers: { "X-Forwarded-Prefix": "/evil" } });
    answerHeaders = undefined;
    assert.equal(answer.status, location ? 201 : 200, answer.text);
    return answer.headers.get("location");
  };
  await shop("/shop/v1/a//b?x=1");
  assert.equal(received.url, "/base/inner/v1/a//b?x=1");
  assert.equal(received.headers["x-forwarded-prefix"], "/shop");
  assert.match(received.headers["signature-input"], /^keystile=\("@method" "@path" "@query" "keystile-request-id"/);
  await shop("/shop/v1");
  assert.equal(received.url, "/base/inner/v1");
  for (const [location, expected] of [
    [`${inner}/base/inner/v1/x?y#z`, "http://edge.example/shop/v1/x?y#z"],
    ["/base/inner/v1/x", "http://edge.example/shop/v1/x"],
    ["x", "x"],
    ["/shop/v1/x", "/shop/v1/x"],
    ["/base/other", "/base/other"],
    ["https://elsewhere.example/base/inner/x", "https://elsewhere.example/base/inner/x"],
  ]) {
    assert.equal(await shop("/shop/v1/a/b", location), expected, location);
  }
  // A Worker behind a binding sees the same path, at the caller's own origin.
  const bound = await get("/bound/moved");
  assert.equal(bound.headers.get("location"), "http://edge.example/bound/there?x=1");
  assert.equal((await get("/shop/v1//x")).status, 200);
  assert.equal((await get("/bound//x")).status, 200, "what is added stands before the slashes");
});

test("pages of the listed origins and of subdomains may call, and caches are told", async () => {
  const ask = (origin, path = "/health") => get(path, { headers: origin ? { Origin: origin } : {} });
  for (const origin of ["https://app.example.com", "https://pr-7.example.org"]) {
    const answer = await ask(origin);
    assert.equal(answer.headers.get("access-control-allow-origin"), origin);
    assert.equal(answer.headers.get("vary"), "Origin");
    assert.match(answer.headers.get("access-control-expose-headers"), /^Keystile-Request-Id, .*, X-Total$/);
  }
  for (const origin of [undefined, "https://example.org", "https://a.b.example.org", "https://evil-example.org", "https://app.example.com:444"]) {
    for (const path of ["/health", "/api/leads", "/keystile/healthz", "/keystile/V1%5c"]) {
      const answer = await ask(origin, path);
      assert.equal(answer.headers.get("access-control-allow-origin"), null, origin);
      assert.match(answer.headers.get("vary"), /Origin/, `${origin} ${path}`);
    }
  }
  const preflight = { Origin: "https://pr-7.example.org", "Access-Control-Request-Method": "GET" };
  const allowed = await get("/health", { method: "OPTIONS", headers: preflight });
  assert.deepEqual([allowed.status, allowed.headers.get("access-control-allow-origin")], [204, "https://pr-7.example.org"]);
  answerHeaders = { "Access-Control-Expose-Headers": "X-Own", "Access-Control-Allow-Credentials": "true" };
  const exposing = await ask("https://app.example.com", "/shop/v1/x");
  answerHeaders = undefined;
  assert.match(exposing.headers.get("access-control-expose-headers"), /^X-Own, Keystile-Request-Id, .*X-Total$/);
  assert.equal(exposing.headers.get("access-control-allow-credentials"), null);
});
