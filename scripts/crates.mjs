// The workspace's crates and what they depend on.

import { execFileSync } from "node:child_process";
import path from "node:path";

import { root } from "./tools.mjs";

/**
 * The directories, from the repository's root, of a crate and of all crates of the workspace that it depends on, the
 * optional ones too.
 */
export function cratesOf(name) {
  const found = new Set([name]);
  for (const crate of found) for (const dependency of dependencies().get(crate).uses) found.add(dependency);
  return [...found].map((crate) => dependencies().get(crate).directory).sort();
}

let read;
/** Where each crate of the workspace is, and which others it uses. Cargo knows that without the network. */
function dependencies() {
  read ??= new Map(
    metadata().packages.map(({ name, manifest_path, dependencies }) => {
      const uses = dependencies.filter((each) => each.path && each.kind !== "dev").map((each) => each.name);
      return [name, { directory: path.relative(root, path.dirname(manifest_path)), uses }];
    }),
  );
  return read;
}

function metadata() {
  const args = ["metadata", "--no-deps", "--offline", "--format-version", "1"];
  return JSON.parse(execFileSync("cargo", args, { cwd: root, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 }));
}
