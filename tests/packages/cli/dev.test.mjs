// `keystile dev` of the packed command line: a key's life, edits while it runs, ports, and its end.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, statSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { installedCli } from "./installed_cli.mjs";

const READY = /Ctrl-C stops everything/;
const FREE = ["--edge-port", "0", "--manage-port", "0", "--upstream-port", "0"];

let cli;
let running;
let key;
before(async () => {
  cli = installedCli();
  await cli.run(["init", "--name", "Gate"]);
});
after(async () => {
  running?.signal("SIGTERM");
  await running?.exit;
  cli.remove();
});

const start = (args = FREE) => (running = cli.start(["dev", ...args]));
const stack = () => JSON.parse(cli.read(".keystile/stack.json"));
const call = (path) => fetch(`${stack().edge}${path}`, { headers: { Authorization: `Bearer ${key.key}` } });
const manage = (path, body) =>
  fetch(`${stack().manage}/v1/tenants/acme/keys${path}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${stack().root_key}`, "Content-Type": "application/json", Prefer: "wait=5" },
    body: JSON.stringify(body),
  }).then((response) => response.json());

/** Asks again until the status is as wanted: the workers take a change over some seconds after it is said. */
async function until(status, ask) {
  let answer;
  for (const end = Date.now() + 30_000; Date.now() < end; await delay(200)) {
    answer = await ask().catch((error) => error);
    if (answer.status === status) return answer;
  }
  throw new Error(`not ${status} in 30 seconds; the last answer was ${answer.status ?? answer}\n${running.said.err}`);
}

test("it starts, and a key is created, used and revoked", async () => {
  start();
  await running.says(READY);
  assert.match(running.said.err, new RegExp(`^  upstream  ${stack().upstream} +the demo behind the edge$`, "m"));
  assert.doesNotMatch(running.said.err, /bindings:|ERROR/, "wrangler's tables are in the log alone");
  assert.equal(statSync(cli.file(".keystile", "stack.json")).mode & 0o777, 0o600);
  key = await manage("", { name: "first", scopes: ["read"] });
  assert.match(key.key, /^gate_live_/);
  const answer = await call("/api/orders");
  assert.equal(answer.status, 200);
  assert.equal((await answer.json()).headers["keystile-tenant"], "acme");
  const other = key;
  await manage(`/${key.id}/revoke`, { reason: "test" });
  assert.equal((await call("/api/orders")).status, 401);
  key = await manage("", { name: "second", scopes: ["read"] });
  assert.notEqual(key.id, other.id);
});

