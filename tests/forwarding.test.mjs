// What reaches an upstream, and what comes back from it.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { startRig } from "./rig.mjs";

let rig;
let upstream;
let received;
before(async () => {
  upstream = createServer((request, response) => {
    received = { method: request.method, url: request.url, headers: request.headers };
    response.end("ok");
  });
  await new Promise((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const url = `url = "http://127.0.0.1:${upstream.address().port}/base"`;
  rig = await startRig({ name: "forwarding", settings: { 'url = "http://127.0.0.1:1"': url }, edges: { edge1: {} } });
});
after(async () => {
  await rig.close();
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
    return `"${name}": ${value}`;
  });
  const base = [...lines, `"@signature-params": ${components}${parameters}`].join("\n");
  const expected = createHmac("sha256", "signing secret of the test upstream").update(base).digest("base64");
  assert.equal(headers.signature, `keystile=:${expected}:`);
  for (const covered of ["keystile-key-id", "keystile-tenant", "keystile-scopes", "keystile-environment"]) {
    assert.ok(components.includes(`"${covered}"`), covered);
  }
  const created = Number(/created=(\d+)/.exec(parameters)[1]);
  const expires = Number(/expires=(\d+)/.exec(parameters)[1]);
  assert.ok(Math.abs(created - Date.now() / 1000) < 5);
  assert.equal(expires - created, 60);
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
  assert.match((await get("cached")).headers.get("vary"), /X-Api-Key/);
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

test("an upstream that is not reached: 502, with the request's id", async () => {
  const key = await rig.create();
  const answer = await rig.edge("edge1", "/gone", { key: key.key });
  assert.equal(answer.status, 502, answer.text);
  assert.equal(answer.code, "UPSTREAM_UNREACHABLE");
  assert.equal(answer.body.request_id, answer.headers.get("keystile-request-id"));
});

test("a WebSocket goes through", async () => {
  const key = await rig.create();
  const response = await rig.server.getWorker("edge1").fetch("http://edge.example/api/leads", {
    headers: { Upgrade: "websocket", Authorization: `Bearer ${key.key}` },
  });
  assert.equal(response.status, 101);
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
