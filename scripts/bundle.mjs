// Bundles a worker like `wrangler deploy`, without an account: for its size, for the dry run, and for the tests. The
// tests run these bundles (`prebuiltWorkerDir` of wrangler's createTestHarness), each with its own keystile.toml if
// needed.

import { rmSync } from "node:fs";

import { buildConfig } from "./build.mjs";
import { buildPages } from "./pages.mjs";
import { capture } from "./run.mjs";
import { inRoot, root, wrangler, wranglerEnv } from "./tools.mjs";

export const EDGE = { name: "keystile-edge", config: "wrangler.toml" };
export const MANAGE = { name: "keystile-manage", config: "crates/manage/wrangler.toml" };
export const HOOKS = { name: "keystile-hooks", config: "crates/hooks/wrangler.toml" };
export const LIMITER = { name: "keystile-limiter", config: "crates/limiter/wrangler.toml" };
export const SENDER = { name: "keystile-sender", config: "crates/sender/wrangler.toml" };
export const UPSTREAM = { name: "keystile-demo-upstream", config: "dev/upstream/wrangler.toml" };

/**
 * Bundles a worker and returns the directory, build/deploy/{name} unless given.
 * With `toml`, that configuration instead of keystile.toml: no Rust is compiled for it.
 * A `main` of the worker goes before its configuration's.
 */
export async function bundle({ name, config, main }, { toml, directory = inRoot("build", "deploy", name) } = {}) {
  rmSync(directory, { recursive: true, force: true });
  // Wrangler wants the pages to be there, whatever is done with the bundle.
  if (name === MANAGE.name) await buildPages({ release: true });
  const alias = [];
  if (toml) {
    const module = await buildConfig({ config: toml, configOut: `${directory}.config.js` });
    alias.push("--alias", `keystile-config:${module}`);
  }
  await dryRun(config, ...(main ? [main] : []), "--outdir", directory, ...alias);
  return directory;
}

/** Bundles a worker as one file, in the form of the upload itself, for `wrangler check startup`. */
export async function bundleFile({ config }, file) {
  await dryRun(config, `--outfile=${file}`);
  return file;
}

const dryRun = (config, ...args) =>
  capture(...wrangler("deploy", "--dry-run", "-c", inRoot(config), ...args), { cwd: root, env: wranglerEnv() });
