// This package's own wrangler: the version that the workers are tested with, never another one of the machine.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { Failed } from "../failed.mjs";
import { DIST } from "./dist.mjs";

const require = createRequire(path.join(DIST, "main.mjs"));

function packageFile() {
  try {
    return require.resolve("wrangler/package.json");
  } catch {
    throw new Failed("wrangler, which this package needs, is not installed. Install the package again: npm install");
  }
}

/** The command line of wrangler with these arguments. */
export function wrangler(...args) {
  const file = packageFile();
  const { bin } = JSON.parse(readFileSync(file, "utf8"));
  return [process.execPath, [path.join(path.dirname(file), bin.wrangler), ...args]];
}

/** Its environment: no telemetry, no check for updates; logs go to `logs`. */
export const wranglerEnv = (logs) => ({
  PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env.PATH ?? ""}`,
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  WRANGLER_HIDE_BANNER: "true",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_LOG_PATH: logs,
});

/** The contents of a wrangler file in any of its formats. */
export async function readWranglerFile(file) {
  const { experimental_readRawConfig: read } = await import(pathToFileURL(require.resolve("wrangler")));
  try {
    return read({ config: file }).rawConfig;
  } catch (error) {
    throw new Failed(`${file} can't be read: ${error.message}`);
  }
}
