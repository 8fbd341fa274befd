// The time of a verdict by the number of keys that are stored: 1,000, 10,000, a million. A cold key is one that the
// isolate hasn't seen, so its record comes from KV; a warm one was asked for just before. Each key is cold once, so there
// are a thousand at least.
//
//   node run.mjs FILE_FOR_THE_FIGURES

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";

import { asProgram } from "../../scripts/run.mjs";
import { Client } from "../client.mjs";
import { figure, median, quantile, quick, STORED } from "../figures.mjs";
import { Mint } from "../keys.mjs";
import { makeState, removeState, store } from "../state.mjs";
import { keystile, ROOT_KEY, SECRET, startWorkers } from "../workers.mjs";

const ROUNDS = quick(15, 2);
/** Rounds before those that count, while the runtime compiles what is used often. */
const WARM_UP = 1;
/** The keys of one row in one round, each asked for once while it is cold and once when it is warm. */
const KEYS = 20;
const SCOPES = ["read:leads"];
const nameOf = (stored) => `verify-${stored}`;
const CLIENT_ADDRESS = { "CF-Connecting-IP": "203.0.113.7" };

/** By name: how a key is asked for, and where its record comes from when it is cold. */
const ROWS = {
  guarded: { title: "guarded request", from: "inKv", ask: guarded },
  verify: { title: "`verify`", from: "inKv", ask: verify },
  new: { title: "guarded request of a key that KV hasn't yet", from: "inFeed", ask: guarded },
};

await asProgram(async () => {
  const workers = await keystile("verify", ["edge"]);
  const client = new Client({ connections: 1 });
  const stacks = [];
  try {
    for (const stored of STORED) stacks.push(await prepare(workers, stored));
    const measured = await measure(client, stacks);
    print(measured);
    const figures = STORED.flatMap((stored) =>
      ["guarded", "verify"].flatMap((row) =>
        ["cold", "warm"].map((state) => {
          const rounds = measured[stored][row][state];
          return figure(`${row}_${state}_ms_${stored}`, median(rounds.flat()), rounds.map(median));
        }),
      ),
    );
    writeFileSync(process.argv[2], JSON.stringify(figures));
  } finally {
    client.close();
    for (const { stack } of stacks) await stack.close();
    for (const stored of STORED) removeState(nameOf(stored));
  }
});

/** A stack with so many keys, and those of them that are asked for by row. */
async function prepare(workers, stored) {
  const { directory, key } = await makeState(nameOf(stored), workers, SCOPES);
  const mint = new Mint(SECRET, { prefix: "bench", tenant: "acme", scopes: SCOPES });
  const keys = Object.fromEntries(
    Object.keys(ROWS).map((row) => [row, Array.from({ length: (WARM_UP + ROUNDS) * KEYS }, () => mint.mint())]),
  );
  const of = (place) => Object.entries(ROWS).flatMap(([row, { from }]) => (from === place ? keys[row] : []));
  const there = Object.values(keys).flat().length + 1;
  await store(directory, { inKv: of("inKv"), inFeed: of("inFeed"), others: stored - there });
  const stack = await startWorkers(workers, { state: directory });
  return { stored, stack, keys, first: key, url: stack.url("edge") };
}

/** By number of keys, row and state, a list of milliseconds for each round. */
async function measure(client, stacks) {
  const empty = () => Object.fromEntries(Object.keys(ROWS).map((row) => [row, { cold: [], warm: [] }]));
  const measured = Object.fromEntries(stacks.map(({ stored }) => [stored, empty()]));
  for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
    for (const { stored, url, keys, first } of stacks) {
      // The isolate's view is fresh, and its connection is there.
      for (let request = 0; request < 5; request += 1) await guarded(client, url, first);
      for (const [row, { ask }] of Object.entries(ROWS)) {
        const ofRound = keys[row].slice(round * KEYS, (round + 1) * KEYS);
        for (const state of ["cold", "warm"]) {
          const times = [];
          for (const { key } of ofRound) times.push(await timed(client, url, key, ask, state));
          if (round >= WARM_UP) measured[stored][row][state].push(times);
        }
      }
    }
  }
  return measured;
}

async function timed(client, url, key, ask, state) {
  const answer = await ask(client, url, key);
  const [, kv] = /kv=(\d+)/.exec(answer.headers["server-timing"]) ?? [];
  assert.equal(Number(kv) > 0, state === "cold", `a ${state} key: ${answer.headers["server-timing"]}`);
  return answer.received - answer.sent;
}

async function guarded(client, url, key) {
  const headers = { ...CLIENT_ADDRESS, Authorization: `Bearer ${key}` };
  const answer = await client.ask(`${url}/api/leads`, { headers });
  assert.equal(answer.status, 200, answer.text);
  return answer;
}

async function verify(client, url, key) {
  const answer = await client.ask(`${url}/keystile/v1/verify`, {
    method: "POST",
    headers: { ...CLIENT_ADDRESS, Authorization: `Bearer ${ROOT_KEY}`, "Content-Type": "application/json" },
    body: JSON.stringify({ key, scopes: SCOPES }),
  });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(JSON.parse(answer.text).code, "VALID", answer.text);
  return answer;
}

function print(measured) {
  const keys = `${ROUNDS * KEYS} keys in ${ROUNDS} rounds`;
  console.log(`\nMilliseconds until the answer, one request after another, ${keys}\n`);
  console.log("| | keys stored | cold, median | cold, 99 of 100 | warm, median | warm, 99 of 100 |");
  console.log("|---|---|---|---|---|---|");
  for (const [row, { title }] of Object.entries(ROWS)) {
    for (const stored of STORED) {
      const { cold, warm } = measured[stored][row];
      const shown = [cold, warm].flatMap((rounds) => [median(rounds.flat()), quantile(rounds.flat(), 0.99)]);
      console.log(`| ${title} | ${stored.toLocaleString("en")} | ${shown.map((ms) => ms.toFixed(2)).join(" | ")} |`);
    }
  }
}
