// Builds the engine of the page /debugger: crates/debugger as WebAssembly, and the worker of the browser that runs it.
// The page asks for ENGINE to learn whether it is there, and under which names.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

import { cratesOf } from "./crates.mjs";
import { bindgen, START } from "./host_tools.mjs";
import { quietly } from "./run.mjs";
import { inRoot, root, target, wasmBuildEnv } from "./tools.mjs";
import { optimize } from "./wasm_opt.mjs";

const CRATE = "keystile-debugger";
const WASM = "wasm32-unknown-unknown";
const OUT = inRoot("build", "debugger");
const STAMP = path.join(OUT, ".stamp");
const SOURCES = inRoot("www", "src", "debugger");
/** The files that the worker is made of, but for the engine. */
const WORKER = ["worker.ts", "messages.ts"];
/** Where the page finds the engine's files: `{ worker, module }`. */
const ENGINE = "debugger-engine.json";

/** The engine's files for the pages, as `{ from, to }`: none until it is built. */
export function debuggerAssets() {
  if (!existsSync(STAMP)) return [];
  const files = filesUnder(OUT).filter((file) => file !== path.basename(STAMP));
  return files.map((file) => ({ from: path.join(OUT, file), to: file }));
}

/** Builds the engine, unless it is there, and says whether it did. A release also serves `npm start`. */
export async function buildDebugger({ release = false } = {}) {
  const inputs = fingerprint();
  const made = existsSync(STAMP) ? readFileSync(STAMP, "utf8") : "";
  if (made === `release ${inputs}` || (!release && made === `start ${inputs}`)) return false;
  const profile = release ? "release" : START;
  const cargo = ["build", "--lib", "-p", CRATE, "--profile", profile, "--target", WASM, "--target-dir", target()];
  const usually = "20 seconds; the first time 1 minute";
  await quietly("Compiling the debugger to WebAssembly", "cargo", cargo, { cwd: root, env: wasmBuildEnv(), usually });
  const staging = inRoot("build", `.debugger.${process.pid}`);
  rmSync(staging, { recursive: true, force: true });
  try {
    const bindings = path.join(staging, "bindings");
    await bindgen("web", target(WASM, profile, "keystile_debugger.wasm"), bindings, "engine");
    const module = path.join(bindings, "engine_bg.wasm");
    if (release) await optimize(module, "-Oz");
    const files = path.join(staging, "files");
    mkdirSync(path.join(files, "assets"), { recursive: true });
    const place = (text, extension) => {
      const name = `assets/debugger-engine-${createHash("sha256").update(text).digest("hex").slice(0, 10)}.${extension}`;
      writeFileSync(path.join(files, name), text);
      return `/${name}`;
    };
    const names = { worker: place(await bundled(path.join(bindings, "engine.js")), "js"), module: place(readFileSync(module), "wasm") };
    writeFileSync(path.join(files, ENGINE), JSON.stringify(names));
    writeFileSync(path.join(files, path.basename(STAMP)), `${release ? "release" : "start"} ${inputs}`);
    rmSync(OUT, { recursive: true, force: true });
    mkdirSync(path.dirname(OUT), { recursive: true });
    renameSync(files, OUT);
    return true;
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** The worker with the bindings in it, as one file. */
async function bundled(bindings) {
  const esbuild = await import("esbuild");
  const engine = {
    name: "engine",
    setup: (build) => build.onResolve({ filter: /^keystile-debugger$/ }, () => ({ path: bindings })),
  };
  const { outputFiles } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: [path.join(SOURCES, "worker.ts")],
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    legalComments: "none",
    logLevel: "silent",
    write: false,
    plugins: [engine],
  });
  return outputFiles[0].contents;
}

/** A hash of all inputs, taken before the build, so that a change during the build is not missed. */
function fingerprint() {
  const crates = new Set([...cratesOf(CRATE), ...cratesOf("keystile-bindgen")]);
  const files = [
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain.toml",
    "package-lock.json",
    path.join(".cargo", "config.toml"),
    ...["debugger.mjs", "host_tools.mjs", "tools.mjs", "wasm_opt.mjs"].map((script) => path.join("scripts", script)),
    ...[...crates].flatMap((crate) => [path.join(crate, "Cargo.toml"), ...under(path.join(crate, "src"))]),
    ...WORKER.map((file) => path.relative(root, path.join(SOURCES, file))),
  ];
  const hash = createHash("sha256");
  for (const file of files) hash.update(`${file}\0`).update(readFileSync(inRoot(file))).update("\0");
  return hash.digest("hex");
}

const under = (directory) => filesUnder(inRoot(directory)).map((file) => path.join(directory, file));

function filesUnder(directory) {
  return readdirSync(directory, { recursive: true })
    .filter((file) => statSync(path.join(directory, file)).isFile())
    .sort();
}
