// A project in a directory of its own, in which packages of this repository are installed as npm would install them.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { inRoot } from "../../scripts/tools.mjs";

/**
 * Makes such a project of these packages, by their directories in `packages`. Each is packed as it would be published.
 * Returns its `directory`, `file(...parts)` in it, and `remove()`.
 */
export function project(...packages) {
  const directory = mkdtempSync(path.join(tmpdir(), "keystile-project-"));
  for (const name of packages) {
    const packed = execFileSync("npm", ["pack", "--json", "--pack-destination", directory], {
      cwd: inRoot("packages", name),
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [{ name: published, filename }] = JSON.parse(packed);
    const installed = path.join(directory, "node_modules", published);
    mkdirSync(installed, { recursive: true });
    execFileSync("tar", ["-xzf", path.join(directory, filename), "--strip-components=1", "-C", installed]);
  }
  return {
    directory,
    file: (...parts) => path.join(directory, ...parts),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