test("with allow_loopback an event reaches a receiver on this machine, signed with the endpoint's secret", async () => {
  const received = [];
  const server = http.createServer(async (request, response) => {
    const parts = await Array.fromAsync(request);
    received.push({ headers: request.headers, body: Buffer.concat(parts).toString() });
    response.end();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const good = cli.read("keystile.toml");
  try {
    const url = `http://127.0.0.1:${server.address().port}/events`;
    const create = () =>
      fetch(`${stack().manage}/v1/tenants/acme/event-endpoints`, {
        method: "POST",
        headers: { Authorization: `Bearer ${stack().root_key}`, "Content-Type": "application/json" },
        body: JSON.stringify({ url, types: ["key.created"] }),
      });
    assert.equal((await create()).status, 422, "it is for development alone");
    const from = running.said.err.length;
    cli.write("keystile.toml", `${good}\n[events]\nallow_loopback = true\n`);
    await running.says(/✓ keystile\.toml has changed; the workers take it over\./, from);
    const { secret } = await (await until(201, create)).json();
    const created = await manage("", { name: "told of", scopes: ["read"] });
    for (const end = Date.now() + 30_000; received.length === 0 && Date.now() < end; await delay(100));
    const [{ headers, body }] = received;
    const { type, data } = JSON.parse(body);
    assert.deepEqual([type, data.tenant, data.key.id], ["key.created", "acme", created.id]);
    const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
    const key = Buffer.from(secret.slice("whsec_".length), "base64");
    assert.equal(headers["webhook-signature"], `v1,${createHmac("sha256", key).update(signed).digest("base64")}`);
  } finally {
    const from = running.said.err.length;
    cli.write("keystile.toml", good);
    server.closeAllConnections();
    server.close();
    await running.says(/✓ keystile\.toml has changed/, from);
  }
});

test("the dashboard is served, and the API's document", async () => {
  const page = await fetch(stack().manage);
  assert.equal(page.status, 200);
  assert.match(page.headers.get("content-security-policy") ?? "", /default-src/, "by _headers");
  assert.equal((await fetch(`${stack().manage}/openapi.json`)).status, 200);
});

test("an edit of keystile.toml is taken over, and a mistake leaves the last good one", async () => {
  const good = cli.read("keystile.toml");
  let from = running.said.err.length;
  cli.write("keystile.toml", good.replace('"/api/*"', '"/v2/*"'));
  await running.says(/✓ keystile\.toml has changed; the workers take it over\./, from);
  await until(200, () => call("/v2/orders"));
  assert.equal((await call("/api/orders")).status, 404);
  from = running.said.err.length;
  cli.write("keystile.toml", good.replace('read = ["read"]', 'read = ["raed"]'));
  await running.says(/✗ keystile\.toml:\d+: routes\.0\.read\.0: no \[\[scopes\]\] defines "raed".*the last good configuration goes on\./, from);
  assert.equal((await call("/v2/orders")).status, 200);
  cli.write("keystile.toml", good);
  await until(200, () => call("/api/orders"));
});

test("an edit that refuses keys which were taken says how to go on taking them", async () => {
  const good = cli.read("keystile.toml");
  const imported = good.replace(/^prefix = .*$/m, (line) => `${line}\nallow_imported = ["sk_live_"]`);
  const edited = async (text, pattern) => {
    const from = running.said.err.length;
    cli.write("keystile.toml", text);
    await running.says(/✓ keystile\.toml has changed/, from);
    if (pattern) await running.says(pattern, from);
    await delay(300);
    if (!pattern) assert.doesNotMatch(running.said.err.slice(from), /^! /m);
  };
  await edited(imported);
  await edited(imported.replace('prefix = "gate"', 'prefix = "door"'), /^! Keys that begin with "gate" are refused from now on\. .* former_prefixes of \[keys\]\.$/m);
  await edited(imported.replace('prefix = "gate"', 'prefix = "gate"\nformer_prefixes = ["door"]'));
  await edited(good.replace('prefix = "gate"', 'prefix = "gate"\nformer_prefixes = ["door"]'), /^! Imported keys of the form "sk_live_" are refused from now on\. .* allow_imported of \[keys\]\.$/m);
  await edited(good, /"door"/);
  await until(200, () => call("/api/orders"));
});

test("a second one is refused while the first runs", async () => {
  const { code, err } = await cli.run(["dev", ...FREE]);
  assert.equal(code, 1);
  assert.match(err, new RegExp(`keystile dev already runs here, as process ${running.pid}\\.`));
});

test("after its end the next one has the keys", async () => {
  running.signal("SIGINT");
  assert.equal(await running.exit, 0, running.said.err);
  assert.ok(!existsSync(cli.file(".keystile", "stack.json")));
  start();
  await running.says(READY);
  await until(200, () => call("/api/orders"));
});

test("commands ask it from below, too, and after it was killed outright they ask nobody", async () => {
  mkdirSync(cli.file("api"), { recursive: true });
  const below = { cwd: cli.file("api") };
  const { code, out, err } = await cli.run(["keys", "list", "acme", "--json"], below);
  assert.equal(code, 0, err);
  assert.ok(out.split("\n").some((line) => line && JSON.parse(line).id === key.id));
  assert.match((await cli.run(["status"], { env: { KEYSTILE_KEY: stack().root_key } })).err, /^KEYSTILE_KEY is set, but no address\. keystile dev runs here/);
  running.signal("SIGKILL");
  await running.exit;
  const killed = await cli.run(["status"], below);
  assert.equal(killed.code, 1);
  assert.match(killed.err, /^keystile dev doesn't run any more here: it was killed, and left \.\.\/\.keystile\/stack\.json\./);
  start();
  await running.says(/Ending what a killed keystile dev left behind/);
  await running.says(READY);
  assert.equal((await cli.run(["status"])).code, 0);
});

test("a worker of the user's own runs along", async () => {
  running.signal("SIGTERM");
  await running.exit;
  cli.write("api/wrangler.jsonc", JSON.stringify({ name: "orders", main: "worker.js", compatibility_date: "2026-11-01" }));
  cli.write("api/worker.js", 'export default { fetch: () => new Response("from my own worker") };\n');
  const toml = cli.read("keystile.toml");
  cli.write("keystile.toml", toml.replace('"gate-demo-upstream"', '{ config = "api/wrangler.jsonc" }'));
  start();
  await running.says(READY);
  assert.match(running.said.err, /^ {2}upstream  api\/wrangler\.jsonc +behind the edge$/m);
  const answer = await until(200, () => call("/api/orders"));
  assert.equal(await answer.text(), "from my own worker");
  running.signal("SIGTERM");
  await running.exit;
  cli.write("keystile.toml", toml);
});

test("an API on this machine, by a copy of the configuration, has the same keys", async () => {
  const api = http.createServer((request, response) => response.end(`${request.headers["keystile-tenant"]} at my own API`));
  api.listen(0, "127.0.0.1");
  await once(api, "listening");
  try {
    const url = `url = "http://127.0.0.1:${api.address().port}"`;
    cli.write("local.toml", cli.read("keystile.toml").replace('service = "UPSTREAM"', url));
    start(["--config", "local.toml", ...FREE]);
    await running.says(READY);
    const answer = await until(200, () => call("/api/orders"));
    assert.equal(await answer.text(), "acme at my own API");
    running.signal("SIGTERM");
    await running.exit;
  } finally {
    api.close();
  }
});

test("a port that is named must be free; another is passed over", async () => {
  const taken = net.createServer();
  await new Promise((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const { port } = taken.address();
  try {
    const { code, err } = await cli.run(["dev", "--edge-port", String(port), "--manage-port", "0", "--upstream-port", "0"]);
    assert.equal(code, 1);
    assert.match(err, new RegExp(`The port ${port} can't be used \\(EADDRINUSE\\)\\. Name another, or leave it out`));
    assert.equal((await cli.run(["dev", "--edge-port", "x"])).code, 2);
  } finally {
    taken.close();
  }
});

test("lost secrets are refused before anything starts", async () => {
  cli.write(".dev.vars", "");
  const { code, err } = await cli.run(["dev", ...FREE]);
  assert.equal(code, 1);
  assert.match(err, /\.dev\.vars has no KEYSTILE_SECRET, and the keys in \.keystile\/state were made with the one that it had/);
});
