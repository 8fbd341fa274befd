// keystile.toml, read and checked by the same code as in the workers' build, as WebAssembly.

import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { Failed } from "../failed.mjs";
import { inDist } from "./dist.mjs";

let loaded;
/** The check, loaded once. */
const engine = () => (loaded ??= load());

async function load() {
  const file = inDist("check", "check.js");
  if (!existsSync(file)) throw new Failed(`${file} is missing: this package is not complete. Install it again.`);
  const bindings = await import(pathToFileURL(file));
  bindings.initSync({ module: readFileSync(inDist("check", "check_bg.wasm")) });
  return bindings;
}

/** A configuration that can't be used. `mistakes` are its lines, each with its place and what to write. */
export class Mistaken extends Failed {
  constructor(mistakes) {
    super(mistakes.join("\n"));
    this.mistakes = mistakes;
  }
}

/**
 * Reads and checks the file. Returns `workers`, a text for each; `summary`, the facts of it; `warnings`. Lines begin
 * with the file's path from `home`.
 */
export async function readConfiguration(file, home) {
  const shown = path.relative(home, file);
  if (!existsSync(file)) {
    throw new Failed(`There is no ${shown} in ${home}. Write one with: keystile init, or name yours with --config.`);
  }
  return checkText(readFileSync(file, "utf8"), shown);
}

/** Checks a text as the file that is `shown` so; returns the same. */
export async function checkText(text, shown) {
  const { check } = await engine();
  const read = JSON.parse(check(text));
  const placed = (lines) => lines.map((line) => `${shown}:${line}`);
  if (read.mistakes) throw new Mistaken(placed(read.mistakes));
  return { ...read, warnings: placed(read.warnings) };
}

/** The mistakes in these two secrets, as the workers would find them. */
export async function checkSecrets({ KEYSTILE_SECRET, KEYSTILE_ROOT_KEY }) {
  const { check_secrets } = await engine();
  return JSON.parse(check_secrets(KEYSTILE_SECRET ?? "", KEYSTILE_ROOT_KEY ?? ""));
}
