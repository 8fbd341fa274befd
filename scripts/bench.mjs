// `npm run bench [-- PART…] [--strict] [--quick]`: measures the figures of docs/design/benchmarks.md on this machine.
//
//   --strict  ends with an error if a budget isn't met or a part failed
//   --quick   few rounds: that everything runs, in minutes; the figures are worth little

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

import { table } from "../bench/figures.mjs";
import { requireLinux, setupLoad } from "../bench/guard/load.mjs";
import { measureEdge } from "./budget.mjs";
import { build } from "./build.mjs";
import { installPackages } from "./interop.mjs";
import { buildWebhooks } from "./package_keystile.mjs";
import { installOnce } from "./packages.mjs";
import { buildPackages } from "./packages_build.mjs";
import { asProgram, Failed, run } from "./run.mjs";
import { setup } from "./setup.mjs";
import { inRoot, node22, root, wranglerEnv } from "./tools.mjs";

/** By name, the function that measures a part and returns its figures. */
const PARTS = {
  size: async () => (await measureEdge()).figures,
  guard: async () => {
    await installOnce("what the guard's rivals are written with", inRoot("bench", "guard"));
    return ofWorkers("guard", setupLoad);
  },
  verdict: () => ofWorkers("verdict", requireLinux),
  verify: () => ofWorkers("verify"),
  revoke: () => ofWorkers("revoke", setupLoad),
  isolate: () => ofWorkers("isolate"),
  objects: () => ofWorkers("objects"),
  relays: () => ofWorkers("relays", requireLinux, ["manage", "limiter", "sender"]),
  limits: () => ofWorkers("limits"),
  webhooks: async () => {
    await installPackages(inRoot("bench", "webhooks"));
    return measured("webhooks", await buildWebhooks());
  },
  receiver: () => ofWorkers("receiver", setupLoad, ["hooks"]),
  first_start: () => measured("first_start"),
  init_start: async () => {
    await buildPackages(["cli", "create-keystile"]);
    return measured("init_start");
  },
};
/** Measured only if they are asked for: it takes too long. */
const ONLY_BY_NAME = ["first_start"];

/**
 * Measures these parts, one after another. Returns their `figures`, and the names of those that `failed`: why is said
 * at once, and the others are measured all the same. `done` gets the figures after each part.
 */
export async function measureParts(parts, names, done) {
  const [figures, failed] = [[], []];
  for (const name of names) {
    console.log(`\n── ${name} (load ${loadavg()[0].toFixed(1)})`);
    try {
      figures.push(...(await parts[name]()));
    } catch (error) {
      failed.push(name);
      console.error(`✗ ${name} was not measured:`, error instanceof Failed ? error.message : error);
    }
    done(figures);
  }
  return { figures, failed };
}

/** The names that `--strict` doesn't pass: parts that failed, and figures over their budgets. */
export function wrong({ figures, failed }) {
  const missed = figures.filter(({ met }) => met === false);
  return [...failed, ...missed.map(({ name }) => name)];
}

function asked() {
  const options = { strict: { type: "boolean" }, quick: { type: "boolean" } };
  const names = Object.keys(PARTS);
  try {
    const { values, positionals } = parseArgs({ allowPositionals: true, options });
    const unknown = positionals.find((name) => !names.includes(name));
    if (unknown) throw new Failed(`Measure what? ${names.join(", ")}, not "${unknown}".`);
    if (values.quick) process.env.KEYSTILE_BENCH_QUICK = "1";
    const all = names.filter((name) => !ONLY_BY_NAME.includes(name));
    return { names: positionals.length ? positionals : all, strict: values.strict };
  } catch (error) {
    if (!error.code?.startsWith("ERR_PARSE_ARGS")) throw error;
    throw new Failed(`${error.message}\nnpm run bench [-- PART…] [--strict] [--quick]; the parts: ${names.join(", ")}`);
  }
}

/** The figures that bench/{part}/run.mjs measures. It needs Node 22, and so a process of its own. */
async function measured(part, ...args) {
  const file = inRoot("build", "bench", `${part}.json`);
  mkdirSync(inRoot("build", "bench"), { recursive: true });
  rmSync(file, { force: true });
  // node:sqlite warns that it is young.
  const program = ["--disable-warning=ExperimentalWarning", inRoot("bench", part, "run.mjs")];
  await run(node22(), [...program, ...args, file], { cwd: root, env: wranglerEnv() });
  // A part that only prints writes none.
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : [];
}

/** The same, once all that a part needs is there and the workers are built. */
async function ofWorkers(part, prepare = () => {}, workers = ["edge", "manage", "limiter", "sender"]) {
  await prepare();
  await build(workers);
  return measured(part);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await asProgram(async () => {
    const { names, strict } = asked();
    await setup();
    const file = inRoot("target", "bench.json");
    mkdirSync(inRoot("target"), { recursive: true });
    const measured = await measureParts(PARTS, names, (figures) => {
      writeFileSync(file, `${JSON.stringify(figures, null, 2)}\n`);
    });
    console.log(`\n${table(measured.figures)}\n\nThe same in ${file}`);
    if (measured.failed.length) console.log(`Not measured, as said above: ${measured.failed.join(", ")}`);
    if (strict && wrong(measured).length) {
      throw new Failed(`Not measured, or over the budget: ${wrong(measured).join(", ")}`);
    }
  });
}
