// `npm run deploy` refuses these before it builds or asks the account for anything.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";

import { inRoot } from "../../scripts/tools.mjs";

const directory = mkdtempSync(path.join(tmpdir(), "keystile-deploy-"));
after(() => rmSync(directory, { recursive: true, force: true }));

/** What a dry run prints about the demo's configuration with another upstream. */
function refused(upstream) {
  const toml = path.join(directory, "keystile.toml");
  writeFileSync(toml, readFileSync(inRoot("keystile.toml"), "utf8").replace('service = "UPSTREAM"', upstream));
  const env = { ...process.env, KEYSTILE_CONFIG: toml, KEYSTILE_CONFIG_OUT: path.join(directory, "config.js") };
  return new Promise((resolve) => {
    execFile(process.execPath, [inRoot("scripts", "deploy.mjs"), "--dry-run"], { env }, (error, stdout, stderr) => {
      assert.equal(error?.code, 1, stdout);
      assert.doesNotMatch(stdout, /Compiling edge|page:/);
      resolve(stderr);
    });
  });
}

test("an upstream on this machine", async () => {
  for (const url of ["http://127.0.0.1:3000", "http://localhost:3000/api", "https://localhost"]) {
    const said = await refused(`url = "${url}"`);
    assert.ok(said.includes(`The upstream "demo" is ${url}, which is this machine: Cloudflare can't reach it.`), said);
  }
});

test("a service binding that no worker is named for", async () => {
  const said = await refused('service = "ORDERS"');
  const sentence = "the service binding ORDERS, and [deploy.services] names no worker for it. Write there ORDERS = ";
  assert.ok(said.includes(sentence), said);
});
