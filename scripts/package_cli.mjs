// Fills `dist` of the package `@keystile/cli`: the workers as they are deployed, each with the template of its wrangler
// file; the pages; the configuration's check as WebAssembly; the API's document; and the command line in one file.

import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import { build, WORKERS } from "./build.mjs";
import { bindgen } from "./host_tools.mjs";
import { CONFIGS } from "./place.mjs";
import { Failed, quietly } from "./run.mjs";
import { inRoot, root, target, wasmBuildEnv } from "./tools.mjs";
import { optimize } from "./wasm_opt.mjs";

const WASM = "wasm32-unknown-unknown";
/** The workers that only a developer's machine has, by their directories in `dev`. */
const BESIDE = ["front", "upstream"];
/** The settings of a wrangler file that concern the build in this repository. */
const OF_THE_BUILD = ["build", "alias", "minify", "keep_names", "dependencies_instrumentation"];
/** Rules for code that is uploaded as it is. */
const AS_IT_IS = {
  main: "worker.js",
  no_bundle: true,
  find_additional_modules: true,
  rules: [
    { type: "ESModule", globs: ["*.js"], fallthrough: false },
    { type: "CompiledWasm", globs: ["*.wasm"], fallthrough: false },
  ],
};

export async function buildCli(directory) {
  await build([...WORKERS, "pages"]);
  // Made beside it and moved into place when complete.
  const staging = `${directory}/.dist.${process.pid}`;
  rmSync(staging, { recursive: true, force: true });
  try {
    for (const worker of [...WORKERS, ...BESIDE]) await buildWorker(worker, path.join(staging, "workers", worker));
    await buildCheck(path.join(staging, "check"));
    cpSync(inRoot("build", "www"), path.join(staging, "pages"), { recursive: true });
    cpSync(inRoot("docs", "reference", "openapi.json"), path.join(staging, "openapi.json"));
    await bundleCommandLine(directory, staging);
    for (const license of ["LICENSE-APACHE", "LICENSE-MIT"]) cpSync(inRoot(license), path.join(directory, license));
    rmSync(path.join(directory, "dist"), { recursive: true, force: true });
    renameSync(staging, path.join(directory, "dist"));
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

async function buildWorker(worker, directory) {
  mkdirSync(directory, { recursive: true });
  const entry = BESIDE.includes(worker) ? inRoot("dev", worker, "worker.js") : inRoot("crates", worker, "entry.js");
  await esbuild({
    entryPoints: [entry],
    outfile: path.join(directory, "worker.js"),
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*"],
    minify: true,
    plugins: [besideTheWorker(directory)],
  });
  const template = { ...(await wranglerFile(CONFIGS[worker])), ...AS_IT_IS };
  for (const setting of OF_THE_BUILD) delete template[setting];
  writeFileSync(path.join(directory, "wrangler.json"), `${JSON.stringify(template, null, 2)}\n`);
}

/** The module of the configuration is written by the command line, and the compiled code is uploaded as a file. */
const besideTheWorker = (directory) => ({
  name: "beside-the-worker",
  setup(build) {
    build.onResolve({ filter: /^keystile-config$/ }, () => ({ path: "./keystile-config.js", external: true }));
    build.onResolve({ filter: /\.wasm$/ }, ({ path: module, resolveDir }) => {
      cpSync(path.join(resolveDir, module), path.join(directory, path.basename(module)));
      return { path: `./${path.basename(module)}`, external: true };
    });
  },
});

async function wranglerFile(file) {
  const { experimental_readRawConfig: read } = await import("wrangler");
  return read({ config: file }).rawConfig;
}

async function buildCheck(directory) {
  const cargo = ["build", "--lib", "-p", "keystile-check", "--profile", "release", "--target", WASM];
  const options = { cwd: root, env: wasmBuildEnv(), usually: "30 seconds" };
  const title = "Compiling the configuration's check to WebAssembly";
  await quietly(title, "cargo", [...cargo, "--target-dir", target()], options);
  await bindgen("web", target(WASM, "release", "keystile_check.wasm"), directory, "check");
  await optimize(path.join(directory, "check_bg.wasm"), "-Oz");
}

function bundleCommandLine(directory, staging) {
  return esbuild({
    entryPoints: [path.join(directory, "src", "main.mjs")],
    outfile: path.join(staging, "main.mjs"),
    platform: "node",
    target: "node22.12",
    external: ["wrangler"],
  });
}

async function esbuild(options) {
  const { build, formatMessages } = await import("esbuild");
  try {
    await build({ absWorkingDir: root, bundle: true, format: "esm", legalComments: "none", logLevel: "silent", ...options });
  } catch (error) {
    if (!error.errors) throw error;
    throw new Failed((await formatMessages(error.errors, { kind: "error" })).join("\n"));
  }
}
