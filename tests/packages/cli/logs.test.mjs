// `keystile logs` of the packed command line, with a wrangler of the test's own that writes a line again and again: it
// ends, and its wranglers with it, when its reader goes or a signal comes.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

import { installedCli } from "./installed_cli.mjs";

const WRANGLER = `const { writeFileSync } = require("node:fs");
const worker = process.argv[3];
setInterval(() => console.log(JSON.stringify({ of: worker })), 50);
process.on("SIGTERM", () => {
  writeFileSync(\`ended-\${worker}\`, "");
  process.exit(143); // As wrangler's launcher does.
});
`;

let cli;
before(async () => {
  cli = installedCli();
  rmSync(cli.file("node_modules", "wrangler"));
  cli.write("node_modules/wrangler/package.json", JSON.stringify({ name: "wrangler", bin: { wrangler: "wrangler.js" } }));
  cli.write("node_modules/wrangler/wrangler.js", WRANGLER);
  await cli.run(["init", "--name", "Gate"]);
});
after(() => cli.remove());

const marks = ["edge", "manage"].map((worker) => `ended-gate-${worker}`);
beforeEach(() => marks.forEach((mark) => rmSync(cli.file(mark), { force: true })));
const ended = () => marks.filter((mark) => existsSync(cli.file(mark)));
const LOGS = ["logs", "--worker", "edge", "--worker", "manage"];

/** Runs it in bash, with this behind it. */
const inBash = (behind) => {
  const program = [process.execPath, cli.file("node_modules", "@keystile", "cli", "bin", "keystile.js"), ...LOGS];
  const script = `${program.map((word) => `'${word}'`).join(" ")} ${behind}`;
  return promisify(execFile)("bash", ["-c", script], { cwd: cli.directory });
};

test("a reader that goes ends it without a word", async () => {
  for (const json of ["", "--json"]) {
    const { stdout, stderr } = await inBash(`${json} | head -n 2 >/dev/null; echo \${PIPESTATUS[0]}`);
    assert.deepEqual([stdout, stderr], ["0\n", ""]);
    assert.deepEqual(ended(), marks);
    marks.forEach((mark) => rmSync(cli.file(mark)));
  }
});

test("a full disk ends it with exit code 1", async () => {
  await assert.rejects(inBash(">/dev/full"), { code: 1, stderr: "stdout can't be written: ENOSPC: no space left on device, write.\n" });
  assert.deepEqual(ended(), marks);
});

test("a signal ends its wranglers", async () => {
  for (const signal of ["SIGTERM", "SIGHUP"]) {
    const running = cli.start(LOGS);
    for (const worker of ["edge", "manage"]) while (!running.said.out.includes(worker)) await delay(50);
    running.signal(signal);
    assert.equal(await running.exit, 0, signal);
    assert.deepEqual(ended(), marks, signal);
    marks.forEach((mark) => rmSync(cli.file(mark)));
  }
});
