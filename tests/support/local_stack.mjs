// The stack of `npm start` in a directory of its own, with a configuration of the test's, on free ports. The workers
// are those that were last built.

import { once } from "node:events";
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { localSecrets } from "../../packages/cli/src/project/local_secrets.mjs";
import { startStack } from "../../packages/cli/src/project/stack.mjs";
import { writeConfig } from "../../scripts/build.mjs";
import { CONFIGS, place as clone } from "../../scripts/place.mjs";
import { inRoot } from "../../scripts/tools.mjs";

/** An empty directory: the stack's, and the working directory of commands. */
export const emptyHome = (name = "documents") => mkdtempSync(path.join(tmpdir(), `keystile-${name}-`));

/**
 * Starts the stack in `home` with this keystile.toml; returns its addresses and how to stop it. `secrets` are the names
 * of further secrets of the edge, whose values are in `.dev.vars` there.
 */
export async function startIn(home, toml, { secrets = [] } = {}) {
  const { start, summary } = await prepareIn(home, toml, secrets);
  const { stack, stop } = await start();
  const close = async () => {
    await stop();
    rmSync(home, { recursive: true, force: true });
  };
  return { stack, summary, close };
}

/**
 * Prepares `home` for a stack with this keystile.toml. `start` starts one, as often as asked, and returns its
 * addresses, how to `stop` it, and how to `kill` it outright; what it has stored stays.
 */
export async function prepareIn(home, toml, secrets = []) {
  writeFileSync(path.join(home, "keystile.toml"), toml);
  const module = path.join(home, "config.js");
  const { summary } = await writeConfig({ config: path.join(home, "keystile.toml"), configOut: module });
  const configs = { ...CONFIGS };
  for (const worker of ["edge", "manage", "hooks", "limiter", "sender"]) configs[worker] = copyOf(worker, home, module, secrets);
  const place = { ...clone, home };
  const { rootKey } = await localSecrets(place, configs, summary);
  return { summary, start: () => start({ place, configs, summary, rootKey }) };
}

async function start(options) {
  const file = path.join(options.place.home, "wrangler.log");
  const output = createWriteStream(file, { flags: "a" });
  await once(output, "open");
  const running = await startStack({ ...options, ports: { edge: 0, manage: 0, upstream: 0 }, output });
  const ended = async (end) => {
    end();
    await running.ended;
    output.close();
  };
  try {
    return { stack: await running.ready, stop: () => ended(running.stop), kill: () => ended(running.kill) };
  } catch (error) {
    running.stop();
    throw new Error(`${error.message}\n${readFileSync(file, "utf8")}`, { cause: error });
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
