// The examples in TypeScript hold by the package's types.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, test } from "node:test";

import { inRoot } from "../../../scripts/tools.mjs";
import { install } from "./example.mjs";

const installed = [];
after(() => installed.forEach((example) => example.remove()));

for (const name of ["typescript-worker", "hono-api", "next-handler"]) {
  test(name, () => {
    const example = install(name);
    installed.push(example);
    const types = ["--types", "node", "--typeRoots", inRoot("node_modules", "@types")];
    const compiler = inRoot("node_modules", "typescript", "bin", "tsc");
    const { status, stdout } = spawnSync(process.execPath, [compiler, "-p", example.directory, "--noEmit", ...types], { encoding: "utf8" });
    assert.equal(status, 0, stdout);
  });
}
