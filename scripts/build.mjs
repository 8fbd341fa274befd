// `npm run build [-- edge | manage | hooks | limiter | sender | config | pages]`: compiles keystile.toml into the module that the
// workers import, the crates into WebAssembly, and www into the pages that the management worker serves. Wrangler calls
// it before every bundle (`[build] command`), so it skips whatever is up to date.
//
//   --config PATH      another keystile.toml (or KEYSTILE_CONFIG)
//   --config-out PATH  the place for its module (or KEYSTILE_CONFIG_OUT)

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

import { cratesOf } from "./crates.mjs";
import { bindgen, checkConfig, START } from "./host_tools.mjs";
import { buildPages } from "./pages.mjs";
import { asProgram, Failed, quietly } from "./run.mjs";
import { setup } from "./setup.mjs";
import { inRoot, root, target, wasmBuildEnv } from "./tools.mjs";
import { trim } from "./trim.mjs";
import { optimize } from "./wasm_opt.mjs";

export const WORKERS = ["edge", "manage", "hooks", "limiter", "sender"];
const TARGETS = [...WORKERS, "config", "pages"];
const WASM = "wasm32-unknown-unknown";
/** The profile. `start` compiles fast and optimises little, for `npm start` alone; `release` is tested and deployed. */
const profile = () => (process.env.KEYSTILE_PROFILE === START ? START : "release");

// Wrangler starts builds of its own, from other directories. They use the same files.
for (const name of ["KEYSTILE_CONFIG", "KEYSTILE_CONFIG_OUT"]) {
  if (process.env[name]) process.env[name] = fromCaller(process.env[name]);
}

export async function build(targets = TARGETS, options = {}) {
  await buildConfig(options);
  await buildWorkers(WORKERS.filter((worker) => targets.includes(worker)));
  if (targets.includes("pages")) await buildPages({ release: profile() === "release" });
}

/**
 * Checks keystile.toml and ships it as a string for each worker, so that another configuration needs no compilation.
 * Returns the module's path.
 */
export async function buildConfig(options = {}) {
  return (await writeConfig(options)).module;
}

/** The same. Returns the `module`, whether it has `changed`, and the `summary` of the configuration. */
export async function writeConfig({ config, configOut } = {}) {
  const module = fromCaller(configOut) ?? process.env.KEYSTILE_CONFIG_OUT ?? inRoot("build", "keystile.config.js");
  const { workers, summary, warnings } = await checked(fromCaller(config) ?? configFile());
  // An export for each worker; each bundles its own alone.
  const exported = ([worker, part]) => `export const ${worker} = ${JSON.stringify(part)};\n`;
  const changed = writeIfChanged(module, Object.entries(workers).map(exported).join(""));
  if (changed) for (const warning of warnings) console.warn(`! ${warning}`);
  return { module, changed, summary };
}

/** The configuration in use: keystile.toml, unless KEYSTILE_CONFIG names another. */
export const configFile = () => process.env.KEYSTILE_CONFIG ?? inRoot("keystile.toml");

async function checked(toml) {
  try {
    return await checkConfig(path.relative(root, toml));
  } catch (error) {
    if (error instanceof Failed && error.output) throw new Failed(error.output.trim());
    throw error;
  }
}

/** Resolves a path. A relative one starts at the directory where npm was called. */
function fromCaller(given) {
  return given && path.resolve(process.env.INIT_CWD ?? process.cwd(), given);
}

function writeIfChanged(file, text) {
  if (existsSync(file) && readFileSync(file, "utf8") === text) return false;
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  return true;
}

/** Compiles these workers, unless they are up to date. */
export async function buildWorkers(workers) {
  const stale = workers
    .map((worker) => ({ worker, inputs: fingerprint(worker) }))
    .filter(({ worker, inputs }) => !isUpToDate(worker, inputs));
  if (stale.length === 0) return;
  // A build for `npm start` is one call, which compiles as much as possible in parallel. A release compiles each worker
  // alone, since the features that one enables in the core would otherwise be in the others, too.
  const together = profile() === START ? [stale] : stale.map((each) => [each]);
  for (const group of together) {
    const names = group.map(({ worker }) => worker);
    await quietly(`Compiling ${names.join(", ")} to WebAssembly`, "cargo", compilation(names), {
      cwd: root,
      env: wasmBuildEnv(),
      usually: "20 seconds; the first time 1 to 2 minutes",
    });
    for (const { worker, inputs } of group) await finish(worker, inputs);
  }
}

