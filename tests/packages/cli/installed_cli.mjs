// The packed package `@keystile/cli` in an empty directory, with a HOME of its own, and no Rust on the PATH.

import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { inRoot } from "../../../scripts/tools.mjs";
import { project } from "../installed.mjs";

/** Installs it. `run` runs a command to its end, `start` one that goes on. */
export function installedCli() {
  const { directory, file, remove } = project("cli");
  // Its dependency, as npm would have installed it.
  symlinkSync(inRoot("node_modules", "wrangler"), file("node_modules", "wrangler"));
  const home = file(".home");
  mkdirSync(home);
  const bin = file("node_modules", "@keystile", "cli", "bin", "keystile.js");
  const environment = (env) => ({
    PATH: [path.dirname(process.execPath), "/usr/bin", "/bin"].join(path.delimiter),
    HOME: home,
    ...env,
  });

  function start(args, { env = {}, node = [], cwd = directory } = {}) {
    const child = spawn(process.execPath, [...node, bin, ...args], { cwd, env: environment(env), stdio: ["ignore", "pipe", "pipe"] });
    const said = { out: "", err: "" };
    child.stdout.setEncoding("utf8").on("data", (text) => (said.out += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (said.err += text));
    let ended = false;
    const exit = new Promise((resolve) => child.on("close", (code, signal) => resolve(code ?? signal)));
    exit.then(() => (ended = true));
    return {
      said,
      exit,
      pid: child.pid,
      signal: (signal) => child.kill(signal),
      /** Waits until it says this on stderr, from a place on. */
      async says(pattern, from = 0, seconds = 120) {
        for (const end = Date.now() + seconds * 1000; Date.now() < end; await delay(50)) {
          if (pattern.test(said.err.slice(from))) return;
          if (ended) break;
        }
        throw new Error(`it did not say ${pattern}:\n${said.out}${said.err}`);
      },
    };
  }

  async function run(args, options) {
    const { exit, said } = start(args, options);
    return { code: await exit, ...said };
  }

  return {
    directory,
    file,
    remove,
    start,
    run,
    write: (name, text) => (mkdirSync(path.dirname(file(name)), { recursive: true }), writeFileSync(file(name), text)),
    read: (name) => readFileSync(file(name), "utf8"),
  };
}

/** The number of the line in which a part of a text stands. */
export const lineOf = (text, part) => text.split(part)[0].split("\n").length;
