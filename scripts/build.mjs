// `npm run build [-- edge | manage | hooks | config]`: keystile.toml into the module
// that the workers import, and the crates into WebAssembly. Wrangler calls it
// before every bundle (`[build] command`), so what is up to date is left alone.
//
//   --config PATH      another keystile.toml (or KEYSTILE_CONFIG)
//   --config-out PATH  where its module goes (or KEYSTILE_CONFIG_OUT)

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

import { asProgram, capture, Failed, quietly } from "./run.mjs";
import { setup } from "./setup.mjs";
import { buildEnv, inRoot, root, wasmBindgen, workerBuild } from "./tools.mjs";
import { optimize } from "./wasm_opt.mjs";

const WORKERS = ["edge", "manage", "hooks"];

// Wrangler starts builds of its own, from other directories: the same files for those.
for (const name of ["KEYSTILE_CONFIG", "KEYSTILE_CONFIG_OUT"]) {
  if (process.env[name]) process.env[name] = fromCaller(process.env[name]);
}

export async function build(targets = ["config", ...WORKERS], options = {}) {
  await buildConfig(options);
  for (const worker of WORKERS) {
    if (targets.includes(worker)) await buildWorker(worker);
  }
}

/**
 * Checks keystile.toml with the core's own type and ships it as a string, so
 * that another configuration needs no compilation.
 */
export async function buildConfig({ config, configOut } = {}) {
  const toml = fromCaller(config) ?? process.env.KEYSTILE_CONFIG ?? inRoot("keystile.toml");
  const module = fromCaller(configOut) ?? process.env.KEYSTILE_CONFIG_OUT ?? inRoot("build", "keystile.config.js");
  const checker = ["run", "-q", "-p", "keystile-core", "--features", "config-check", "--bin", "keystile-config", "--"];
  let blob;
  try {
    blob = await capture("cargo", [...checker, path.relative(root, toml)], { cwd: root });
  } catch (error) {
    if (error instanceof Failed && error.output) throw new Failed(error.output.trim());
    throw error;
  }
  // What the worker of webhooks alone reads comes last: no other bundles it.
  const [most] = blob.trim().split(".");
  writeIfChanged(module, `export default ${JSON.stringify(most)};\nexport const whole = ${JSON.stringify(blob.trim())};\n`);
  return module;
}

/** Where npm was called: a relative path means that to the one who typed it. */
function fromCaller(given) {
  return given && path.resolve(process.env.INIT_CWD ?? process.cwd(), given);
}

function writeIfChanged(file, text) {
  if (existsSync(file) && readFileSync(file, "utf8") === text) return;
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}

async function buildWorker(worker) {
  const output = inRoot("crates", worker, "build");
  const stamp = path.join(output, ".keystile-stamp");
  const inputs = fingerprint(worker);
  const whole = ["index.js", "index_bg.wasm"].every((file) => existsSync(path.join(output, file)));
  if (whole && existsSync(stamp) && readFileSync(stamp, "utf8") === inputs) return;
  await quietly(`Building crates/${worker}`, workerBuild().program, ["--release"], {
    cwd: inRoot("crates", worker),
    env: buildEnv(),
    usually: "10 seconds; the first time 1 to 2 minutes",
  });
  // worker-build keeps the names of functions, a seventh of what would be uploaded.
  await optimize(path.join(output, "index_bg.wasm"), "-Oz");
  writeFileSync(stamp, inputs);
}

/** A hash of everything that the output depends on, taken before the build: a change during it is not missed. */
function fingerprint(worker) {
  const crates = ["core", "runtime", worker].map((name) => path.join("crates", name));
  const files = [
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain.toml",
    "package-lock.json",
    path.join(".cargo", "config.toml"),
    path.join("scripts", "wasm_opt.mjs"),
    ...(worker === "manage" ? [path.join("docs", "openapi.json")] : []),
    ...crates.flatMap((crate) => [path.join(crate, "Cargo.toml"), ...filesUnder(path.join(crate, "src"))]),
  ];
  const hash = createHash("sha256");
  hash.update(`${workerBuild().version} ${wasmBindgen().version} ${process.env.RUSTFLAGS ?? ""}\0`);
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
      if (!["config", ...WORKERS].includes(target)) throw new Failed(`Build what? edge, manage, hooks, config or all, not "${target}".`);
    }
    await setup();
    await build(targets, { config: values.config, configOut: values["config-out"] });
  });
}
