// The directory to which a command belongs.

import assert from "node:assert/strict";
import { chownSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { nearest } from "../../../packages/cli/src/upwards.mjs";
import { commandLine, emptyDirectory } from "./command.mjs";

function tree() {
  const top = emptyDirectory();
  const below = path.join(top, "api", "src");
  mkdirSync(below, { recursive: true });
  return { top, below, put: (...parts) => writeFileSync(path.join(top, ...parts), "") };
}

test("it is the nearest that has the file", () => {
  const { top, below, put } = tree();
  assert.equal(nearest(below, "its.toml"), undefined);
  put("its.toml");
  assert.equal(nearest(below, "its.toml"), top);
  assert.equal(nearest(top, "its.toml"), top);
  put("api", "its.toml");
  assert.equal(nearest(below, "its.toml"), path.dirname(below));
});

test("somebody else's file above doesn't count", { skip: process.getuid?.() !== 0 && "only root gives files away" }, () => {
  const { top, below, put } = tree();
  put("its.toml");
  chownSync(path.join(top, "its.toml"), 12_345, 12_345);
  assert.equal(nearest(below, "its.toml"), undefined);
  assert.equal(nearest(top, "its.toml"), top, "in the present directory it is as it was");
});

test("a command on a project finds it from below, and says so", async () => {
  const { top, below } = tree();
  assert.equal((await commandLine({ cwd: top })("init", "--name", "Gate")).code, 0);
  const { code, err } = await commandLine({ cwd: below })("check");
  assert.deepEqual([code, err], [0, `The project is ${top}.\n✓ keystile.toml is good.\n`]);
  assert.equal((await commandLine({ cwd: below })("check", "--config", "keystile.toml")).code, 1, "a named file is where it is said to be");
});
