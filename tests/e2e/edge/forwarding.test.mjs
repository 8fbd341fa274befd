// What reaches an upstream, and what comes back from it.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer, get } from "node:http";
import { after, before, test } from "node:test";

import { ROOT_KEY, startRig } from "../../support/rig.mjs";

let rig;
let upstream;
let received;
/** The headers of the upstream's next answers, which are 201 then. */
let answerHeaders;
before(async () => {
  upstream = createServer((request, response) => {
    received = { method: request.method, url: request.url, headers: request.headers };
    // Not 3xx: the harness's own fetch would follow it.
    if (answerHeaders) response.writeHead(201, answerHeaders);
    if (request.url.endsWith("/silent")) return;
    if (request.url.endsWith("/slowly")) {
      response.write("the ");
      setTimeout(() => response.end("body"), 2_000);
    } else {
      response.end("ok");
    }
  });
  await new Promise((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const url = `url = "http://127.0.0.1:${upstream.address().port}/base"`;
  const settings = {
    'url = "http://127.0.0.1:1"': `${url}\ntimeout_seconds = 1`,
    'service = "ODD"': 'service = "ODD"\ntimeout_seconds = 1',
  };
  rig = await startRig({ name: "forwarding", settings, edges: { edge1: {} } });
});
after(async () => {
  await rig.close();
  upstream.closeAllConnections();
  await new Promise((resolve) => upstream.close(resolve));
});

test("an upstream by URL can check the signature over method, path, query and identity (RFC 9421)", async () => {
  const key = await rig.create();
  const answer = await rig.edge("edge1", "/signed/a%20b?x=1&y=%2F", {
    key: key.key,
    headers: { Signature: "forged", "Signature-Input": "forged" },
  });
  assert.equal(answer.status, 200, answer.text);
  const { headers, url } = received;
  assert.equal(url, "/base/signed/a%20b?x=1&y=%2F");
  const [, components, parameters] = /^keystile=(\([^)]*\))(.*)$/.exec(headers["signature-input"]);
  const [path, query] = url.split("?");
  const lines = [...components.matchAll(/"([^"]+)"/g)].map(([, name]) => {
    const value = { "@method": "GET", "@path": path, "@query": `?${query}` }[name] ?? headers[name];
    assert.ok(value, name);
    return `"${name}": ${value}`;
  });
  const base = [...lines, `"@signature-params": ${components}${parameters}`].join("\n");
  const expected = createHmac("sha256", "signing secret of the test upstream").update(base).digest("base64");
  assert.equal(headers.signature, `keystile=:${expected}:`);
  for (const covered of ["keystile-key-id", "keystile-tenant", "keystile-scopes", "keystile-environment", "keystile-upstream"]) {
    assert.ok(components.includes(`"${covered}"`), covered);
  }
  assert.equal(headers["keystile-upstream"], "by-url", "what another upstream with the same secret can tell it by");
  const created = Number(/created=(\d+)/.exec(parameters)[1]);
  const expires = Number(/expires=(\d+)/.exec(parameters)[1]);
  assert.ok(Math.abs(created - Date.now() / 1000) < 5);
  assert.equal(expires - created, 60);
});

// Headers that a caller can forge to pass for somebody else, or to make a framework build other links.
const FORGED = {
  "X-Forwarded-For": "192.0.2.66",
  X_Forwarded_For: "192.0.2.66",
  "X-Real-IP": "192.0.2.66",
  "X-Client-IP": "192.0.2.66",
  "True-Client-IP": "192.0.2.66",
  "X-Cluster-Client-IP": "192.0.2.66",
  "Fastly-Client-IP": "192.0.2.66",
  Forwarded: "for=192.0.2.66;host=evil.example",
  "X-Forwarded-Host": "evil.example",
  "X-Forwarded-Server": "evil.example",
  "X-Forwarded-Proto": "gopher",
  "X-Forwarded-Scheme": "gopher",
  "X-Forwarded-Port": "666",
  "X-Forwarded-Ssl": "off",
  "X-Forwarded-Path": "/evil",
  "X-Forwarded-Uri": "/evil",
  "X-Forwarded-Method": "EVIL",
  "X-Forwarded-User": "evil",
  "X-Original-Host": "evil.example",
  "X-Original-Method": "EVIL",
  "X-Original-Uri": "/evil",
  "X-Host": "evil.example",
  "X-Override-URL": "/evil",
  "Keystile-Client-Ip": "192.0.2.66",
};

