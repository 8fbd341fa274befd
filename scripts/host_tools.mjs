// The programs of this workspace that a build runs on this machine: the check of
// keystile.toml, and what makes JavaScript of a compiled module.

import { existsSync } from "node:fs";

import { capture, quietly } from "./run.mjs";
import { root, target } from "./tools.mjs";

/** The profile in which they, and the workers of `npm start`, are compiled. */
export const START = "start";

const program = (name) => target(START, process.platform === "win32" ? `${name}.exe` : name);

const BOTH = ["keystile-bindgen", "keystile-config"];

let compiled;
/** One call of cargo for both, once in a process: most of what they need is the same. */
const compile = () => (compiled ??= compileBoth());

async function compileBoth() {
  const cargo = ["cargo", ["build", "--target-dir", target(), "--profile", START, "-p", "keystile-bindgen", "-p", "keystile-config"]];
  // Programs that exist are brought up to date silently: that takes a moment.
  if (BOTH.every((name) => existsSync(program(name)))) return capture(...cargo, { cwd: root });
  return quietly("Compiling the build's own tools", ...cargo, { cwd: root, usually: "1 minute" });
}

/** Checks a keystile.toml and returns what the workers read of it. */
export async function checkConfig(toml) {
  await compile();
  return capture(program("keystile-config"), [toml], { cwd: root });
}

/** Writes the JavaScript that a compiled module needs, and the module, as `{name}.js` and `{name}_bg.wasm`. */
export async function bindgen(kind, module, directory, name) {
  await compile();
  await capture(program("keystile-bindgen"), [kind, module, directory, name], { cwd: root });
}
