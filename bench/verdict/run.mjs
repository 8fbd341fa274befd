// The time inside the module for one verdict: a guarded request of a key that the isolate knows, from the request's
// parts to the headers that go to the upstream. The edge is asked many times within one request. Its cost is the CPU
// time of the runtime's process; V8's profiler, which tells WebAssembly from JavaScript, knows the module's share of it.
//
//   node run.mjs FILE_FOR_THE_FIGURES

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";

import { asProgram } from "../../scripts/run.mjs";
import { inRoot } from "../../scripts/tools.mjs";
import { Client } from "../client.mjs";
import { figure, median, quick } from "../figures.mjs";
import { cpuTime, runtimeProcess } from "../guard/load.mjs";
import { shareOfModule } from "../inspector.mjs";
import { keystile, startWorkers } from "../workers.mjs";

const ROUNDS = quick(15, 3);
const VERDICTS = quick(20_000, 5_000);

await asProgram(async () => {
  const main = inRoot("bench", "verdict", "repeated.js");
  const stack = await startWorkers(await keystile("verdict", ["edge"], { main }), { inspector: true });
  const client = new Client({ connections: 1 });
  try {
    const { key } = await stack.manage("POST", "/v1/tenants/acme/keys", { name: "benchmark", scopes: ["read:leads"] });
    const headers = { Authorization: `Bearer ${key}`, "CF-Connecting-IP": "203.0.113.7" };
    const repeat = async () => {
      const { status, text } = await client.ask(`${stack.url("edge")}/__repeat?count=${VERDICTS}`, { headers });
      assert.equal(status, 200, text);
    };
    await repeat();
    const pid = runtimeProcess();
    const [all, module] = [[], []];
    for (let round = 0; round < ROUNDS; round += 1) {
      const before = cpuTime(pid);
      await repeat();
      all.push((cpuTime(pid) - before) / VERDICTS);
      module.push(all.at(-1) * (await shareOfModule(await stack.inspector(), "edge", repeat)));
    }
    print(all, module);
    writeFileSync(process.argv[2], JSON.stringify([figure("verdict_us", median(module), module)]));
  } finally {
    client.close();
    await stack.close();
  }
});

function print(all, module) {
  const rounds = `${ROUNDS} rounds of ${VERDICTS.toLocaleString("en")}`;
  console.log(`\nMicroseconds of CPU time for one verdict, median of ${rounds}\n`);
  console.log("| | median | lowest and highest round |\n|---|---|---|");
  for (const [title, times] of [
    ["inside the module", module],
    ["with the crossings, and a request and a response for JavaScript", all],
  ]) {
    const [middle, low, high] = [median(times), Math.min(...times), Math.max(...times)].map((each) => each.toFixed(1));
    console.log(`| ${title} | ${middle} | ${low} to ${high} |`);
  }
}
