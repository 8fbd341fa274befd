// Verifying webhooks: Keystile's npm package against the vendors' own, and
// against WebCrypto, in Node and in Cloudflare's runtime.
//
//   node run.mjs DIRECTORY_OF_THE_PACKAGE FILE_FOR_THE_FIGURES

import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { createTestHarness } from "wrangler";

import { median, quick, ratio } from "../figures.mjs";
import { bodyOf, BY_ECDSA, HMAC_ALONE, vendors, verifyOften } from "./subjects.mjs";

const [directory, file] = process.argv.slice(2);
const keystile = await import(pathToFileURL(path.resolve(directory, "node.js")));
const here = import.meta.dirname;

const ROUNDS = quick(11, 2);
const MILLISECONDS = quick(50, 10);
const KIB = 1024;
const SIZES = [256, KIB, 16 * KIB, 64 * KIB, 256 * KIB, KIB * KIB];
/** Those that have a budget. */
const SHORT = [256, KIB];

const inNode = {
  name: "Node",
  budgets: { hmac: (size) => `webhook_hmac_node_${size}` },
  // There it leaves long bodies to `createHmac`.
  ours: () => "ours",
  tools: { createHmac, node: true },
  ask: (asked) => verifyOften(keystile, inNode.tools, asked),
};
const inWorkers = {
  name: "Workers",
  budgets: {
    packages: (size) => `webhook_workers_${size}`,
    hmac: (size) => `webhook_hmac_workers_${size}`,
    long: { [64 * KIB]: "webhook_64k_workers" },
  },
  ours: (size) => (size < 4 * KIB ? "ours" : "async"),
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
  const begin = (whose) => {
    console.log(`\n| bytes | ${whose} | theirs | Keystile | times as fast |\n|---|---|---|---|---|`);
  };
  console.log(`\n${runtime.name}: microseconds for one delivery, median of ${ROUNDS} rounds`);
  begin("package");
  for (const size of SIZES) {
    const compared = [];
    for (const [provider, [name]] of Object.entries(vendors(runtime.tools))) {
      const given = provider === BY_ECDSA ? signed(size) : undefined;
      const [theirs, ours] = await compare(runtime, ["theirs", runtime.ours(size)], { provider, size, given });
      compared.push({ provider, name, theirs, ours });
      console.log(`| ${size} | ${name} | ${row(theirs, ours)} |`);
    }
    if (!SHORT.includes(size)) continue;
    const [alone] = compared.filter(({ provider }) => provider === HMAC_ALONE);
    const [fastest] = compared
      .filter(({ provider }) => provider !== HMAC_ALONE)
      .sort((a, b) => median(a.theirs) - median(b.theirs));
    console.log(`| ${size} | **the fastest package**: ${fastest.name} | ${row(fastest.theirs, fastest.ours)} |`);
    if (packages) note(packages(size), fastest.theirs, fastest.ours);
    note(hmac(size), alone.theirs, alone.ours);
  }
  begin("WebCrypto's HMAC alone, beside `verifyAsync` with bytes");
  for (const size of SIZES) {
    const [platform, ours] = await compare(runtime, ["platform", "bytes"], { provider: "github", size });
    console.log(`| ${size} | WebCrypto | ${row(platform, ours)} |`);
    if (long[size]) note(long[size], platform, ours);
  }
}

/** A figure, unless the empty request took longer than the whole: then the machine is too busy to tell. */
function note(name, theirs, ours) {
  if (Math.min(median(theirs), median(ours)) > 0) figures.push(ratio(name, theirs, ours));
  else console.error(`✗ ${name} was not measured: the machine is too busy.`);
}

/** A delivery of so many bytes as SendGrid signs it: the public key and the headers. */
function signed(size) {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const timestamp = `${Math.floor(Date.now() / 1000)}`;
  const signature = sign("sha256", Buffer.from(timestamp + bodyOf(size)), privateKey).toString("base64");
  return {
    publicKey: publicKey.export({ type: "spki", format: "der" }).toString("base64"),
    headers: {
      "x-twilio-email-event-webhook-timestamp": timestamp,
      "x-twilio-email-event-webhook-signature": signature,
    },
  };
}

function row(theirs, ours) {
  const [other, own] = [median(theirs), median(ours)];
  return `${other.toFixed(1)} | ${own.toFixed(1)} | ${(other / own).toFixed(2)}`;
}

/** Microseconds of each round for each, in turns, so that what else the machine does meets both. */
async function compare(runtime, whos, what) {
  const time = async (asked) => {
    const started = performance.now();
    await runtime.ask({ ...what, ...asked });
    return performance.now() - started;
  };
  // Other load makes a request slower, never faster.
  const best = async (asked) => Math.min(await time(asked), await time(asked), await time(asked));
  const counts = [];
  for (const who of whos) {
    let count = 1;
    while ((await best({ who, count })) - (await best({ who: "nothing", count: 0 })) < MILLISECONDS) count *= 2;
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
