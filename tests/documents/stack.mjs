// The stack of `npm start` for the documents: in a directory of its own, with the
// configuration that the pages ask for, on free ports.

import { once } from "node:events";
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { buildConfig } from "../../scripts/build.mjs";
import { CONFIGS, startStack } from "../../scripts/stack.mjs";
import { inRoot } from "../../scripts/tools.mjs";

/** An empty directory: the stack's, and the working directory of the pages' commands. */
export const emptyHome = () => mkdtempSync(path.join(tmpdir(), "keystile-documents-"));

/**
 * Starts the stack in `home` with this keystile.toml; returns its addresses and how to stop it. `secrets` are the names
 * of further secrets of the edge, whose values are in `.dev.vars` there.
 */
export async function startIn(home, toml, { secrets = [] } = {}) {
  writeFileSync(path.join(home, "keystile.toml"), toml);
  const module = path.join(home, "config.js");
  await buildConfig({ config: path.join(home, "keystile.toml"), configOut: module });
  const log = createWriteStream(path.join(home, "wrangler.log"));
  await once(log, "open");
  const configs = { ...CONFIGS };
  for (const worker of ["edge", "manage", "hooks", "limiter"]) configs[worker] = copyOf(worker, home, module, secrets);
  const ports = { edge: 0, manage: 0, upstream: 0 };
  const { ready, ended, stop } = await startStack({ home, configs, ports, output: log });
  const close = async () => {
    stop();
    await ended;
    rmSync(home, { recursive: true, force: true });
  };
  try {
    return { stack: await ready, close };
  } catch (error) {
    stop();
    throw new Error(`${error.message}\n${readFileSync(path.join(home, "wrangler.log"), "utf8")}`, { cause: error });
  }
}

/**
 * A worker's wrangler file in `home`, where its secrets are: the worker as it was last
 * built, with the given configuration.
 */
function copyOf(worker, home, module, secrets) {
  const main = inRoot("crates", worker, "entry.js");
  const text = readFileSync(CONFIGS[worker], "utf8")
    .replace(/^main = .*/m, `main = ${JSON.stringify(main)}`)
    .replace(/^"keystile-config" = .*/m, `"keystile-config" = ${JSON.stringify(module)}`)
    .replace(/^required = \[/m, worker === "edge" ? `$&${secrets.map((name) => `"${name}", `).join("")}` : "$&")
    .replace(/^directory = .*/m, `directory = ${JSON.stringify(inRoot("build", "www"))}`)
    .replace(/^\[build\]\n(?:.+\n)*/m, "");
  const file = path.join(home, `${worker}.toml`);
  writeFileSync(file, text);
  return file;
}
