// A project of the command line: the directory with keystile.toml, and `.keystile` in it for all that is generated.

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { checkSecrets } from "./configuration.mjs";
import { wrangler, wranglerEnv } from "./own_wrangler.mjs";
import { nearest } from "../upwards.mjs";
import { own } from "./place.mjs";

/** The option of each command on a project. */
export const CONFIG = { type: "string", value: "FILE", summary: "another file than keystile.toml" };

/**
 * The project of the current directory or of one above it, or of the named file: a place, with the `file` of its
 * configuration.
 */
export function projectOf({ config }, io) {
  const above = config === undefined ? nearest(io.cwd, "keystile.toml") : undefined;
  const file = path.resolve(above ?? io.cwd, config ?? "keystile.toml");
  const home = path.dirname(file);
  if (above !== undefined && above !== io.cwd) io.say(`The project is ${home}.`);
  const place = {
    home,
    own: ".keystile",
    file,
    start: "keystile dev",
    tool: "keystile wrangler --",
    say: io.say,
    checkSecrets,
    wrangler,
    wranglerEnv: () => wranglerEnv(own(place, "logs")),
  };
  return place;
}

/** Makes the directory for generated files, which git leaves out. */
export function prepare(place) {
  mkdirSync(own(place), { recursive: true });
  const ignored = own(place, ".gitignore");
  if (!existsSync(ignored)) writeFileSync(ignored, "*\n");
}
