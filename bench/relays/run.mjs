// The load that isolates and relays make, on the local runtime: isolates that poll local relays as real ones do, those
// that follow regional ones, and these the feed, while a ledger changes keys. All changes have to come to all isolates
// in time. Then the most polls that one local relay answers, and the CPU time of a poll.
//
//   node run.mjs FILE_FOR_THE_FIGURES

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import { asProgram, Failed } from "../../scripts/run.mjs";
import { inRoot } from "../../scripts/tools.mjs";
import { Client, closedLoop } from "../client.mjs";
import { figure, median, quick } from "../figures.mjs";
import { cpuTime, runtimeProcess } from "../guard/load.mjs";
import { Mint } from "../keys.mjs";
import { makeState, removeState, store } from "../state.mjs";
import { limiter, manager, rival, SECRET, sender, startWorkers } from "../workers.mjs";
import { Isolate, MAX_STALENESS_MS } from "./isolate.mjs";
import { Ledger } from "./ledger.mjs";
import { judge, print } from "./report.mjs";

/** As many regional relays as there ever are: the calls of the feed follow from their number. */
const REGIONAL = ["AF", "AN", "AS", "EU", "NA", "OC", "SA"].flatMap((at) => [0, 1, 2, 3].map((n) => `${at}.${n}`));
const LOCAL = 2 * REGIONAL.length;
const ISOLATES = 10 * LOCAL;
/** Changed keys that the log has from the start. */
const LOGGED = quick(10_000, 1_000);
const START_SECONDS = quick(15, 4);
const PHASES = [
  { title: `all isolates and relays are cold, and begin within ${START_SECONDS} s`, seconds: START_SECONDS },
  { title: "all are warm", seconds: quick(30, 5) },
  { title: "ten changes a second", seconds: quick(40, 12), changes: true },
];
const ROUNDS = quick(5, 1);
const SECONDS = quick(2, 1);
const CALLERS = 64;
const STATE = "relays";
const SCOPES = ["read:leads"];
/** Linux's file system in memory: else the only thread of the runtime would wait for each write. */
const IN_MEMORY = "/dev/shm";

await asProgram(async () => {
  if (!existsSync(IN_MEMORY)) throw new Failed(`The objects' storage is put into ${IN_MEMORY}, which only Linux has.`);
  const workers = await makeWorkers();
  const state = mkdtempSync(path.join(IN_MEMORY, "keystile-bench-"));
  const client = new Client({ connections: ISOLATES });
  let stack;
  try {
    const { directory } = await makeState(STATE, workers, SCOPES);
    const mint = new Mint(SECRET, { prefix: "bench", tenant: "globex", scopes: SCOPES });
    await store(directory, { changed: Array.from({ length: LOGGED }, () => mint.mint()) });
    cpSync(directory, state, { recursive: true });
    stack = await startWorkers(workers, { state });
    const { feedCalls } = await load(stack, client);
    const polls = await measurePolls(stack, client);
    const figures = [
      figure("relay_polls_per_s", median(polls), polls),
      figure("relay_feed_calls", Math.max(...feedCalls), feedCalls),
    ];
    writeFileSync(process.argv[2], JSON.stringify(figures));
  } finally {
    client.close();
    await stack?.close();
    removeState(STATE);
    rmSync(state, { recursive: true, force: true });
  }
});

/** The management worker, whose relays and ledgers call each other and the feed through the worker that counts. */
async function makeWorkers() {
  // A worker has the classes that it is bound to without another worker's name.
  const of = (scriptName, className) => ({ className, scriptName, useSQLite: true });
  const manage = await manager("relays");
  const { FEED: OWN_FEED, RELAY: OWN_RELAY } = manage.durableObjects;
  const counted = { FEED: of("calls", "CountedFeed"), RELAY: of("calls", "RelaysRelay") };
  Object.assign(manage.durableObjects, { OWN_FEED, OWN_RELAY, ...counted });
  const calls = await rival("relays", "calls", inRoot("bench", "relays", "calls.mjs"), {
    durableObjects: {
      COUNTED_FEED: of(undefined, "CountedFeed"),
      RELAYS_RELAY: of(undefined, "RelaysRelay"),
      REAL_FEED: of("manage", "Feed"),
      REAL_RELAY: of("manage", "Relay"),
    },
  });
  return [await limiter("relays"), await sender("relays"), manage, calls];
}

