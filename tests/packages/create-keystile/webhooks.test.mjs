// The template for webhooks alone: it runs, says what it is for, and its sender's delivery reaches the worker.

import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { installedCli } from "../cli/installed_cli.mjs";
import { project } from "../installed.mjs";

let cli;
let running;
before(() => {
  cli = installedCli();
  const create = project("create-keystile");
  const program = create.file("node_modules", "create-keystile", "bin", "create-keystile.js");
  execFileSync(process.execPath, [program, cli.file("hooks"), "--yes", "--template", "webhooks"], { stdio: "pipe" });
  create.remove();
});
after(async () => {
  running?.signal("SIGTERM");
  await running?.exit;
  cli.remove();
});

test("a delivery that the project's sender signs reaches the project's worker", async () => {
  const cwd = cli.file("hooks");
  const { send } = JSON.parse(cli.read("hooks/package.json")).scripts;
  const sent = () => promisify(execFile)(process.execPath, send.split(" ").slice(1), { cwd });
  await assert.rejects(sent(), (error) => error.code === 1 && /^Nothing runs here\. Start it first.*npm start\n$/.test(error.stderr));
  running = cli.start(["dev", "--edge-port", "0", "--manage-port", "0", "--upstream-port", "0"], { cwd });
  await running.says(/Ctrl-C stops everything/);
  assert.match(running.said.err, /^ {2}upstream  api\/wrangler\.toml +behind the edge$/m);
  assert.doesNotMatch(running.said.err, /Create a key/, "there are no scopes, so no key can be created");
  assert.match(running.said.err, /To send a delivery as its sender would:/);
  const { stdout } = await sent();
  assert.equal(stdout.trim(), "204");
  await running.says(/demo: \{"type":"lead\.created"\}/);
});
