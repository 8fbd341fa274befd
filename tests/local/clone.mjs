// `npm start` in a clone of its own, so that a developer's keys and secrets are left alone. The clone has this
// repository's files as they are, with what is not committed, and takes over what is built.

import { execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { inRoot, root, target } from "../../scripts/tools.mjs";

/** Always the same place, since cargo compiles anew for another. */
const CLONE = inRoot("build", "clone");
const BUILT = ["edge", "manage", "hooks", "limiter", "sender"].map((worker) => path.join("crates", worker, "build"));
const PAGES = ["www", ".www.stamp", "pages.json", "debugger"].map((part) => path.join("build", part));
const READY_SECONDS = 300;

/** Makes the clone, without a `.keystile`. Returns its directory. */
export function makeClone() {
  rmSync(CLONE, { recursive: true, force: true });
  const listed = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "-z"], { cwd: root, encoding: "utf8" });
  for (const file of [...listed.split("\0").filter(Boolean), ...BUILT, ...PAGES]) {
    if (!existsSync(inRoot(file))) continue;
    cpSync(inRoot(file), path.join(CLONE, file), { recursive: true, preserveTimestamps: true });
  }
  symlinkSync(inRoot("node_modules"), path.join(CLONE, "node_modules"), "junction");
  return CLONE;
}

/** Copies a file of the repository to another place in the clone. */
export function provide(from, to) {
  mkdirSync(path.dirname(path.join(CLONE, to)), { recursive: true });
  cpSync(inRoot(from), path.join(CLONE, to));
}

/** Starts `npm start` in the clone. */
export function npmStart(env = {}) {
  // Not by npm, so that a signal reaches the program itself; npm does no more than `exec` it.
  const child = spawn(process.execPath, [path.join(CLONE, "scripts", "start.mjs")], {
    cwd: CLONE,
    env: { ...process.env, CARGO_TARGET_DIR: target(), INIT_CWD: CLONE, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  const exit = new Promise((resolve) => child.on("exit", (code, signal) => resolve(code ?? signal)));
  let ended = false;
  exit.then(() => (ended = true));
  const says = async (pattern, { from = 0, seconds = READY_SECONDS } = {}) => {
    for (const end = Date.now() + seconds * 1000; Date.now() < end; await delay(50)) {
      const found = output.slice(from).match(pattern);
      if (found) return found;
      if (ended) break;
    }
    throw new Error(`npm start did not say ${pattern}:\n${output.slice(from)}`);
  };
  return {
    /** Waits until it prints this; returns the match. */
    says,
    /** All that it has printed, from a place on. */
    said: (from = 0) => output.slice(from),
    /** The place that `from` takes: the present end of its output. */
    now: () => output.length,
    /** Its exit code, or the signal that ended it. */
    exit,
    signal: (signal) => child.kill(signal),
    pid: child.pid,
  };
}
