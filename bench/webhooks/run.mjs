// Verifying webhooks: Keystile's npm package against the vendors' own, and
// against WebCrypto, in Node and in Cloudflare's runtime.
//
//   node run.mjs DIRECTORY_OF_THE_PACKAGE FILE_FOR_THE_FIGURES

import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { createTestHarness } from "wrangler";

import { median, ratio } from "../figures.mjs";
import { HMAC_ALONE, vendors, verifyOften } from "./subjects.mjs";

const [directory, file] = process.argv.slice(2);
const keystile = await import(pathToFileURL(path.resolve(directory, "node.js")));
const here = import.meta.dirname;

const ROUNDS = 21;
const MILLISECONDS = 50;
const SHORT = [256, 1024];
const LONG = [64 * 1024, 256 * 1024, 1024 * 1024];

const inNode = {
  name: "Node",
  budgets: { hmac: (size) => `webhook_hmac_node_${size}` },
  tools: { createHmac, node: true },
  ask: (asked) => verifyOften(keystile, inNode.tools, asked),
};
const inWorkers = {
  name: "Workers",
  budgets: {
    packages: (size) => `webhook_workers_${size}`,
    hmac: (size) => `webhook_hmac_workers_${size}`,
    long: { [64 * 1024]: "webhook_64k_workers" },
  },
  tools: { createHmac },
  ask: undefined,
};

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

const figures = [];
try {
  for (const runtime of [inWorkers, inNode]) await measure(runtime);
} finally {
  await server.close();
}
writeFileSync(file, JSON.stringify(figures));

async function measure(runtime) {
  const { packages, hmac, long = {} } = runtime.budgets;
  console.log(`\n${runtime.name}: microseconds for one delivery, median of ${ROUNDS} rounds\n`);
  console.log("| bytes | package | theirs | Keystile | times as fast |\n|---|---|---|---|---|");
  for (const size of SHORT) {
    const compared = [];
    for (const [provider, [name]] of Object.entries(vendors(runtime.tools))) {
      const [theirs, ours] = await compare(runtime, ["theirs", "ours"], { provider, size });
      compared.push({ provider, name, theirs, ours });
      console.log(`| ${size} | ${name} | ${row(theirs, ours, 1)} |`);
    }
    const [alone] = compared.filter(({ provider }) => provider === HMAC_ALONE);
    const [fastest] = compared
      .filter((each) => each !== alone)
      .sort((a, b) => median(a.theirs) - median(b.theirs));
    console.log(`| ${size} | **the fastest package**: ${fastest.name} | ${row(fastest.theirs, fastest.ours, 1)} |`);
    if (packages) figures.push(ratio(packages(size), fastest.theirs, fastest.ours));
    figures.push(ratio(hmac(size), alone.theirs, alone.ours));
  }
  console.log("\n| bytes | WebCrypto | Keystile, `verifyAsync` | of WebCrypto's speed |\n|---|---|---|---|");
  for (const size of LONG) {
    const [platform, ours] = await compare(runtime, ["platform", "async"], { provider: "github", size });
    console.log(`| ${size} | ${row(platform, ours, 2)} |`);
    if (long[size]) figures.push(ratio(long[size], platform, ours));
  }
}

function row(theirs, ours, decimals) {
  const [other, own] = [median(theirs), median(ours)];
  return `${other.toFixed(1)} | ${own.toFixed(1)} | ${(other / own).toFixed(decimals)}`;
}

/** Microseconds of each round for each, in turns, so that what else the machine does meets both. */
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
  return measured;
}
