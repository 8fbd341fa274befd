// `npm run bench`: measures the figures of docs/design/benchmarks.md on this machine.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

import { table } from "../bench/figures.mjs";
import { setupLoad } from "../bench/guard/load.mjs";
import { measureEdge } from "./budget.mjs";
import { build } from "./build.mjs";
import { installPackages } from "./interop.mjs";
import { buildPackage } from "./npm_package.mjs";
import { installOnce } from "./packages.mjs";
import { asProgram, Failed, run } from "./run.mjs";
import { setup } from "./setup.mjs";
import { inRoot, node22, root, wranglerEnv } from "./tools.mjs";

/** By name, what measures a part, and returns its figures. */
const PARTS = {
  size: async () => (await measureEdge()).figures,
  guard: async () => {
    await installOnce("what the guard's rivals are written with", inRoot("bench", "guard"));
    await build(["edge", "manage", "limiter"]);
    return measured("guard");
  },
  limits: async () => {
    await build(["edge", "manage", "limiter"]);
    return measured("limits");
  },
  webhooks: async () => {
    await installPackages(inRoot("bench", "webhooks"));
    return measured("webhooks", await buildPackage());
  },
};

await asProgram(async () => {
  const asked = process.argv.slice(2);
  const unknown = asked.find((name) => !PARTS[name]);
  if (unknown) throw new Failed(`Measure what? ${Object.keys(PARTS).join(", ")}, not "${unknown}".`);
  const parts = asked.length ? asked : Object.keys(PARTS);
  if (parts.includes("guard")) await setupLoad();
  await setup();
  const file = inRoot("target", "bench.json");
  mkdirSync(inRoot("target"), { recursive: true });
  const figures = [];
  for (const name of parts) {
    figures.push(...(await PARTS[name]()));
    // After each part: what was measured stays if a later one fails.
    writeFileSync(file, `${JSON.stringify(figures, null, 2)}\n`);
  }
  console.log(`\n${table(figures)}\n\nThe same in ${file}`);
});

/** What bench/{part}/run.mjs measures, which needs Node 22 and so a process of its own. */
async function measured(part, ...args) {
  const file = inRoot("build", "bench", `${part}.json`);
  mkdirSync(inRoot("build", "bench"), { recursive: true });
  await run(node22(), [inRoot("bench", part, "run.mjs"), ...args, file], { cwd: root, env: wranglerEnv() });
  return JSON.parse(readFileSync(file, "utf8"));
}
