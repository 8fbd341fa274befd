// Fuzzes the webhook engine with the inputs that strangers control.
//
//   npm run fuzz -- headers 60     one target, for this many seconds
//   npm run fuzz                   each target for ten seconds
//
// The targets are cargo-fuzz's (`fuzz/fuzz_targets`), built in the same way, but with the repository's own toolchain.
// Only cargo-fuzz's sanitizers need a nightly one, and there is no unsafe code here for them to watch. The inputs found
// are kept in fuzz/corpus, beside the seeds (`fuzz_seeds.mjs`), and the next run begins with them. An input that fails
// is written to fuzz/artifacts.

import { mkdirSync, readdirSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { readSeeds, writeSeeds } from "./fuzz_seeds.mjs";
import { answers, asProgram, capture, Failed, quietly } from "./run.mjs";
import { inRoot } from "./tools.mjs";

const SECONDS = 10;
/** The time after which an input fails, seconds: no code here may be slower than linear. */
const SLOWEST_SECONDS = 2;

/** The flags for the coverage that guides libFuzzer. */
const COVERAGE = [
  "-Cpasses=sancov-module",
  "-Cllvm-args=-sanitizer-coverage-level=4",
  "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
  "-Cllvm-args=-sanitizer-coverage-pc-table",
  "-Cllvm-args=-sanitizer-coverage-trace-compares",
  "-Ccodegen-units=1",
  "-Cdebug-assertions",
  "-Coverflow-checks",
  "--cfg=fuzzing",
].join("\x1f");

const targets = () => readdirSync(inRoot("fuzz", "fuzz_targets")).map((file) => path.basename(file, ".rs"));

/** Fuzzes each target for some seconds. A crash, a hang or a panic is a failure. */
export async function fuzz(names = targets(), seconds = SECONDS) {
  const compiler = process.env.CXX ?? "c++";
  if (!(await answers(compiler))) {
    return console.log(`Skipped: libFuzzer needs a C++ compiler, and there is no ${compiler}.`);
  }
  const host = (await capture("rustc", ["-vV"])).match(/^host: (\S+)/m)[1];
  const manifest = inRoot("fuzz", "Cargo.toml");
  // With `--target`, build scripts and macros are compiled without coverage.
  const build = ["build", "--release", "--bins", "--manifest-path", manifest, "--target", host, "--target-dir", inRoot("target", "fuzz")];
  await quietly("Building the fuzz targets", "cargo", build, { usually: "1 minute", env: { CARGO_ENCODED_RUSTFLAGS: COVERAGE } });
  const seeds = await readSeeds();
  for (const name of names) {
    const [corpus, artifacts] = ["corpus", "artifacts"].map((kind) => inRoot("fuzz", kind, name));
    for (const directory of [corpus, artifacts]) mkdirSync(directory, { recursive: true });
    writeSeeds(seeds[name] ?? [], corpus);
    const flags = [`-max_total_time=${seconds}`, `-timeout=${SLOWEST_SECONDS}`, "-rss_limit_mb=2048", "-print_final_stats=1", `-artifact_prefix=${artifacts}${path.sep}`];
    const program = inRoot("target", "fuzz", host, "release", name);
    const log = await capture(program, [...flags, corpus], { withErrors: true });
    const inputs = Number(log.match(/number_of_executed_units: (\d+)/)?.[1] ?? 0);
    if (!inputs) throw new Failed(`${name} ran no input:\n${log}`);
    console.log(`ok ${name}: ${inputs.toLocaleString("en")} inputs in ${seconds} s`);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await asProgram(async () => {
    const [name, seconds] = process.argv.slice(2);
    if (name && !targets().includes(name)) throw new Failed(`No target "${name}". There are: ${targets().join(", ")}.`);
    if (seconds && !/^[1-9]\d*$/.test(seconds)) throw new Failed(`"${seconds}" is no number of seconds.`);
    await fuzz(name ? [name] : undefined, seconds && Number(seconds));
  });
}