const compilation = (workers) => [
  ...["build", "--lib", "--profile", profile(), "--target", WASM, "--target-dir", target()],
  ...workers.flatMap((worker) => ["-p", `keystile-${worker}`]),
];

/**
 * Makes the bindings beside the module in a directory of their own, and moves them into place when they are complete.
 */
async function finish(worker, inputs) {
  const staging = inRoot("build", `.${worker}.${process.pid}`);
  rmSync(staging, { recursive: true, force: true });
  try {
    await bindgen("worker", target(WASM, profile(), `keystile_${worker}.wasm`), staging, "index");
    if (profile() === "release") {
      await trim(path.join(staging, "index.js"), path.join(staging, "index_bg.wasm"));
      await optimize(path.join(staging, "index_bg.wasm"), "-Oz");
    }
    writeFileSync(path.join(staging, STAMP), stamp(profile(), inputs));
    replace(worker, inputs, staging);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** Replaces the output. Another process may do the same, or have made a release of the same inputs meanwhile. */
function replace(worker, inputs, staging) {
  const output = outputOf(worker);
  while (!isUpToDate(worker, inputs)) {
    rmSync(output, { recursive: true, force: true });
    try {
      renameSync(staging, output);
    } catch (error) {
      if (!["ENOTEMPTY", "EEXIST"].includes(error.code)) throw error;
    }
  }
}

const STAMP = ".keystile-stamp";
const outputOf = (worker) => inRoot("crates", worker, "build");
const stamp = (made, inputs) => `${made} ${inputs}`;

/** Whether the output is up to date. A release build also serves `npm start`. */
function isUpToDate(worker, inputs) {
  const inOutput = (file) => path.join(outputOf(worker), file);
  if (![STAMP, "index.js", "index_bg.wasm"].every((file) => existsSync(inOutput(file)))) return false;
  const made = readFileSync(inOutput(STAMP), "utf8");
  return [profile(), "release"].some((each) => made === stamp(each, inputs));
}

/** A hash of all inputs, taken before the build, so that a change during the build is not missed. */
function fingerprint(worker) {
  const crates = new Set([...cratesOf(`keystile-${worker}`), ...cratesOf("keystile-bindgen")]);
  const files = [
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain.toml",
    "package-lock.json",
    path.join(".cargo", "config.toml"),
    ...["build.mjs", "host_tools.mjs", "tools.mjs", "trim.mjs", "wasm_opt.mjs"].map((script) => path.join("scripts", script)),
    ...(worker === "manage" ? [path.join("docs", "reference", "openapi.json")] : []),
    ...[...crates].flatMap((crate) => [path.join(crate, "Cargo.toml"), ...filesUnder(path.join(crate, "src"))]),
  ];
  const hash = createHash("sha256");
  for (const file of files) {
    hash.update(`${file}\0`).update(readFileSync(inRoot(file))).update("\0");
  }
  return hash.digest("hex");
}

function filesUnder(directory) {
  return readdirSync(inRoot(directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(path.relative(root, entry.parentPath ?? entry.path), entry.name))
    .sort();
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await asProgram(async () => {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { config: { type: "string" }, "config-out": { type: "string" } },
    });
    const targets = positionals.length === 0 || positionals.includes("all") ? undefined : positionals;
    for (const target of targets ?? []) {
      if (!TARGETS.includes(target)) throw new Failed(`Build what? ${TARGETS.join(", ")} or all, not "${target}".`);
    }
    // A build that wrangler starts. `npm start` has set everything up, and builds the configuration itself: a mistake
    // in it must not stop the workers.
    if (profile() === START) return buildWorkers(WORKERS.filter((worker) => targets?.includes(worker)));
    await setup();
    await build(targets, { config: values.config, configOut: values["config-out"] });
  });
}
