// The load that one object bears on the local runtime, with a storage that is this machine's disk: keys that a ledger
// creates and revokes, and polls that the feed answers. Each caller calls again once it was answered.
//
//   node run.mjs FILE_FOR_THE_FIGURES

import assert from "node:assert/strict";
import { closeSync, fsyncSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import path from "node:path";

import { asProgram } from "../../scripts/run.mjs";
import { inRoot } from "../../scripts/tools.mjs";
import { Client, closedLoop } from "../client.mjs";
import { figure, median, quick } from "../figures.mjs";
import { keystile, rival, ROOT_KEY, startWorkers } from "../workers.mjs";

const ROUNDS = quick(4, 1);
const SECONDS = quick(3, 1);
const CALLERS = [1, 8, 64];
/** The figures are those of so many callers. */
const FIGURES_OF = 64;
const SUBJECTS = [
  { name: "creations_per_s", title: "keys created, one ledger" },
  { name: "revocations_per_s", title: "keys revoked, one ledger" },
  { name: "polls_per_s", title: "polls of the feed, nothing new" },
];
const KEYS = "/v1/tenants/acme/keys";
const AS_ROOT = { Authorization: `Bearer ${ROOT_KEY}`, "Content-Type": "application/json" };

await asProgram(async () => {
  const poller = await rival("objects", "poller", inRoot("bench", "objects", "poller.mjs"), {
    durableObjects: { FEED: { className: "Feed", scriptName: "manage", useSQLite: true } },
  });
  const state = inRoot("build", "bench", "state", "objects");
  rmSync(state, { recursive: true, force: true });
  const stack = await startWorkers([...(await keystile("objects", ["edge"])), poller], { state });
  const client = new Client({ connections: Math.max(...CALLERS) });
  try {
    const measured = await measure(calls(stack, client));
    print(measured, syncedWrite(state));
    const figures = SUBJECTS.map(({ name }) => {
      const rounds = measured[name][FIGURES_OF];
      return figure(name, median(rounds), rounds);
    });
    writeFileSync(process.argv[2], JSON.stringify(figures));
  } finally {
    client.close();
    await stack.close();
  }
});

/** By subject, one call. Keys are revoked that were created before; when all are, the round ends. */
function calls(stack, client) {
  const created = [];
  const body = JSON.stringify({ name: "benchmark", scopes: ["read:leads"] });
  const post = async (path, status, body) => {
    const answer = await client.ask(stack.url("manage") + path, { method: "POST", headers: AS_ROOT, body });
    assert.equal(answer.status, status, answer.text);
    return JSON.parse(answer.text);
  };
  return {
    creations_per_s: async () => created.push((await post(KEYS, 201, body)).id),
    revocations_per_s: async () => {
      if (!created.length) return false;
      return post(`${KEYS}/${created.shift()}/revoke`, 200, "{}");
    },
    polls_per_s: async () => {
      const { status, text } = await client.ask(stack.url("poller"));
      assert.equal(status, 204, text);
    },
  };
}

/** By subject and number of callers, the calls a second of each round. */
async function measure(call) {
  const measured = Object.fromEntries(
    SUBJECTS.map(({ name }) => [name, Object.fromEntries(CALLERS.map((callers) => [callers, []]))]),
  );
  for (const { name } of SUBJECTS) await closedLoop(FIGURES_OF, 0.5, call[name]);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const callers of CALLERS) {
      for (const { name } of SUBJECTS) {
        // The first poll after other work has news.
        await call[name]();
        measured[name][callers].push(await closedLoop(callers, SECONDS, call[name]));
      }
    }
    console.log(`  round ${round + 1} of ${ROUNDS}`);
  }
  return measured;
}

/** The median milliseconds of a short write that this disk has to keep, which bounds everything that an object stores. */
function syncedWrite(directory) {
  const file = path.join(directory, "a-write");
  const handle = openSync(file, "w");
  const times = [];
  for (let write = 0; write < 100; write += 1) {
    const began = performance.now();
    writeSync(handle, Buffer.alloc(4096));
    fsyncSync(handle);
    times.push(performance.now() - began);
  }
  closeSync(handle);
  rmSync(file);
  return median(times);
}

function print(measured, write) {
  console.log(`\nCalls a second, median of ${ROUNDS} rounds of ${SECONDS} s\n`);
  console.log(`| | ${CALLERS.map((callers) => `${callers} at once`).join(" | ")} |\n|---|---|---|---|`);
  for (const { name, title } of SUBJECTS) {
    const shown = CALLERS.map((callers) => median(measured[name][callers]).toFixed(0));
    console.log(`| ${title} | ${shown.join(" | ")} |`);
  }
  console.log(`\nA write of 4 KiB that the disk has to keep (fsync) takes ${write.toFixed(2)} ms here.`);
}
