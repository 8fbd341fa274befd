// A page's commands, in order, in one session of bash.

import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";

import { greeting, PORTS } from "../../packages/cli/src/project/stack.mjs";
import { place } from "../../scripts/place.mjs";
import { root } from "../../scripts/tools.mjs";

const END = "── end of block";

/**
 * Runs the blocks against the stack in `home`; returns the output of each. Throws an
 * error that names the block if one of its commands fails. A block without a
 * documented `answer` also fails if a request of it is answered with an error.
 */
export async function runBlocks(blocks, { home, stack, summary }) {
  const script = [prelude(home, greeting(place, stack, summary)), ...blocks.map((block) => marked(block, stack))];
  const { code, stdout, stderr } = await bash(script.join("\n"), home);
  const outputs = documentedAddresses(stdout, stack).split(`\n${END}\n`);
  if (code !== 0) {
    const failed = blocks[outputs.length - 1];
    const printed = `${outputs.at(-1)}${stderr}`;
    throw new Error(`${failed.at}: a command failed (exit code ${code}).\n${failed.text}\n\n${printed}`);
  }
  return outputs;
}

/** `npm start` has been done, and its greeting is known; other scripts are the repository's. */
function prelude(home, greeting) {
  writeFileSync(path.join(home, "greeting"), greeting);
  return `set -euo pipefail
curl() { command curl \${EXPECT_SUCCESS:+--fail --show-error} "$@"; }
npm() {
  if [ "$1" = start ]; then cat greeting; else command npm --silent --prefix ${JSON.stringify(root)} "$@"; fi
}`;
}

const marked = ({ text, answer }, stack) => `EXPECT_SUCCESS=${answer ? "" : "yes"}
${addressed(text, stack)}
printf '\\n%s\\n' '${END}'`;

const addressed = (text, stack) => replaceAll(text, (worker) => [documented(worker), real(worker, stack)]);
const documentedAddresses = (text, stack) => replaceAll(text, (worker) => [real(worker, stack), documented(worker)]);
const documented = (worker) => `127.0.0.1:${PORTS[worker]}`;
const real = (worker, stack) => new URL(stack[worker]).host;

function replaceAll(text, pair) {
  return Object.keys(PORTS).reduce((so_far, worker) => so_far.replaceAll(...pair(worker)), text);
}

function bash(script, home) {
  return new Promise((resolve, reject) => {
    // Builds go beside the stack, not to the workers of the clone.
    const env = { ...process.env, KEYSTILE_CONFIG_OUT: path.join(home, "built.js") };
    const child = spawn("bash", ["-c", script], { cwd: home, env, stdio: ["ignore", "pipe", "pipe"] });
    const texts = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"]) {
      child[name].setEncoding("utf8").on("data", (text) => (texts[name] += text));
    }
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...texts }));
  });
}
