// Builds the npm package `keystile` of crates/wasm: the engine as WebAssembly, its bindings, and the JavaScript around
// them.

import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
  const module = path.join(out, "bindings_bg.wasm");
  await optimize(module, "-O3");
  writeFileSync(path.join(out, "inline_module.js"), inlined(readFileSync(module)));
  cpSync(inRoot("crates", "wasm", "js"), out, { recursive: true });
  return out;
}

/** The module as code. It is base64, as every bundler and runtime takes it. */
const inlined = (module) => `// The module, for bundles.

const base64 = "${module.toString("base64")}";

export const module = () => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
`;

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await asProgram(async () => console.log(await buildPackage()));
}
