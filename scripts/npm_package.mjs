// Builds the npm package `keystile` of crates/wasm: the engine as WebAssembly, its bindings, and the JavaScript around
// them.

import { cpSync, rmSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { bindgen } from "./host_tools.mjs";
import { asProgram, quietly } from "./run.mjs";
import { inRoot, root, target } from "./tools.mjs";
import { optimize } from "./wasm_opt.mjs";

const WASM = "wasm32-unknown-unknown";

/** Builds the package and returns its directory. */
export async function buildPackage() {
  const cargo = ["build", "-p", "keystile-wasm", "--profile", "npm", "--target", WASM, "--target-dir", target(), "--lib"];
  await quietly("Building the npm package", "cargo", cargo, { cwd: root, usually: "1 minute" });
  const out = inRoot("crates", "wasm", "build", "keystile");
  rmSync(out, { recursive: true, force: true });
  await bindgen("web", target(WASM, "npm", "keystile_wasm.wasm"), out, "bindings");
  await optimize(path.join(out, "bindings_bg.wasm"), "-O3");
  cpSync(inRoot("crates", "wasm", "js"), out, { recursive: true });
  return out;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await asProgram(async () => console.log(await buildPackage()));
}