test("an upstream learns from Keystile alone who called which URL, whatever the caller claims", async () => {
  const { key } = await rig.create();
  const headers = { ...FORGED, "CF-Connecting-IP": "198.51.100.7" };
  const byUrl = await rig.edge("edge1", "/signed/x", { key, headers });
  assert.equal(byUrl.status, 200, byUrl.text);
  const own = { "x-forwarded-for": "198.51.100.7", "x-forwarded-host": "edge.example", "x-forwarded-proto": "http", "keystile-client-ip": "198.51.100.7" };
  const known = (all) => Object.fromEntries(Object.keys(own).map((name) => [name, all[name]]));
  assert.deepEqual(known(received.headers), own);
  assert.match(received.headers["signature-input"], /"keystile-client-ip"/);
  const bound = (await rig.edge("edge1", "/api/open", { key, headers })).body.headers;
  assert.equal(bound["keystile-client-ip"], "198.51.100.7");
  for (const all of [received.headers, bound]) {
    for (const [name, claim] of Object.entries(all)) {
      assert.ok(!/192\.0\.2\.66|evil|gopher|666/i.test(claim), `${name}: ${claim}`);
    }
  }
});

test("a location at the upstream itself becomes the public one, any other stays", async () => {
  const { key } = await rig.create();
  const inner = `http://127.0.0.1:${upstream.address().port}`;
  const leads = async (headers) => {
    answerHeaders = headers;
    const answer = await rig.edge("edge1", "/signed/from/here", { key });
    answerHeaders = undefined;
    assert.equal(answer.status, 201, answer.text);
    return answer.headers;
  };
  for (const [location, expected] of [
    [`${inner}/base/signed/there?x=1#y`, "http://edge.example/signed/there?x=1#y"],
    [`${inner}/base`, "http://edge.example/"],
    [`//${new URL(inner).host}/base/a%2Fb`, "http://edge.example/a%2Fb"],
    ["/base/signed/there", "http://edge.example/signed/there"],
    ["there?x=1", "there?x=1"],
    ["../there", "../there"],
    ["/other", "/other"],
    [`${inner}/based`, `${inner}/based`],
    ["https://elsewhere.example/base/x", "https://elsewhere.example/base/x"],
  ]) {
    assert.equal((await leads({ Location: location })).get("location"), expected, location);
  }
  const created = await leads({ Location: "there", "Content-Location": `${inner}/base/signed/7` });
  assert.equal(created.get("content-location"), "http://edge.example/signed/7");
  // A Worker behind a binding sees the public URL, so what it makes of that is right.
  const bound = await rig.edge("edge1", "/odd/moved", { key });
  assert.equal(bound.headers.get("location"), "http://edge.example/odd/there?x=1");
});

test("an upstream's own caching, redirects, cookies and errors come back as they are", async () => {
  const key = await rig.create();
  const get = (what) => rig.edge("edge1", `/odd/${what}`, { key: key.key });
  assert.equal((await get("cached")).headers.get("cache-control"), "private, max-age=60");
  const redirect = await get("redirect");
  assert.equal(redirect.status, 302);
  assert.equal(redirect.headers.get("location"), "https://elsewhere.example/");
  assert.equal(redirect.headers.get("cache-control"), "private, no-store");
  assert.deepEqual((await get("cookies")).headers.getSetCookie(), ["a=1", "b=2"]);
  assert.match((await get("cached")).headers.get("vary"), /X-Api-Key/i);
  assert.equal((await get("empty")).status, 204);
  const broken = await get("error");
  assert.equal(broken.status, 500);
  assert.equal(broken.text, "broken");
});

