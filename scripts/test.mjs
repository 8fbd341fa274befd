// `npm test`: everything that must hold before a commit lands, the cheapest checks first. Stops at the first step that
// fails.
//
//   npm test -- clippy e2e    only these steps (setup always)

import { readdirSync, rmSync } from "node:fs";
import path from "node:path";

import { build } from "./build.mjs";
import { checkBudget } from "./budget.mjs";
import { chromium } from "./chromium.mjs";
import { checkCoverage } from "./coverage.mjs";
import { fuzz } from "./fuzz.mjs";
import { checkImports } from "./imports.mjs";
import { interop } from "./interop.mjs";
import { setupMono } from "./mono.mjs";
import { installOnce } from "./packages.mjs";
import { buildPackages } from "./packages_build.mjs";
import { checkPages } from "./pages.mjs";
import { asProgram, Failed, run } from "./run.mjs";
import { setup, setupCargoDeny, setupFastapi, setupSchemathesis, setupWasmTests } from "./setup.mjs";
import { cargoDeny, inRoot, node22, root, schemathesis, wasmTestRunner, wranglerEnv } from "./tools.mjs";

const WASM = "wasm32-unknown-unknown";
/** The features that only some crates enable, so that all code is checked. */
const FEATURES = "keystile-core/webhooks,keystile-core/events,keystile-webhook/registry,keystile-webhook/ed25519,keystile-webhook/p256,keystile-webhook/p521,keystile-webhook/rsa,keystile-webhook/explain";

const steps = {
  setup: ["Setup", setup],
  imports: ["Which file imports which", checkImports],
  fmt: ["Formatting", () => cargo("fmt", "--all", "--check")],
  links: ["Links between the documents", links],
  deny: ["Licenses and sources of the crates", deny],
  clippy: ["Clippy", clippy],
  www: ["Types and rules of the pages", checkPages],
  native: ["Tests, native", () => cargo("test", "--workspace", "--features", FEATURES)],
  wasm: ["Tests of core and webhook, as WebAssembly", wasmTests],
  fuzz: ["Fuzzing, a little", () => fuzz(undefined, 5)],
  doc: ["Documentation", documentation],
  build: ["Build", () => build()],
  budget: ["Size and startup", checkBudget],
  e2e: ["End to end", allEndToEnd],
  upstreams: ["Express and FastAPI behind the edge", upstreams],
  pages: ["The pages, in a browser", () => inBrowser(path.join("tests", "pages"), { atOnce: 2 })],
  local: ["`npm start`, and SIGKILL amid changes", () => endToEnd(path.join("tests", "local"))],
  documents: ["Commands of the documents", () => endToEnd(path.join("tests", "documents"))],
  systems: ["The five products of examples/", products],
  coverage: ["Every documented answer was seen", checkCoverage],
  contract: ["The API's document, by schemathesis", contract],
  packages: ["The npm packages", npmPackages],
  interop: ["The vendors' own packages", interop],
  deploy: ["Deploy, dry run", () => run(process.execPath, [inRoot("scripts", "deploy.mjs"), "--dry-run"], { cwd: root })],
};

/**
 * Checks relative links and anchors of every *.md. It works offline, so links to the web are not followed. A symlink is
 * left out: its links are those of the page that it points to.
 */
function links() {
  const remark = inRoot("node_modules", "remark-cli", "cli.js");
  const options = ["--frail", "--quiet", "--no-stdout", "--use", "remark-validate-links=repository:false"];
  return run(process.execPath, [remark, ".", ...options, ...["target", "build", "release", "crates/webhook/schemes.md"].flatMap((each) => ["--ignore-pattern", each])], { cwd: root });
}

/** The crates of the workspace and of the fuzz targets, by deny.toml. */
async function deny() {
  await setupCargoDeny();
  const check = ["check", "--allow", "unmatched-skip", "licenses", "bans", "sources"];
  for (const manifest of [inRoot("Cargo.toml"), inRoot("fuzz", "Cargo.toml")]) {
    const args = ["--locked", "--manifest-path", manifest, "--config", inRoot("deny.toml"), ...check];
    await run(cargoDeny().program, args, { cwd: root });
  }
}

async function clippy() {
  await cargo("clippy", "--workspace", "--all-targets", "--features", FEATURES, "--", "-D", "warnings");
  await cargo("clippy", "--workspace", "--exclude", "keystile-bindgen", "--target", WASM, "--lib", "--bins", "--", "-D", "warnings");
}

