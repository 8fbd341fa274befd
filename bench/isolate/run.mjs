// The memory of an edge's isolate whose caches are full, over that of an isolate that only forwards: JavaScript's heap
// by V8's account after a collection, and WebAssembly's memory, which never shrinks. The process's memory can't tell:
// the local runtime's KV and objects are in it, too.
//
//   node run.mjs FILE_FOR_THE_FIGURES

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";

import { asProgram } from "../../scripts/run.mjs";
import { inRoot } from "../../scripts/tools.mjs";
import { MIB, runtimeMemory } from "../../tests/support/runtime_memory.mjs";
import { Client } from "../client.mjs";
import { figure, quick } from "../figures.mjs";
import { Mint } from "../keys.mjs";
import { makeState, removeState, store } from "../state.mjs";
import { beforeUpstream, keystile, rival, SECRET, startWorkers } from "../workers.mjs";
import { memoryOf } from "../inspector.mjs";

/** More used keys than the cache has room for, and as many changed ones as the budget of the feed has for 25 hours. */
const USED = quick(40_000, 1_000);
const CHANGED = quick(100_000, 500);
/** So many changed keys, used once each, that the isolate has asked for each of the 512 parts of the log. */
const ASKING = quick(6_000, 100);
const CALLERS = 16;
const STATE = "isolate";
const SCOPES = ["read:leads"];

await asProgram(async () => {
  const main = inRoot("tests", "support", "workers", "edge_with_handles.js");
  const workers = [
    ...(await keystile("isolate", ["edge"], { main })),
    await rival("isolate", "bare", inRoot("bench", "guard", "bare.mjs"), beforeUpstream),
  ];
  const { directory, key: first } = await makeState(STATE, workers, SCOPES);
  const mint = new Mint(SECRET, { prefix: "bench", tenant: "acme", scopes: SCOPES });
  const mintMany = (count) => Array.from({ length: count }, () => mint.mint());
  const [used, changed] = [mintMany(USED), mintMany(CHANGED)];
  await store(directory, { inKv: used, changed });
  const stack = await startWorkers(workers, { state: directory, inspector: true });
  const client = new Client({ connections: CALLERS });
  try {
    const rows = [];
    const note = async (title, worker) => rows.push({ title, ...(await memory(stack, client, worker)) });
    await use(client, stack.url("bare"), first);
    await note("only forwards", "bare");
    await use(client, stack.url("edge"), first);
    const useAll = async (left) => {
      const caller = async () => {
        for (let next = left.pop(); next; next = left.pop()) await use(client, stack.url("edge"), next.key);
      };
      await Promise.all(Array.from({ length: CALLERS }, caller));
    };
    await useAll(changed.slice(0, ASKING));
    await note(`Keystile, ${CHANGED.toLocaleString("en")} changed keys in its overlay`, "edge");
    const before = runtimeMemory();
    await useAll([...used]);
    if (!quick(false, true)) {
      const again = await use(client, stack.url("edge"), used.at(-1).key);
      assert.match(again, /kv=1/, "the cache is full: it let the first go");
    }
    await note(`the same after ${USED.toLocaleString("en")} other keys were used`, "edge");
    const grown = (runtimeMemory() - before) / MIB;
    print(rows, grown);
    const [empty, , loaded] = rows.map(({ javaScript, wasm }) => (javaScript + wasm) / MIB);
    writeFileSync(process.argv[2], JSON.stringify([figure("isolate_mib", loaded - empty)]));
  } finally {
    client.close();
    await stack.close();
    removeState(STATE);
  }
});

/** Bytes of a worker's isolate. */
async function memory(stack, client, worker) {
  const wasm = worker === "edge" ? Number((await client.ask(`${stack.url(worker)}/__memory`)).text) : 0;
  const { heap, buffers } = await memoryOf(await stack.inspector(), worker);
  return { javaScript: heap + buffers, wasm };
}

/** Uses a key once. Returns what the request waited for. */
async function use(client, url, key) {
  const answer = await client.ask(`${url}/api/leads`, { headers: { Authorization: `Bearer ${key}` } });
  assert.equal(answer.status, 200, answer.text);
  return answer.headers["server-timing"] ?? "";
}

function print(rows, grown) {
  console.log("\n| isolate, MiB | JavaScript | WebAssembly | both |\n|---|---|---|---|");
  for (const { title, javaScript, wasm } of rows) {
    const shown = [javaScript, wasm, javaScript + wasm].map((bytes) => (bytes / MIB).toFixed(1));
    console.log(`| ${title} | ${shown.join(" | ")} |`);
  }
  console.log(`\nMeanwhile the runtime's whole process, with the local KV, grew by ${grown.toFixed(0)} MiB.`);
}