test("an upstream can neither speak for Keystile nor open itself to other origins", async () => {
  const key = await rig.create();
  const headers = { Origin: "https://app.example.com" };
  const answer = await rig.edge("edge1", "/odd/cross-origin", { key: key.key, headers });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("access-control-allow-origin"), "https://app.example.com");
  assert.equal(answer.headers.get("access-control-allow-credentials"), null);
  assert.equal(answer.headers.get("keystile-degraded"), null);
  assert.match(answer.headers.get("keystile-request-id"), /^req_\w+$/);
  const gone = await rig.edge("edge1", "/gone", { key: key.key, headers });
  assert.equal(gone.headers.get("access-control-allow-origin"), "https://app.example.com");
});

test("no credential goes on, wherever it stands; another scheme's does", async () => {
  const key = await rig.create();
  const get = async (headers) => (await rig.edge("edge1", "/api/open", { headers })).body.headers;
  const everywhere = await get({
    Authorization: `Bearer ${key.key}`,
    "X-Api-Key": key.key,
    "Proxy-Authorization": `Bearer ${key.key}`,
    X_Api_Key: key.key,
  });
  assert.ok(!JSON.stringify(everywhere).includes(key.key));
  const basic = await get({ Authorization: "Basic dXNlcjpwYXNz", "X-Api-Key": key.key });
  assert.equal(basic.authorization, "Basic dXNlcjpwYXNz");
  const overriding = await get({
    "X-Api-Key": key.key,
    X_HTTP_Method_Override: "DELETE",
    "X-Original-URL": "/admin",
    "X-Forwarded-Host": "evil.example",
  });
  for (const name of ["x_http_method_override", "x-original-url", "x-forwarded-host"]) assert.ok(!(name in overriding), name);
});

// `Authorization: Bearer` and X-Api-Key have a test of their own: they are where keys belong.
const base64 = (text) => Buffer.from(text).toString("base64");
const SCHEMES = [
  (key) => ["Authorization", key],
  (key) => ["Authorization", `Token ${key}`],
  (key) => ["Authorization", `ApiKey ${key}`],
  (key) => ["Authorization", `token token="${key}", nonce="x"`],
  (key) => ["Authorization", `Basic ${base64(`${key}:`)}`],
  (key) => ["Authorization", `Basic ${base64(`user:${key}`)}`],
  (key) => ["Authorization", `Digest username="a", response="${key}"`],
  (key) => ["Api-Key", key],
  (key) => ["X-Auth-Token", `  ${key}`],
  (key) => ["Cookie", `session=1; key=${key}; theme=dark`],
  (key) => ["Referer", `https://app.example.com/?key=${encodeURIComponent(key)}`],
  (key) => ["Referer", `https://app.example.com/?key=${encodeURIComponent(encodeURIComponent(key)).replaceAll("_", "%255F")}`],
  (key) => ["X-Forwarded-Authorization", `Bearer ${key}`],
  (key) => ["X-Context", base64(JSON.stringify({ user: "a", apiKey: key }))],
  (key) => ["X-Context", Buffer.from(`!${key}`).toString("base64url")],
];

test("the key in its own place is dropped without a word in the log", async () => {
  const { key } = await rig.create();
  const warnings = () => JSON.stringify(rig.server.getLogs()).split("key_not_forwarded").length;
  const before = warnings();
  for (const headers of [{ Authorization: `Bearer ${key}` }, { "X-Api-Key": key }]) {
    const answer = await rig.edge("edge1", "/api/open", { headers });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual([answer.body.headers.authorization, answer.body.headers["x-api-key"]], [undefined, undefined]);
  }
  assert.equal(warnings(), before);
});

