// Packages of npm that only one part of the repository needs: each such part has
// a package.json and a lock of its own. They stay in the tool cache, for all clones.

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

import { quietly } from "./run.mjs";
import { cache } from "./tools.mjs";

/** The packages of the versions in the lock of `from`, for it and these places: from the cache, or npm. */
export async function installOnce(what, from, places = [], { usually } = {}) {
  const files = ["package.json", "package-lock.json"];
  const hash = createHash("sha256");
  for (const file of files) hash.update(readFileSync(path.join(from, file)));
  const directory = path.join(cache, `${path.basename(from)}-${hash.digest("hex").slice(0, 16)}`);
  if (!existsSync(directory)) {
    const staging = `${directory}.${process.pid}`;
    try {
      mkdirSync(staging, { recursive: true });
      for (const file of files) cpSync(path.join(from, file), path.join(staging, file));
      const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=peer", "--legacy-peer-deps"];
      await quietly(`Installing ${what}, once`, "npm", args, { cwd: staging, usually });
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