/**
 * Builds the documentation, including private items: the workers' modules are private, and their readers work on them.
 */
async function documentation() {
  const flags = { RUSTDOCFLAGS: "-D warnings -A rustdoc::private_intra_doc_links" };
  await cargo("doc", "--workspace", "--no-deps", "--document-private-items", flags);
}

/** Runs the same tests on the platform of the workers: another word size, the SIMD hash. */
async function wasmTests() {
  await setupWasmTests();
  await cargo("test", "-p", "keystile-core", "-p", "keystile-webhook", "--target", WASM, "--features", FEATURES, {
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER: wasmTestRunner().program,
  });
}

/** Runs all end-to-end tests and records anew which answers of the API they see. */
async function allEndToEnd() {
  rmSync(inRoot("build", "contract"), { recursive: true, force: true });
  await endToEnd(path.join("tests", "e2e"));
}

/** Runs the frameworks, unchanged, behind the real edge. */
async function upstreams() {
  await installOnce("Express", inRoot("tests", "upstreams"));
  await setupFastapi();
  await endToEnd(path.join("tests", "upstreams"));
}

/** Makes requests from docs/reference/openapi.json to the real worker. */
async function contract() {
  await setupSchemathesis();
  const { python, program } = schemathesis();
  await run(node22(), [inRoot("tests", "contract", "run.mjs"), python, program], { cwd: root, env: wranglerEnv() });
}

/** Tests the packages that would be published. */
async function npmPackages() {
  await installOnce("Deno and Bun", inRoot("tests", "packages", "runtimes"));
  await buildPackages();
  await endToEnd(path.join("tests", "packages"));
}

/**
 * Tests the real workers in the real runtime, one file after the other, since each starts a stack of its own. Those that
 * wait for a browser most of the time run two at once.
 */
async function endToEnd(directory, { reporters = [], atOnce = 1 } = {}) {
  const isTest = (file) => file.endsWith(".test.mjs") && !file.includes("node_modules");
  const files = readdirSync(inRoot(directory), { recursive: true }).filter(isTest);
  const runner = ["--test", `--test-concurrency=${atOnce}`];
  for (const reporter of ["spec", ...reporters]) runner.push(`--test-reporter=${reporter}`, "--test-reporter-destination=stdout");
  // .keystile is the developer's own.
  const env = { ...wranglerEnv(), WRANGLER_LOG_PATH: inRoot("build", "logs") };
  await run(node22(), [...runner, ...files.sort().map((file) => path.join(directory, file))], { cwd: root, env });
}

/** The five products; C# is one of the languages that use a key. */
async function products() {
  await setupMono();
  await inBrowser(path.join("tests", "systems"), { reporters: ["./tests/systems/rows.mjs"] });
}

/** The same, with a browser and its driver. The browser is found, or installed, before the tests' own time. */
async function inBrowser(directory, options) {
  await installOnce("the driver of the browser", inRoot("tests", "pages"));
  process.env.KEYSTILE_CHROMIUM = await chromium();
  await endToEnd(directory, options);
}

/** Runs `cargo` with these arguments. The last one may be the environment. */
function cargo(...args) {
  const env = typeof args.at(-1) === "object" ? args.pop() : {};
  return run("cargo", args, { cwd: root, env: { PATH: wranglerEnv().PATH, ...env } });
}

await asProgram(async () => {
  delete process.env.KEYSTILE_PROFILE; // // Only `npm start` sets this; a release is built here.
  const chosen = process.argv.slice(2);
  for (const name of chosen) {
    if (!steps[name]) throw new Failed(`No step "${name}". There are: ${Object.keys(steps).join(", ")}.`);
  }
  const names = Object.keys(steps).filter((name) => !chosen.length || name === "setup" || chosen.includes(name));
  const times = [];
  try {
    for (const name of names) {
      const [title, step] = steps[name];
      console.log(`\n━━ ${title} (${name})`);
      const started = Date.now();
      times.push([title, undefined]);
      await step();
      times.at(-1)[1] = (Date.now() - started) / 1000;
    }
  } finally {
    printTimes(times, names.length);
  }
});

function printTimes(times, wanted) {
  console.log("\n━━ Steps");
  for (const [title, seconds] of times) {
    console.log(`${title.padEnd(36)} ${seconds === undefined ? "  failed" : `${seconds.toFixed(1).padStart(6)} s`}`);
  }
  const done = times.filter(([, seconds]) => seconds !== undefined).length;
  console.log(`\n${done} of ${wanted} steps done.`);
}