test("no key of this deployment reaches an upstream in any header, whoever's, whatever is around it", async () => {
  const [key, other] = [await rig.create(), await rig.create("globex")];
  const operator = await rig.operator("*", ["verify"]);
  for (const secret of [key.key, other.key, operator.key, ROOT_KEY]) {
    for (const scheme of SCHEMES) {
      const [name, value] = scheme(secret);
      const answer = await rig.edge("edge1", "/api/open", { headers: { "X-Api-Key": key.key, "X-Trace": "kept", [name]: value } });
      assert.equal(answer.status, 200, `${name}: ${answer.text}`);
      assert.equal(answer.body.headers["x-trace"], "kept");
      assert.equal(answer.body.headers[name.toLowerCase()], undefined, value);
    }
  }
  const logs = JSON.stringify(rig.server.getLogs());
  assert.match(logs, /key_not_forwarded/);
  for (const secret of [key.key, other.key, operator.key, ROOT_KEY]) assert.ok(!logs.includes(secret));
});

test("no key goes on in a URL either, in whatever encoding, nor as a header's name", async () => {
  const { key } = await rig.create();
  const twice = (text) => encodeURIComponent(text.replaceAll("_", "%5F"));
  for (const form of [base64(`{"key":"${key}"}`), twice(key)]) {
    for (const base of ["/api/open", "/signed"]) {
      received = undefined;
      const inQuery = await rig.edge("edge1", `${base}?state=${form}`, { key });
      assert.deepEqual([inQuery.status, inQuery.code], [400, "CREDENTIAL_IN_QUERY"], inQuery.text);
      const inPath = await rig.edge("edge1", `${base}/${form}`, { key });
      assert.deepEqual([inPath.status, inPath.code], [400, "CREDENTIAL_IN_PATH"], inPath.text);
      assert.equal(received, undefined);
    }
  }
  const { headers } = (await rig.edge("edge1", "/api/open", { key, headers: { [key]: "1", [`X-${ROOT_KEY}`]: "1" } })).body;
  assert.deepEqual(Object.keys(headers).filter((name) => /knq_live|ksroot/.test(name)), []);
  for (const secret of [key.toLowerCase(), ROOT_KEY]) assert.ok(!JSON.stringify(rig.server.getLogs()).includes(secret));
});

test("what only looks a little like a key goes on", async () => {
  const key = await rig.create();
  const headers = {
    Authorization: "Digest username=\"knq_live_user\", response=\"0123456789abcdef\"",
    Cookie: `shown=${key.display}; b=2`,
    Referer: "https://docs.example.com/knq_live_keys%zz?a=%5F",
    "X-Context": base64("knq_live_ is what our keys begin with"),
  };
  const answer = await rig.edge("edge1", "/api/open", { headers: { "X-Api-Key": key.key, ...headers } });
  for (const [name, value] of Object.entries(headers)) assert.equal(answer.body.headers[name.toLowerCase()], value);
});

/** Over a socket: `fetch` adds `Cache-Control: no-cache` to a conditional request by itself. */
const overSocket = (path, headers) =>
  new Promise((resolve, reject) => {
    get(new URL(path, rig.url), { headers }, async (response) => {
      let text = "";
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode, headers: response.headers, text });
    }).on("error", reject);
  });

