// Checks sizes and start-up times against their budgets: the edge worker's, measured on the bundle that would be
// uploaded, and those of the pages.

import { mkdirSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { figure, median } from "../bench/figures.mjs";
import { kib, uploadSize } from "../packages/cli/src/project/sizes.mjs";
import { bundle, bundleFile, EDGE } from "./bundle.mjs";
import { buildPages } from "./pages.mjs";
import { asProgram, capture, Failed } from "./run.mjs";
import { setup } from "./setup.mjs";
import { inRoot, wrangler, wranglerEnv } from "./tools.mjs";

const STARTUP_RUNS = 7;

export async function checkBudget() {
  const { figures: edge, raw } = await measureEdge();
  const [size, startup] = edge;
  const [dashboard, element] = await measurePages();
  const rows = [
    ["edge upload, gzip", `${size.value} KiB (${kib(raw)} raw)`, size],
    ["edge startup, median", `${startup.value} ms (${startup.spread.join(" to ")})`, startup],
    ["dashboard, gzip", `${dashboard.value} KiB`, dashboard],
    ["embedded element, gzip", `${element.value} KiB`, element],
  ];
  for (const [what, measured, { met, budget, unit }] of rows) {
    console.log(`${met ? "✓" : "✗"} ${what.padEnd(30)} ${measured.padEnd(34)} budget ${budget} ${unit}`);
  }
  if (!rows.every(([, , { met }]) => met)) throw new Failed("What is marked with ✗ is over its budget.");
}

/** The figures `dashboard_kib` and `element_kib`: all that they may load, but for WebAssembly. */
async function measurePages() {
  const sizes = await buildPages({ release: true });
  return ["dashboard", "element"].map((page) => {
    const { eager, lazy } = sizes[page];
    return figure(`${page}_kib`, (eager + lazy) / 1024);
  });
}

/** The figures `edge_kib` and `edge_startup_ms`, and the bytes that the first is of. */
export async function measureEdge() {
  const { gzip, raw } = uploadSize(await bundle(EDGE));
  const startup = await startupTime(EDGE);
  const figureOf = (times) => figure("edge_startup_ms", median(times), times);
  // A machine that is busy with something else says nothing of the worker.
  if (!figureOf(startup).met) startup.push(...(await startupTime(EDGE)));
  return { figures: [figure("edge_kib", gzip / 1024), figureOf(startup)], raw };
}

/** Milliseconds of activity until the worker's modules are loaded, from V8's own profile, for each of several runs. */
async function startupTime(worker) {
  const directory = inRoot("build", "startup");
  mkdirSync(directory, { recursive: true });
  const upload = await bundleFile(worker, path.join(directory, "worker.bundle"));
  const profile = path.join(directory, "worker.cpuprofile");
  const times = [];
  for (let run = 0; times.length < STARTUP_RUNS; run += 1) {
    if (run === 3 * STARTUP_RUNS) {
      throw new Failed("V8 took no sample of most starts: the machine is too busy to measure them.");
    }
    const check = ["check", "startup", "-c", inRoot(worker.config), `--worker=${upload}`, `--outfile=${profile}`];
    const printed = await capture(...wrangler(...check), { cwd: directory, env: wranglerEnv() });
    const active = printed.match(/Active: ([\d.]+) ms/);
    if (!active) throw new Failed(`wrangler check startup did not say how long:\n${printed}`);
    // A start without any sample is no measurement. It happens on a machine that is busy with something else.
    if (Number(active[1]) > 0) times.push(Number(active[1]));
  }
  return times;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await asProgram(async () => {
    await setup();
    await checkBudget();
  });
}
