// Builds the npm package `keystile`: the engine of crates/wasm with its bindings, and the JavaScript of its `src`.

import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import { bindgen } from "./host_tools.mjs";
import { quietly, run } from "./run.mjs";
import { inRoot, root, target, wasmBuildEnv } from "./tools.mjs";
import { optimize } from "./wasm_opt.mjs";

const WASM = "wasm32-unknown-unknown";
const PACKAGE = inRoot("packages", "keystile");

/** Builds the package anew. */
export async function buildKeystile() {
  rmSync(path.join(PACKAGE, "dist"), { recursive: true, force: true });
  await buildWebhooks();
  await compileTypeScript(PACKAGE);
  for (const license of ["LICENSE-APACHE", "LICENSE-MIT"]) cpSync(inRoot(license), path.join(PACKAGE, license));
}

/** Builds `keystile/webhooks` alone, and returns its directory. */
export async function buildWebhooks() {
  const cargo = ["build", "-p", "keystile-wasm", "--profile", "npm", "--target", WASM, "--target-dir", target(), "--lib"];
  await quietly("Building the engine of keystile/webhooks", "cargo", cargo, { cwd: root, env: wasmBuildEnv(), usually: "1 minute" });
  const out = path.join(PACKAGE, "dist", "webhooks");
  rmSync(out, { recursive: true, force: true });
  await bindgen("web", target(WASM, "npm", "keystile_wasm.wasm"), out, "bindings");
  const module = path.join(out, "bindings_bg.wasm");
  await optimize(module, "-O3");
  writeFileSync(path.join(out, "inline_module.js"), inlined(readFileSync(module)));
  copyJavaScript(path.join(PACKAGE, "src"), path.join(PACKAGE, "dist"));
  return out;
}

/** Copies what is JavaScript already, and the types that are written by hand. */
function copyJavaScript(from, to) {
  for (const file of readdirSync(from, { recursive: true }).filter((file) => /\.(?:js|d\.ts)$/.test(file))) {
    mkdirSync(path.dirname(path.join(to, file)), { recursive: true });
    cpSync(path.join(from, file), path.join(to, file));
  }
}

/** Checks a package's types, and compiles its TypeScript to JavaScript and declarations. */
async function compileTypeScript(directory) {
  await run(process.execPath, [inRoot("node_modules", "typescript", "bin", "tsc"), "-p", directory], { cwd: root });
}

/** The module as code. It is base64, as every bundler and runtime takes it. */
const inlined = (module) => `// The module, for bundles.

const base64 = "${module.toString("base64")}";

export const module = () => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
`;