test("a caller's own headers on caching go on, and no others: a conditional request is answered 304", async () => {
  const key = await rig.create();
  const ask = (headers) => overSocket("/odd/etag", { Authorization: `Bearer ${key.key}`, ...headers });
  assert.equal((await ask({})).status, 200);
  const unchanged = await ask({ "If-None-Match": '"v1"' });
  assert.deepEqual([unchanged.status, unchanged.text], [304, ""]);
  assert.equal(unchanged.headers.etag, '"v1"');
  assert.equal((await ask({ "If-None-Match": '"v0"' })).status, 200);
  assert.equal((await ask({ "If-None-Match": '"v1"', "Cache-Control": "no-cache" })).status, 200, "as the caller asked");
  const sent = (await rig.edge("edge1", "/api/open", { key: key.key })).body.headers;
  await rig.edge("edge1", "/signed/x", { key: key.key });
  for (const name of ["cache-control", "pragma"]) {
    assert.ok(!(name in sent), `by binding: ${name}`);
    assert.ok(!(name in received.headers), `by URL: ${name}`);
  }
  // The harness calls URLs by Node's `fetch`, which adds the two to conditional requests.
  await rig.edge("edge1", "/signed/x", { key: key.key, headers: { "If-Modified-Since": "Thu, 01 Jan 2026 00:00:00 GMT", "Cache-Control": "max-age=7" } });
  assert.equal(received.headers["if-modified-since"], "Thu, 01 Jan 2026 00:00:00 GMT");
  assert.equal(received.headers["cache-control"], "max-age=7");
});

test("shared caches are told to keep off, by binding and by URL", async () => {
  const key = await rig.create();
  const { body } = await rig.edge("edge1", "/odd/cf", { key: key.key });
  assert.equal(body.cacheTtl, -1);
  assert.equal(body.cacheLevel, "bypass");
  // A called Worker's own cache obeys this. The platform makes it of `cacheTtl`.
  assert.equal(body.cacheControl, "no-store");
  assert.equal(body.country, "US", "what the platform knows of the caller goes on");
});

test("an upstream that is not reached: 502, with the request's id", async () => {
  const key = await rig.create();
  const answer = await rig.edge("edge1", "/gone", { key: key.key });
  assert.equal(answer.status, 502, answer.text);
  assert.equal(answer.code, "UPSTREAM_UNREACHABLE");
  assert.equal(answer.body.request_id, answer.headers.get("keystile-request-id"));
});

test("an upstream that accepts and does not answer: 504, with the request's id", async () => {
  const { key } = await rig.create();
  for (const target of ["/odd/silent", "/signed/silent"]) {
    const began = Date.now();
    const answer = await rig.edge("edge1", target, { key, headers: { Origin: "https://app.example.com" } });
    assert.deepEqual([answer.status, answer.code], [504, "UPSTREAM_TIMEOUT"], answer.text);
    assert.equal(answer.body.request_id, answer.headers.get("keystile-request-id"));
    assert.equal(answer.headers.get("access-control-allow-origin"), "https://app.example.com");
    assert.ok(Date.now() - began > 900 && Date.now() - began < 3_000, `${target} took ${Date.now() - began} ms`);
  }
});

test("the time of an upstream ends with its headers: a body may take longer", async () => {
  const { key } = await rig.create();
  for (const target of ["/odd/slowly", "/signed/slowly"]) {
    const answer = await rig.edge("edge1", target, { key });
    assert.deepEqual([answer.status, answer.text], [200, "the body"], target);
  }
});

test("a WebSocket goes through, with the headers of every answer", async () => {
  const key = await rig.create();
  const response = await rig.server.getWorker("edge1").fetch("http://edge.example/odd/socket", {
    headers: { Upgrade: "websocket", Authorization: `Bearer ${key.key}`, Origin: "https://app.example.com" },
  });
  assert.equal(response.status, 101);
  assert.match(response.headers.get("keystile-request-id"), /^req_\w+$/);
  assert.equal(response.headers.get("keystile-degraded"), null);
  assert.equal(response.headers.get("x-own"), "kept");
  assert.equal(response.headers.get("access-control-allow-origin"), "https://app.example.com");
  const socket = response.webSocket;
  const echoed = new Promise((resolve) => socket.addEventListener("message", ({ data }) => resolve(data)));
  socket.accept();
  socket.send("hello");
  assert.equal(await echoed, "hello");
  socket.close();
});

test("without sources of webhooks nothing lies at /hooks", async () => {
  const answer = await rig.edge("edge1", "/hooks/anything", { method: "POST", body: "{}" });
  assert.deepEqual([answer.status, answer.code], [404, "NOT_ROUTED"]);
});
