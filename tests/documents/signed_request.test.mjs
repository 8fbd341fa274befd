// The guide's check that a request came from the edge, on a request that the edge signed.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

import { inRoot } from "../../scripts/tools.mjs";
import { startRig } from "../support/rig.mjs";
import { blocksOf } from "./pages.mjs";

const SECRET = "signing secret of the test upstream";

let rig;
let upstream;
let received;
let isFromKeystile;
const directory = mkdtempSync(path.join(tmpdir(), "keystile-documents-"));

before(async () => {
  const [block] = blocksOf("docs/guide/guard-an-api.md").filter(({ lang }) => lang === "js");
  const file = path.join(directory, "documented.mjs");
  writeFileSync(file, block.text);
  ({ isFromKeystile } = await import(pathToFileURL(file)));

  upstream = createServer((request, response) => {
    received = { method: request.method, url: request.url, headers: request.headers };
    response.end("ok");
  });
  await new Promise((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const url = `url = "http://127.0.0.1:${upstream.address().port}/base"`;
  const settings = { 'url = "http://127.0.0.1:1"': url };
  rig = await startRig({ name: "signed-request", settings, edges: { edge1: {} } });
});
after(async () => {
  await rig?.close();
  await new Promise((resolve) => upstream.close(resolve));
  rmSync(directory, { recursive: true, force: true });
});

test("it accepts a request of the edge for a minute, and no other", async () => {
  const key = await rig.create();
  const judged = (changes, now) => isFromKeystile({ ...received, ...changes }, SECRET, "by-url", now);
  for (const target of ["/signed/a%20b?x=1&y=%2F", "/signed/a"]) {
    assert.equal((await rig.edge("edge1", target, { key: key.key })).status, 200);
    assert.ok(judged(), target);
    assert.ok(judged({ url: "/x", originalUrl: received.url }), "in a router");
    const { url, ...others } = received;
    assert.ok(isFromKeystile(new Request(`http://crm.example${url}`, others), SECRET, "by-url"), "by Fetch");
  }
  assert.ok(!isFromKeystile(received, "another secret", "by-url"));
  assert.ok(!isFromKeystile(received, SECRET, "another upstream"));
  assert.ok(!isFromKeystile(received, SECRET));
  assert.ok(!judged({}, Date.now() + 61_000));
  assert.ok(!judged({ method: "POST" }));
  assert.ok(!judged({ url: "/base/signed/b" }));
  const told = ["tenant", "key-id", "environment", "scopes", "upstream", "request-id", "anything"];
  for (const header of told.map((name) => `keystile-${name}`)) {
    assert.ok(!judged({ headers: { ...received.headers, [header]: "other" } }), header);
  }
  const { signature, "signature-input": input, ...unsigned } = received.headers;
  assert.ok(signature && input);
  assert.ok(!judged({ headers: unsigned }));
});

test("what was signed without the upstream's name is refused", () => {
  const headers = { ...received.headers };
  delete headers["keystile-upstream"];
  headers["signature-input"] = headers["signature-input"].replace(/ "keystile-upstream"/, "");
  const [, list, parameters] = /^keystile=\(([^)]*)\)(.*)$/.exec(headers["signature-input"]);
  const [path, query = ""] = received.url.split("?");
  const derived = { "@method": "GET", "@path": path, "@query": `?${query}` };
  const lines = [...list.matchAll(/"([^"]+)"/g)].map(([, name]) => `"${name}": ${derived[name] ?? headers[name]}`);
  const base = [...lines, `"@signature-params": (${list})${parameters}`].join("\n");
  headers.signature = `keystile=:${createHmac("sha256", SECRET).update(base).digest("base64")}:`;
  for (const upstream of ["by-url", undefined]) assert.ok(!isFromKeystile({ ...received, headers }, SECRET, upstream));
});

test("the npm package has the guide's check", async () => {
  const [block] = blocksOf("docs/guide/guard-an-api.md").filter(({ lang }) => lang === "js");
  const published = (file) => readFileSync(inRoot("packages", "keystile", file), "utf8");
  const { types, default: code } = JSON.parse(published("package.json")).exports["./upstream"];
  const source = (file) => published(file.replace("./dist/", "src/"));
  assert.equal(source(code), `${block.text}\n`);
  assert.match(source(types), /export function isFromKeystile\(/);
});
