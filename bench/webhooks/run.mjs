// Verifying webhooks: Keystile's npm package against the vendors' own, and
// against WebCrypto, in Node and in Cloudflare's runtime.
//
//   node run.mjs DIRECTORY_OF_THE_PACKAGE

import { createHmac } from "node:crypto";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { createTestHarness } from "wrangler";

import { vendors, verifyOften } from "./subjects.mjs";

const [directory] = process.argv.slice(2);
const keystile = await import(pathToFileURL(path.resolve(directory, "node.js")));
const here = import.meta.dirname;

const ROUNDS = 9;
const MILLISECONDS = 50;
const SHORT = [256, 1024];
const LONG = [64 * 1024, 256 * 1024, 1024 * 1024];

const inNode = {
  name: "Node",
  tools: { createHmac, node: true },
  ask: (asked) => verifyOften(keystile, inNode.tools, asked),
};
const inWorkers = { name: "Workers", tools: { createHmac }, ask: undefined };

const config = {
  name: "webhooks",
  main: path.join(here, "worker.mjs"),
  compatibility_date: "2026-11-01",
  compatibility_flags: ["nodejs_compat"],
  alias: { keystile: path.resolve(directory, "workers.js") },
};
const server = createTestHarness({ root: here, workers: [{ config }] });
const { url } = await server.listen();
inWorkers.ask = async (asked) => {
  const response = await fetch(url, { method: "POST", body: JSON.stringify(asked) });
  if (response.status !== 200) throw new Error(await response.text());
  await response.arrayBuffer();
};

try {
  for (const runtime of [inWorkers, inNode]) await measure(runtime);
} finally {
  await server.close();
}

async function measure(runtime) {
  console.log(`\n${runtime.name}: microseconds for one delivery, median of ${ROUNDS} rounds\n`);
  console.log("| bytes | package | theirs | Keystile | times as fast |\n|---|---|---|---|---|");
  for (const size of SHORT) {
    let fastest = { theirs: Infinity };
    for (const [provider, [name]] of Object.entries(vendors(runtime.tools))) {
      const [theirs, ours] = await compare(runtime, ["theirs", "ours"], { provider, size });
      if (theirs < fastest.theirs) fastest = { name, theirs, ours };
      console.log(`| ${size} | ${name} | ${theirs.toFixed(1)} | ${ours.toFixed(1)} | ${(theirs / ours).toFixed(1)} |`);
    }
    const times = (fastest.theirs / fastest.ours).toFixed(1);
    console.log(`| ${size} | **the fastest of them**: ${fastest.name} | | | **${times}**, of 2.0 |`);
  }
  console.log("\n| bytes | WebCrypto | Keystile, `verifyAsync` | of WebCrypto's speed |\n|---|---|---|---|");
  for (const size of LONG) {
    const [platform, ours] = await compare(runtime, ["platform", "async"], { provider: "github", size });
    console.log(`| ${size} | ${platform.toFixed(1)} | ${ours.toFixed(1)} | ${(platform / ours).toFixed(2)}, of 0.90 |`);
  }
}

/** Microseconds for each, in turns, so that what else the machine does meets both. */
async function compare(runtime, whos, what) {
  const time = async (asked) => {
    const started = performance.now();
    await runtime.ask({ ...what, ...asked });
    return performance.now() - started;
  };
  const counts = [];
  for (const who of whos) {
    let count = 16;
    await time({ who, count });
    while ((await time({ who, count })) - (await time({ who: "nothing", count: 0 })) < MILLISECONDS) count *= 2;
    counts.push(count);
  }
  const measured = whos.map(() => []);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, who] of whos.entries()) {
      const nothing = await time({ who: "nothing", count: 0 });
      const all = await time({ who, count: counts[index] });
      measured[index].push(((all - nothing) / counts[index]) * 1000);
    }
  }
  return measured.map((times) => times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)]);
}
