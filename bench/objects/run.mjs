// The load that one object bears on the local runtime: keys that a ledger creates and revokes, and polls that the feed
// answers. Each caller calls again once it was answered. The local runtime stops its only thread for each write that
// the disk has to keep, and the platform doesn't. So the figures are those of a storage in memory, beside those of this
// disk.
//
//   node run.mjs FILE_FOR_THE_FIGURES

import assert from "node:assert/strict";
import { closeSync, existsSync, fsyncSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import path from "node:path";

import { asProgram, Failed } from "../../scripts/run.mjs";
import { inRoot } from "../../scripts/tools.mjs";
import { Client, closedLoop } from "../client.mjs";
import { figure, median, quick } from "../figures.mjs";
import { keystile, rival, ROOT_KEY, startWorkers } from "../workers.mjs";

const ROUNDS = quick(3, 1);
const SECONDS = quick(2, 1);
/** Linux's file system in memory. */
const IN_MEMORY = "/dev/shm";
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
  if (!existsSync(IN_MEMORY)) throw new Failed(`The objects' storage is put into ${IN_MEMORY}, which only Linux has.`);
  const poller = await rival("objects", "poller", inRoot("bench", "objects", "poller.mjs"), {
    durableObjects: { FEED: { className: "Feed", scriptName: "manage", useSQLite: true } },
  });
  const workers = [...(await keystile("objects", ["edge"])), poller];
  const client = new Client({ connections: 2 * Math.max(...CALLERS) });
  const places = [
    { name: "memory", directory: mkdtempSync(path.join(IN_MEMORY, "keystile-bench-")) },
    { name: "this disk", directory: mkdtempSync(inRoot("build", "bench", "objects-")) },
  ];
  try {
    for (const place of places) {
      place.stack = await startWorkers(workers, { state: place.directory });
      place.call = calls(place.stack, client);
      place.measured = empty();
    }
    await measure(places);
    const [memory, disk] = places;
    print(places, syncedWrite(disk.directory));
    const figures = SUBJECTS.map(({ name }) => {
      const rounds = memory.measured[name][FIGURES_OF];
      return figure(name, median(rounds), rounds);
    });
    writeFileSync(process.argv[2], JSON.stringify(figures));
  } finally {
    client.close();
    for (const { stack, directory } of places) {
      await stack?.close();
      rmSync(directory, { recursive: true, force: true });
    }
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

/** By subject and number of callers, the calls a second of each round: none yet. */
function empty() {
  return Object.fromEntries(
    SUBJECTS.map(({ name }) => [name, Object.fromEntries(CALLERS.map((callers) => [callers, []]))]),
  );
}

async function measure(places) {
  for (const { call } of places) for (const { name } of SUBJECTS) await closedLoop(FIGURES_OF, 0.5, call[name]);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const callers of CALLERS) {
      for (const { call, measured } of places) {
        for (const { name } of SUBJECTS) {
          // The first poll after other work has news.
          await call[name]();
          measured[name][callers].push(await closedLoop(callers, SECONDS, call[name]));
        }
      }
    }
    console.log(`  round ${round + 1} of ${ROUNDS}`);
  }
}

/** The median milliseconds of a short write that this disk has to keep. */
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

function print(places, write) {
  console.log(`\nCalls a second, median of ${ROUNDS} rounds of ${SECONDS} s\n`);
  console.log(`| | storage | ${CALLERS.map((callers) => `${callers} at once`).join(" | ")} |\n|---|---|---|---|---|`);
  for (const { name, title } of SUBJECTS) {
    for (const { name: storage, measured } of places) {
      const shown = CALLERS.map((callers) => median(measured[name][callers]).toFixed(0));
      console.log(`| ${title} | ${storage} | ${shown.join(" | ")} |`);
    }
  }
  console.log(`\nA write of 4 KiB that the disk has to keep (fsync) takes ${write.toFixed(2)} ms here.`);
}
