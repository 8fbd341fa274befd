// Commands on a project, in this process or as one of it: what is written wrongly, JSON, and signals.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { inRoot } from "../../../scripts/tools.mjs";
import { commandLine, emptyDirectory } from "./command.mjs";

test("a port that is no number is wrong usage, an empty one too", async () => {
  for (const port of ["", " ", "x", "-1", "65536", "0x10", "1e3", "80.5"]) {
    const { code, err } = await commandLine()("dev", `--edge-port=${port}`);
    assert.deepEqual([code, err], [2, `--edge-port: ${port} isn't a whole number from 0 to 65535.\n`]);
  }
});

test("a worker that there isn't is wrong usage, wherever the command is run", async () => {
  for (const worker of ["nope", ""]) {
    const { code, err } = await commandLine()("logs", `--worker=${worker}`);
    assert.deepEqual([code, err], [2, `There is no worker "${worker}". There are: hooks, sender, limiter, edge, manage.\n`]);
  }
});

test("check --json is a line, whether the configuration is good, mistaken or lacking", async () => {
  const cwd = emptyDirectory();
  const run = commandLine({ cwd });
  const json = async () => {
    const { code, out, err } = await run("check", "--json");
    assert.equal((out + err).trim().split("\n").length, 1, out + err);
    return { exit: code, ...JSON.parse(out || err) };
  };
  const lacking = await json();
  assert.deepEqual([lacking.exit, lacking.code, lacking.message.startsWith("There is no keystile.toml")], [1, "FAILED", true]);
  await run("init", "--name", "Gate");
  const good = await json();
  assert.deepEqual([good.exit, good.ok], [0, true]);
  const file = path.join(cwd, "keystile.toml");
  writeFileSync(file, readFileSync(file, "utf8").replace('read = ["read"]', 'read = ["raed"]'));
  const wrong = await json();
  assert.deepEqual([wrong.exit, wrong.ok, wrong.mistakes.length], [1, false, 1]);
});

test("a signal ends wrangler and the runtime below it", { skip: process.platform !== "linux" && "processes are listed in /proc" }, async () => {
  const cwd = emptyDirectory();
  writeFileSync(path.join(cwd, "wrangler.json"), JSON.stringify({ name: "own", main: "worker.js", compatibility_date: "2026-11-01" }));
  writeFileSync(path.join(cwd, "worker.js"), 'export default { fetch: () => new Response("here") };\n');
  const program = `import(${JSON.stringify(inRoot("packages", "cli", "src", "main.mjs"))}).then(async ({ main }) => (process.exitCode = await main(process.argv.slice(1))))`;
  const words = ["wrangler", "--", "dev", "--ip", "127.0.0.1", "--port", "0", "--inspector-port", "0", "--show-interactive-dev-session=false"];
  for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"]) {
    // Leads a group of its own, in which all of its children are.
    const child = spawn(process.execPath, ["-e", program, "--", ...words], { cwd, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    const exit = once(child, "exit");
    try {
      let said = "";
      for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (said += text));
      for (const end = Date.now() + 60_000; !/Ready on/.test(said); await delay(100)) assert.ok(Date.now() < end, said);
      assert.ok(inGroup(child.pid).some((command) => command.includes("workerd")), inGroup(child.pid).join("\n"));
      child.kill(signal);
      await Promise.race([exit, delay(20_000)]);
      for (const end = Date.now() + 5_000; inGroup(child.pid).length > 0; await delay(100)) {
        assert.ok(Date.now() < end, `${signal} left ${inGroup(child.pid).join("\n")}`);
      }
    } finally {
      if (inGroup(child.pid).length > 0) process.kill(-child.pid, "SIGKILL");
    }
  }
});

/** The command lines of the processes of a group. */
function inGroup(group) {
  return readdirSync("/proc").filter((pid) => /^\d+$/.test(pid)).flatMap((pid) => {
    try {
      const [state, , of] = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" ");
      return Number(of) === group && state !== "Z" ? [readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")] : [];
    } catch {
      return []; // It has ended meanwhile.
    }
  });
}
