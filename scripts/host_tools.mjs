// The workspace's programs that a build runs on this machine: the check of keystile.toml, and the generator of
// JavaScript for a compiled module.

import { existsSync } from "node:fs";

import { capture, Failed, quietly } from "./run.mjs";
import { root, target } from "./tools.mjs";

/** The profile of these programs, and of the workers of `npm start`. */
export const START = "start";

const program = (name) => target(START, process.platform === "win32" ? `${name}.exe` : name);

const BOTH = ["keystile-bindgen", "keystile-config"];

let compiled;
/** Compiles both in one call of cargo, once per process, since they share most dependencies. */
const compile = () => (compiled ??= compileBoth());

async function compileBoth() {
  const cargo = ["cargo", ["build", "--target-dir", target(), "--profile", START, "-p", "keystile-bindgen", "-p", "keystile-config"]];
  // Existing programs are updated silently, since that takes only a moment.
  if (BOTH.every((name) => existsSync(program(name)))) return capture(...cargo, { cwd: root });
  return quietly("Compiling the build's own tools", ...cargo, { cwd: root, usually: "1 minute" });
}

/** Checks a keystile.toml. Returns `workers`, a text for each, and `summary`, the facts that scripts need. */
export async function checkConfig(toml) {
  await compile();
  return JSON.parse(await capture(program("keystile-config"), [toml], { cwd: root }));
}

/** Checks KEYSTILE_SECRET and KEYSTILE_ROOT_KEY as the workers do. Resolves to the mistakes, a sentence each. */
export async function checkSecrets(secrets) {
  await compile();
  try {
    await capture(program("keystile-config"), ["--secrets"], { cwd: root, env: secrets });
    return [];
  } catch (error) {
    if (!(error instanceof Failed) || !error.output) throw error;
    return error.output.trim().split("\n");
  }
}

/** Writes the JavaScript that a compiled module needs, and the module, as `{name}.js` and `{name}_bg.wasm`. */
export async function bindgen(kind, module, directory, name) {
  await compile();
  await capture(program("keystile-bindgen"), [kind, module, directory, name], { cwd: root });
}
