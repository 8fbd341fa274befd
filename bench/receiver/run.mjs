// Genuine deliveries that the receiver acknowledges in a second, in both modes, by one of the objects that remember
// deliveries and by several, beside a worker that only forwards: CPU time of Cloudflare's runtime and the clock's, in
// interleaved rounds.
//
//   npm run bench -- receiver

import { createHash, createHmac, randomUUID } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";

import { asProgram, capture, Failed } from "../../scripts/run.mjs";
import { inRoot } from "../../scripts/tools.mjs";
import { median, quick } from "../figures.mjs";
import { runtimeProcess, setupLoad } from "../guard/load.mjs";
import { startStack } from "./stack.mjs";

const ROUNDS = quick(5, 2);
const SECONDS = quick(2, 1);
const CONNECTIONS = 16;
/** More than the receiver takes in a round, so that each delivery is new. */
const PREPARED = 8_000;
/** A body of 1 KiB for each of a source's eight objects, in their order: the bytes choose the object. */
const BODIES = [];
for (let number = 1_000; BODIES.filter(Boolean).length < 8; number += 1) {
  const body = JSON.stringify({ type: "invoice.paid", data: { id: `in_${number}`, note: "x".repeat(973) } });
  BODIES[shard(body)] ??= body;
}
/** On Linux on every processor that the runtime is built for. */
const TICKS_PER_SECOND = 100;
const SECRETS = { secret: whsec("sender"), signingSecret: whsec("events") };

const SUBJECTS = [
  { name: "bare", title: "JavaScript that only forwards", worker: "bare", shards: 8 },
  ...[8, 4, 2, 1].map((shards) => subject("direct", shards)),
  ...[8, 4, 2, 1].map((shards) => subject("queue", shards)),
];

function subject(mode, shards) {
  const objects = shards === 1 ? "one object" : `${shards} objects`;
  return { name: `${mode}-${shards}`, title: `\`${mode}\`, ${objects}`, mode, shards };
}

await asProgram(async () => {
  await setupLoad();
  rmSync(inRoot("build", "bench", "receiver"), { recursive: true, force: true });
  const sources = SUBJECTS.filter(({ mode }) => mode).map(({ name, mode }) => ({ source: name, mode }));
  const stack = await startStack(sources, SECRETS);
  try {
    print(await measure(stack));
    const expected = SUBJECTS.filter(({ mode }) => mode).reduce((sum, { shards }) => sum + shards, 0);
    if (stack.objects() !== expected) throw new Failed(`${stack.objects()} objects were used, not ${expected}.`);
  } finally {
    await stack.close();
  }
});

async function measure({ urls }) {
  const pid = runtimeProcess();
  const measured = Object.fromEntries(SUBJECTS.map(({ name }) => [name, { rate: [], cpu: [], latency: [] }]));
  for (const each of SUBJECTS) await load(pid, urls, each);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (let turn = 0; turn < SUBJECTS.length; turn += 1) {
      const each = SUBJECTS[(round + turn) % SUBJECTS.length];
      const loaded = await load(pid, urls, each);
      for (const [figure, value] of Object.entries(loaded)) measured[each.name][figure].push(value);
    }
    console.log(`  round ${round + 1} of ${ROUNDS}`);
  }
  return measured;
}

/** Delivers for some seconds, and waits until the upstream has all. */
async function load(pid, urls, { name, worker = "hooks", shards }) {
  const [deliveries, bodies] = ["deliveries", "bodies"].map((file) => inRoot("build", "bench", "receiver", file));
  writeFileSync(deliveries, prepared(name, shards));
  writeFileSync(bodies, BODIES.join("\n"));
  const taken = async () => (await fetch(urls.upstream)).json();
  const [before, begun] = [await taken(), ticks(pid)];
  const script = inRoot("bench", "receiver", "deliveries.lua");
  const args = ["-t1", `-c${CONNECTIONS}`, `-d${SECONDS}s`, "--latency", "-s", script, urls[worker]];
  const printed = await capture("wrk", [...args, "--", deliveries, bodies]);
  const number = (pattern) => Number(pattern.exec(printed)?.[1] ?? Number.NaN);
  const sent = number(/(\d+) requests in/);
  const tooFew = worker === "hooks" && sent > PREPARED;
  if (!sent || tooFew || /Socket errors|Non-2xx/.test(printed)) throw new Failed(`${name} failed:\n${printed}`);
  for (let waited = 0; (await taken()) - before < sent; waited += 1) {
    if (waited > 600) throw new Failed(`${name}: the upstream got ${(await taken()) - before} of ${sent} events.`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const [, value, unit] = /50%\s+([\d.]+)(us|ms|s)/.exec(printed);
  return {
    rate: number(/Requests\/sec:\s+([\d.]+)/),
    cpu: ((ticks(pid) - begun) / TICKS_PER_SECOND / sent) * 1e6,
    latency: value * { us: 0.001, ms: 1, s: 1_000 }[unit],
  };
}

/** Deliveries of a source that fall into so many of its eight objects. */
function prepared(source, shards) {
  const key = Buffer.from(SECRETS.secret.slice("whsec_".length), "base64");
  const at = Math.floor(Date.now() / 1_000);
  const lines = [];
  while (lines.length < PREPARED) {
    const [id, number] = [`msg_${randomUUID()}`, lines.length % shards];
    const signature = createHmac("sha256", key).update(`${id}.${at}.${BODIES[number]}`).digest("base64");
    lines.push(`/hooks/${source} ${number + 1} ${id} ${at} v1,${signature}`);
  }
  return lines.join("\n");
}

/** The object of a delivery with this body, as `core::objects::deliveries` chooses it by the engine's key of the bytes. */
function shard(body) {
  const hash = createHash("sha256").update(body).digest();
  const key = createHash("sha256").update("bytes:").update(hash).digest("base64url");
  return [...Buffer.from(key)].reduce((sum, byte) => (Math.imul(sum, 31) + byte) >>> 0, 0) % 8;
}

/** The CPU time of a process, all threads, user and system. */
function ticks(pid) {
  const [user, system] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1).split(" ").slice(11, 13);
  return Number(user) + Number(system);
}

function whsec(name) {
  return `whsec_${createHash("sha256").update(name).digest("base64")}`;
}

function print(measured) {
  const rounds = `medians of ${ROUNDS} rounds of ${SECONDS} s, interleaved`;
  console.log(`\n${BODIES[0].length} bytes, ${CONNECTIONS} connections, ${rounds}\n`);
  console.log("| | acknowledged a second | lowest and highest round | median ms | CPU µs a delivery |\n|---|---|---|---|---|");
  for (const { name, title } of SUBJECTS) {
    const { rate, cpu, latency } = measured[name];
    const spread = `${Math.min(...rate).toFixed(0)} to ${Math.max(...rate).toFixed(0)}`;
    console.log(`| ${title} | ${median(rate).toFixed(0)} | ${spread} | ${median(latency).toFixed(1)} | ${median(cpu).toFixed(0)} |`);
  }
}
