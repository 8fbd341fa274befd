// `keystile logs`: the logs of all deployed workers, merged, each line with its worker's name.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

import { WrongUsage } from "../failed.mjs";
import { write } from "../stdout.mjs";
import { inAccount } from "./account.mjs";
import { readConfiguration } from "./configuration.mjs";
import { CONFIG, projectOf } from "./project.mjs";
import { passSignals } from "./run.mjs";
import { named, WORKERS } from "./wrangler_files.mjs";

export const logs = {
  name: "logs",
  summary: "follow the logs of all deployed workers, until Ctrl-C",
  options: {
    config: CONFIG,
    worker: { type: "string", multiple: true, value: "WORKER", summary: `only of ${WORKERS.join(", ")}; may be repeated` },
    json: { type: "boolean", summary: "an event of the platform a line" },
  },
  async run({ values, io }) {
    const chosen = values.worker ?? WORKERS;
    const unknown = chosen.find((worker) => !WORKERS.includes(worker));
    if (unknown !== undefined) throw new WrongUsage(`There is no worker "${unknown}". There are: ${WORKERS.join(", ")}.`);
    const project = projectOf(values, io);
    const { summary } = await readConfiguration(project.file, project.home);
    const place = inAccount(project, summary.deploy.account_id);
    const unwritten = new AbortController();
    const out = (line) => write(io, line).catch((error) => unwritten.abort(error));
    const shown = { json: values.json, say: io.say, out, signal: unwritten.signal };
    const ended = chosen.map((worker) => follow(place, named(`keystile-${worker}`, summary), worker, shown));
    const failed = (await Promise.all(ended)).filter((code) => code !== 0);
    unwritten.signal.throwIfAborted();
    return failed.length ? 1 : 0;
  },
};

/** The exit codes of a wrangler that was stopped: none, or what its launcher makes of SIGINT and SIGTERM. */
const STOPPED = [null, 130, 143];

/** Follows a worker until `signal`; resolves to wrangler's exit code, or 0 if it was stopped. */
function follow(place, name, worker, { json, say, out, signal }) {
  const [command, args] = place.wrangler("tail", name, "--format", json ? "json" : "pretty");
  const child = spawn(command, args, {
    cwd: place.home,
    env: { ...process.env, ...place.wranglerEnv() },
    stdio: ["ignore", "pipe", "pipe"],
  });
  passSignals(child);
  signal.addEventListener("abort", () => child.kill("SIGTERM"));
  const label = worker.padEnd(7);
  if (json) eachEvent(child.stdout, (event) => out(JSON.stringify({ worker, ...event })));
  else createInterface({ input: child.stdout }).on("line", (line) => out(`${label} ${line}`));
  createInterface({ input: child.stderr }).on("line", (line) => say(`${label} ${line}`));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => resolve(STOPPED.includes(code) ? 0 : code));
  });
}

/** Calls with each JSON value of a stream in which they follow each other, over any number of lines. */
function eachEvent(stream, call) {
  let text = "";
  createInterface({ input: stream }).on("line", (line) => {
    text += line;
    try {
      call(JSON.parse(text));
      text = "";
    } catch {
      // The value goes on in the next line.
    }
  });
}
