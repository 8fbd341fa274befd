// Checks the edge worker's size and start-up time against its budget, measured on the bundle that would be uploaded.

import { mkdirSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { bundle, bundleFile, EDGE, kib, uploadSize } from "./bundle.mjs";
import { asProgram, capture, Failed } from "./run.mjs";
import { setup } from "./setup.mjs";
import { inRoot, wrangler, wranglerEnv } from "./tools.mjs";

const MAX_GZIP_KIB = 150;
const MAX_STARTUP_MS = 30;
const STARTUP_RUNS = 7;

export async function checkBudget() {
  const { gzip, raw } = uploadSize(await bundle(EDGE));
  let startup = await startupTime(EDGE);
  // A busy machine slows the start-up, so a slow result is measured again.
  if (median(startup) > MAX_STARTUP_MS) startup = [...startup, ...(await startupTime(EDGE))];
  const rows = [
    ["edge upload, gzip", `${kib(gzip)} KiB (${kib(raw)} raw)`, `${MAX_GZIP_KIB} KiB`, gzip / 1024 <= MAX_GZIP_KIB],
    [
      `edge startup, median of ${startup.length}`,
      `${median(startup).toFixed(1)} ms (${Math.min(...startup)} to ${Math.max(...startup)})`,
      `${MAX_STARTUP_MS} ms`,
      median(startup) <= MAX_STARTUP_MS,
    ],
  ];
  for (const [what, measured, budget, ok] of rows) {
    console.log(`${ok ? "✓" : "✗"} ${what.padEnd(30)} ${measured.padEnd(34)} budget ${budget}`);
  }
  if (!rows.every(([, , , ok]) => ok)) throw new Failed("The edge worker is over its budget.");
}

/** Milliseconds of activity until the worker's modules are loaded, from V8's own profile, for each of several runs. */
async function startupTime(worker) {
  const directory = inRoot("build", "startup");
  mkdirSync(directory, { recursive: true });
  const upload = await bundleFile(worker, path.join(directory, "worker.bundle"));
  const profile = path.join(directory, "worker.cpuprofile");
  const times = [];
  for (let run = 0; run < STARTUP_RUNS; run += 1) {
    const check = ["check", "startup", "-c", inRoot(worker.config), `--worker=${upload}`, `--outfile=${profile}`];
    const printed = await capture(...wrangler(...check), { cwd: directory, env: wranglerEnv() });
    const active = printed.match(/Active: ([\d.]+) ms/);
    if (!active) throw new Failed(`wrangler check startup did not say how long:\n${printed}`);
    times.push(Number(active[1]));
  }
  return times;
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await asProgram(async () => {
    await setup();
    await checkBudget();
  });
}
