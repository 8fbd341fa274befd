// `npm run test:interop`: tests the engine, as WebAssembly, against the vendors' own packages. Those are many and
// large, and nothing else needs them. So they have their own package.json, and stay in the tool cache for all clones.

import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import path from "node:path";

import { buildPackage } from "./npm_package.mjs";
import { quietly, run } from "./run.mjs";
import { cache, inRoot, node22, root } from "./tools.mjs";

/**
 * Installs the vendors' packages, in the versions of the lock file, for the tests and for these places: from the cache,
 * or from npm.
 */
export async function installPackages(...places) {
  const from = inRoot("tests", "interop");
  const files = ["package.json", "package-lock.json"];
  const hash = createHash("sha256");
  for (const file of files) hash.update(readFileSync(path.join(from, file)));
  const directory = path.join(cache, `interop-${hash.digest("hex").slice(0, 16)}`);
  if (!existsSync(directory)) {
    const staging = `${directory}.${process.pid}`;
    try {
      mkdirSync(staging, { recursive: true });
      for (const file of files) cpSync(path.join(from, file), path.join(staging, file));
      const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=peer", "--legacy-peer-deps"];
      await quietly("Installing the vendors' packages, once", "npm", args, { cwd: staging, usually: "1 minute" });
      if (!existsSync(directory)) renameSync(staging, directory);
    } finally {
      rmSync(staging, { recursive: true, force: true });
    }
  }
  for (const place of [from, ...places]) link(path.join(directory, "node_modules"), path.join(place, "node_modules"));
}

function link(target, place) {
  const there = lstatSync(place, { throwIfNoEntry: false });
  if (there?.isSymbolicLink() && readlinkSync(place) === target) return;
  rmSync(place, { recursive: true, force: true });
  symlinkSync(target, place, "junction");
}

/** Runs the whole step. */
export async function interop() {
  await installPackages();
  const keystile = await buildPackage();
  await run(node22(), [inRoot("tests", "interop", "run.mjs"), keystile], { cwd: root });
}
