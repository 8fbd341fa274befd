// `keystile dev`: the whole stack on this machine, until Ctrl-C.

import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { Failed } from "../failed.mjs";
import { count } from "../option_values.mjs";
import { readConfiguration } from "./configuration.mjs";
import { missingLines } from "./git_ignore.mjs";
import { keepUpToDate } from "./live_files.mjs";
import { localSecrets } from "./local_secrets.mjs";
import { claim, release, stopWithNpm } from "./one_stack.mjs";
import { own } from "./place.mjs";
import { CONFIG, prepare, projectOf } from "./project.mjs";
import { findServices, localServices } from "./services.mjs";
import { greeting, PORTS, queueNotes, startStack } from "./stack.mjs";
import { workersOutput } from "./workers_output.mjs";
import { writeWorkers } from "./wrangler_files.mjs";

const port = (name) => ({
  type: "string",
  value: "PORT",
  summary: `the ${name}'s port, instead of ${PORTS[name]} or the next free one`,
});

export const dev = {
  name: "dev",
  summary: "run the whole stack on this machine, until Ctrl-C",
  options: {
    config: CONFIG,
    "edge-port": port("edge"),
    "manage-port": port("manage"),
    "upstream-port": port("upstream"),
    json: { type: "boolean", summary: "print the addresses as a line of JSON once it is ready" },
  },
  details: `
Keys are kept in .keystile/state, the local secrets in .dev.vars, and the addresses, while it runs, in
.keystile/stack.json. An edit of keystile.toml or .dev.vars is taken over at once.`,
  async run({ values, io }) {
    const place = projectOf(values, io);
    const { ports, exact } = chosenPorts(values);
    const written = await write(place);
    prepare(place);
    const missing = missingLines(place.home);
    if (missing.length) io.say(`! .gitignore lacks ${missing.join(" and ")}: local secrets could get into git. Add it.`);
    await claim(place);
    try {
      await runUntilStopped(place, written, { ports, exact, io, values });
    } finally {
      release(place);
    }
  },
};

function chosenPorts(values) {
  const ports = { ...PORTS };
  const exact = Object.keys(PORTS).filter((name) => values[`${name}-port`] !== undefined);
  for (const name of exact) {
    ports[name] = count(`${name}-port`, values[`${name}-port`], { least: 0, most: 65_535 });
  }
  return { ports, exact };
}

/** Reads the configuration and writes the workers of it. */
async function write(place) {
  const { workers, summary, warnings } = await readConfiguration(place.file, place.home);
  const found = await findServices(summary, place.home);
  const { services, notes } = localServices(found, summary);
  const { configs, changed } = writeWorkers(own(place, "workers"), workers, { summary, services }, { beside: true });
  if (changed) warnings.forEach((warning) => place.say(`! ${warning}`));
  const bound = { services, files: found.files };
  return { configs: { ...configs, others: found.files.map(({ file }) => file) }, summary, bound, changed, notes };
}

async function runUntilStopped(place, { configs, summary, bound, notes }, { ports, exact, io, values }) {
  const { rootKey, notes: ofSecrets } = await localSecrets(place, configs, summary);
  const log = own(place, "logs", "dev.log");
  mkdirSync(path.dirname(log), { recursive: true });
  writeFileSync(log, "");
  const shown = workersOutput(io.say, (text) => appendFileSync(log, text));
  io.say("… Starting the workers");
  const running = await startStack({ place, configs, summary, rootKey, ports, exact, output: "pipe", listen: shown.take });
  const ending = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, running.stop);
  stopWithNpm(running.stop);
  try {
    const stack = await running.ready;
    if (stack) {
      shown.begin();
      io.say(greeting(place, stack, summary, bound));
      if (values.json) io.out(JSON.stringify({ edge: stack.edge, manage: stack.manage, upstream: stack.upstream }));
      const ofSummary = (summary) => queueNotes(place, summary);
      for (const note of [...ofSecrets, ...notes, ...ofSummary(summary)]) io.say(`! ${note}\n`);
      const live = { file: place.file, write: () => write(place), notes: ofSummary, changed: running.describe };
      keepUpToDate({ place, configs, summary, signal: ending.signal, ...live });
    }
    await running.ended;
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    throw new Failed(`${error.message}\n${shown.last()}The whole log is in ${path.relative(place.home, log)}.`);
  } finally {
    ending.abort();
    running.stop();
  }
}
