// Measures rate limits side by side, in four isolates each: Keystile's, the platform's binding, and a counter in KV.
//
//   over    A client asks as fast as it can for a second around each border of the windows. How many requests are
//           admitted in an interval of a window's length?
//   added   The time that the limit adds to a request, one after another, far below the limit.

import { writeFileSync } from "node:fs";

import { createTestHarness } from "wrangler";

import { inRoot } from "../../scripts/tools.mjs";
import { startRig } from "../../tests/support/rig.mjs";
import { figure } from "../figures.mjs";

const LIMIT = 100;
const WINDOW_MS = 10_000;
/** The windows that are measured. */
const WINDOWS = 3;
/** The requests that are timed, and those before them. */
const [TIMED, WARM_UP] = [600, 100];
const ISOLATES = ["one", "two", "three", "four"];
const TITLES = {
  keystile: "Keystile",
  binding: "the platform's rate-limit binding",
  kv_counter: "a counter in KV",
};
const DATE = "2026-11-01";

const rows = [];
for (const [name, start] of Object.entries({ keystile, binding, kv_counter: kvCounter })) {
  const subject = await start();
  try {
    const over = await worstInterval(subject.limited);
    const added = (await median(subject.unlimited)) - (await median(subject.bare));
    rows.push({ name, over, added });
  } finally {
    await subject.close();
  }
}
print();
const ours = rows.find(({ name }) => name === "keystile");
writeFileSync(process.argv[2], JSON.stringify([figure("limits_over", Math.max(0, ours.over - LIMIT))]));
process.exit(0);

function print() {
  console.log(`\n${LIMIT} requests in ${WINDOW_MS / 1_000} s, ${ISOLATES.length} isolates\n`);
  console.log("| | admitted in one interval | added to a request, median ms |\n|---|---|---|");
  for (const { name, over, added } of rows) console.log(`| ${TITLES[name]} | ${over} | ${added.toFixed(2)} |`);
}

/** The most requests that were certainly admitted within one interval of a window's length. */
async function worstInterval(ask) {
  const admitted = [];
  for (let window = 0; window < WINDOWS; window += 1) {
    const border = Math.ceil((Date.now() + 600) / WINDOW_MS) * WINDOW_MS;
    await sleep(border - 500 - Date.now());
    const hammer = async (isolate) => {
      while (Date.now() < border + 500) {
        const sent = Date.now();
        if ((await ask(isolate)) === 200) admitted.push({ sent, received: Date.now() });
      }
    };
    await Promise.all(ISOLATES.flatMap((isolate) => Array.from({ length: 8 }, () => hammer(isolate))));
  }
  const within = ({ sent: from }) =>
    admitted.filter(({ sent, received }) => sent >= from && received < from + WINDOW_MS).length;
  return Math.max(0, ...admitted.map(within));
}

/** The median time of a request, milliseconds. */
async function median(ask) {
  const times = [];
  for (let number = 0; number < WARM_UP + TIMED; number += 1) {
    const begin = performance.now();
    const status = await ask(ISOLATES[0]);
    if (status !== 200) throw new Error(`a request far below the limit was answered ${status}`);
    if (number >= WARM_UP) times.push(performance.now() - begin);
  }
  return times.sort((a, b) => a - b)[TIMED / 2];
}

async function keystile() {
  const free = '[[plans]]\nname = "free"';
  const limits = `
[[rate_limits]]
name = "limit"
limit = ${LIMIT}
window_seconds = ${WINDOW_MS / 1_000}
[[plans]]
name = "limited"
rate_limits = ["limit"]
[[plans]]
name = "large"
rate_limits = [{ name = "limit", limit = 1000000 }]

${free}`;
  const edges = Object.fromEntries(ISOLATES.map((name) => [name, {}]));
  const settings = { [free]: limits, "server_timing = true": "server_timing = false" };
  const rig = await startRig({ name: "bench-limits", settings, edges });
  const bare = await startRig({ name: "bench-no-limits", edges: { one: {} } });
  const keyOn = async (plan) => {
    await rig.manage("PATCH", `/v1/tenants/${plan}`, { plan });
    return (await rig.create(plan)).key;
  };
  const [limited, large, unlimited] = [await keyOn("limited"), await keyOn("large"), (await bare.create()).key];
  const use = (of, key) => async (isolate) => (await of.edge(isolate, "/api/leads", { key })).status;
  return {
    limited: use(rig, limited),
    unlimited: use(rig, large),
    bare: use(bare, unlimited),
    close: () => Promise.all([rig.close(), bare.close()]),
  };
}

function binding() {
  const limit = (limit) => ({
    ratelimits: [{ name: "LIMIT", namespace_id: "1001", simple: { limit, period: WINDOW_MS / 1_000 } }],
  });
  return rival("binding", limit(LIMIT), limit(1_000_000));
}

function kvCounter() {
  const limit = (limit) => ({ vars: { LIMIT: limit }, kv_namespaces: [{ binding: "COUNTERS", id: "counters" }] });
  return rival("kv_counter", limit(LIMIT), limit(1_000_000));
}

/** A rival's worker in four isolates, with a small limit and with a large one, and a worker that only forwards. */
async function rival(name, small, large) {
  const worker = (of, main, more) => ({
    config: { name: of, main, compatibility_date: DATE, services: [{ binding: "UPSTREAM", service: "upstream" }], ...more },
  });
  const main = inRoot("bench", "limits", `${name}.mjs`);
  const server = createTestHarness({
    root: inRoot("bench", "limits"),
    workers: [
      ...ISOLATES.map((isolate) => worker(isolate, main, small)),
      worker("large", main, large),
      worker("bare", inRoot("bench", "limits", "bare.mjs")),
      { config: { name: "upstream", main: inRoot("dev", "upstream", "worker.js"), compatibility_date: DATE } },
    ],
  });
  await server.listen();
  const ask = (worker) => async (isolate) => {
    const headers = { Authorization: "Bearer a-caller" };
    const response = await server.getWorker(worker ?? isolate).fetch("http://edge.example/api/leads", { headers });
    await response.arrayBuffer();
    return response.status;
  };
  return { limited: ask(), unlimited: ask("large"), bare: ask("bare"), close: () => server.close() };
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
