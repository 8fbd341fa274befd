// The guide's check that a request came from the edge, on a request that the edge signed.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

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
  for (const target of ["/signed/a%20b?x=1&y=%2F", "/signed/a"]) {
    assert.equal((await rig.edge("edge1", target, { key: key.key })).status, 200);
    assert.ok(isFromKeystile(received, SECRET), target);
  }
  assert.ok(!isFromKeystile(received, "another secret"));
  assert.ok(!isFromKeystile(received, SECRET, Date.now() + 61_000));
  assert.ok(!isFromKeystile({ ...received, method: "POST" }, SECRET));
  assert.ok(!isFromKeystile({ ...received, url: "/base/signed/b" }, SECRET));
  for (const header of ["keystile-tenant", "keystile-key-id", "keystile-environment", "keystile-scopes"]) {
    assert.ok(!isFromKeystile({ ...received, headers: { ...received.headers, [header]: "other" } }, SECRET), header);
  }
  const { signature, "signature-input": input, ...unsigned } = received.headers;
  assert.ok(signature && input);
  assert.ok(!isFromKeystile({ ...received, headers: unsigned }, SECRET));
});