/** Lets the isolates poll, phase by phase, and prints what was called. Returns the calls of the feed by seconds. */
async function load(stack, client) {
  const ledger = new Ledger(stack);
  await ledger.createKeys();
  let isOver = false;
  const isolates = Array.from({ length: ISOLATES }, (_, number) => {
    const url = address(stack, number % LOCAL);
    const ask = (call, question) => client.ask(url(call), { method: "POST", body: JSON.stringify(question) });
    return new Isolate({ ask, keyInUse: () => ledger.keyInUse(), isPatched: (entry) => ledger.isPatched(entry) });
  });
  const running = Promise.all(
    isolates.map(async (isolate, number) => {
      await sleep((number / ISOLATES) * START_SECONDS * 1000);
      await isolate.run(() => isOver);
    }),
  );
  // A failure is thrown below.
  running.catch(() => {});
  const pid = runtimeProcess();
  await taken(stack);
  const measured = [];
  try {
    for (const phase of PHASES) {
      const began = performance.now();
      const cpu = cpuTime(pid);
      if (phase.changes) ledger.begin(began + phase.seconds * 1000 - MAX_STALENESS_MS - 1000);
      const seconds = await countBySecond(stack, phase.seconds);
      const ended = performance.now();
      measured.push({ ...phase, seconds, began, ended, cpu: (cpuTime(pid) - cpu) / 1000 / (ended - began) });
      console.log(`  ${phase.title}: measured`);
    }
    await ledger.done();
  } finally {
    isOver = true;
  }
  await running;
  for (const phase of measured) phase.polls = pollsOf(isolates, phase);
  console.log(`\n${ISOLATES} isolates, ${LOCAL} local relays, ${REGIONAL.length} regional ones: calls a second\n`);
  print(measured);
  judge(isolates, ledger);
  return { feedCalls: measured.flatMap(({ seconds }) => seconds.map(({ feed }) => feed)) };
}

/** The address of a call at a local relay, by its number. */
function address(stack, number) {
  const parent = REGIONAL[number % REGIONAL.length];
  return (call) => `${stack.url("calls")}/relay/L${number}.0/${call}?parent=${parent}`;
}

/** The calls of each second: at the feed, at all regional relays and the busiest, at all local ones and the busiest. */
async function countBySecond(stack, seconds) {
  const counted = [];
  let since = performance.now();
  for (let second = 0; second < seconds; second += 1) {
    await sleep(Math.max(0, since + 1000 - performance.now()));
    const calls = await taken(stack);
    const now = performance.now();
    const perSecond = (count) => (count * 1000) / (now - since);
    const of = (tier, path = "") => {
      const byName = {};
      for (const [what, count] of Object.entries(calls[tier] ?? {})) {
        const [name, called] = what.split(" ");
        if (called.startsWith(path)) byName[name] = (byName[name] ?? 0) + count;
      }
      return Object.values(byName).map(perSecond);
    };
    const sum = (counts) => counts.reduce((all, each) => all + each, 0);
    const [feed, regional, local] = ["feed", "regional", "local"].map((tier) => of(tier));
    counted.push({
      feed: sum(feed),
      records: sum(of("feed", "/record")),
      publications: sum(of("feed", "/publish")) + sum(of("feed", "/acknowledge")),
      regional: sum(regional),
      busiestRegional: Math.max(0, ...regional),
      local: sum(local),
      busiestLocal: Math.max(0, ...local),
    });
    since = now;
  }
  return counted;
}

async function taken(stack) {
  return (await fetch(`${stack.url("calls")}/taken`)).json();
}

function pollsOf(isolates, { began, ended }) {
  return isolates.flatMap(({ polls }) => polls.filter(({ sent }) => sent >= began && sent < ended));
}

/** Polls a second, and what each costs, of one that asks again once it was answered. Returns those of a local relay. */
async function measurePolls(stack, client) {
  const pid = runtimeProcess();
  const ask = async (url, question) => {
    const { status, text } = await client.ask(url, { method: "POST", body: JSON.stringify(question) });
    assert.equal(status, 200, text);
    return JSON.parse(text);
  };
  const relay = address(stack, 0)("poll");
  const feed = `${stack.url("calls")}/feed/feed/poll`;
  const poll = { epoch: null, cursor: 0, max_staleness_ms: MAX_STALENESS_MS };
  const { epoch, cursor } = await ask(relay, poll);
  const warm = { ...poll, epoch, cursor };
  const cold = () => ({ ...poll, key: randomBytes(8).toString("hex") });
  const subjects = [
    { title: "the worker that asks, alone", call: () => ask(`${stack.url("calls")}/nobody`, warm) },
    { title: "the feed, nothing new", call: () => ask(feed, warm) },
    { title: "a local relay, nothing new", call: () => ask(relay, warm) },
    { title: "a local relay, a cold isolate with a key's part", call: () => ask(relay, cold()) },
  ].map((subject) => ({ ...subject, rates: [], costs: [] }));
  for (const { call } of subjects) await closedLoop(CALLERS, 0.5, call);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { call, rates, costs } of subjects) {
      const before = cpuTime(pid);
      const began = performance.now();
      const rate = await closedLoop(CALLERS, SECONDS, call);
      rates.push(rate);
      costs.push((cpuTime(pid) - before) / ((rate * (performance.now() - began)) / 1000));
    }
  }
  console.log(`\nPolls by ${CALLERS} callers, median of ${ROUNDS} rounds of ${SECONDS} s\n`);
  console.log("| | a second | lowest and highest round | CPU µs each |\n|---|---|---|---|");
  for (const { title, rates, costs } of subjects) {
    const range = `${Math.min(...rates).toFixed(0)} to ${Math.max(...rates).toFixed(0)}`;
    console.log(`| ${title} | ${median(rates).toFixed(0)} | ${range} | ${median(costs).toFixed(0)} |`);
  }
  return subjects[2].rates;
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
