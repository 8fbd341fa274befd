// The stack: all workers on this machine, with the runtime that they are deployed to, its KV and
// its Durable Objects, beside a demo upstream.
//
// One wrangler process runs them all, so that they share storage and reach each other. Only its first worker,
// the front, is reachable. It passes each request on by the port in its URL. On each worker's port a pipe copies bytes
// to the front, so the Host header stays as the caller sent it.

import { spawn } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { Failed } from "../failed.mjs";
import { writePrivately } from "../new_file.mjs";
import { noteSecrets } from "./local_secrets.mjs";
import { noteGroup } from "./one_stack.mjs";
import { own, registryOf, stateOf } from "./place.mjs";
import { demoName } from "./wrangler_files.mjs";

const HOST = "127.0.0.1";
const WORKERS = [
  { name: "edge", binding: "EDGE" },
  { name: "manage", binding: "MANAGE" },
  { name: "upstream", binding: "UPSTREAM" },
];
/** The ports that the documents name. */
export const PORTS = { edge: 8787, manage: 8788, upstream: 8789 };
const READY_SECONDS = 120;
const STOP_SECONDS = 8;

/**
 * Starts the stack.
 *   place    where; see place.mjs
 *   configs  the wrangler file of each worker, and those of the user's own in `others`
 *   summary  the facts of the configuration in use
 *   rootKey  the root key of .dev.vars
 *   ports    the port of each worker; if it is taken, the next free one is used
 *   exact    the names of those whose port must be free
 *   output   the target of wrangler's output, as `stdio` of a child process
 *   listen   gets the output, if that is "pipe"
 *
 * `ready` resolves to the addresses. `ended` settles when everything has ended: by `stop`, at once by `kill`, or with
 * an error because wrangler ended by itself. `describe` writes stack.json anew for another summary.
 */
export async function startStack(options) {
  const { place, summary, rootKey, configs, ports = PORTS, exact = [], output = "inherit", listen: heard } = options;
  mkdirSync(stateOf(place), { recursive: true });
  noteSecrets(place);
  const file = own(place, "stack.json");
  rmSync(file, { force: true });

  const inner = await freePort(0);
  const pipes = [];
  for (const worker of WORKERS) {
    const opened = await openPipe(ports[worker.name], inner, exact.includes(worker.name)).catch((error) => {
      pipes.forEach((pipe) => pipe.close());
      throw error;
    });
    pipes.push({ ...worker, ...opened });
  }
  const server = startWrangler({ place, configs, port: inner, pipes, output });
  for (const stream of [server.stdout, server.stderr]) stream?.setEncoding("utf8").on("data", heard);
  noteGroup(place, server.pid);
  const { ended, stop, kill } = ending(server, () => {
    pipes.forEach((pipe) => pipe.close());
    rmSync(file, { force: true });
  });

  const url = Object.fromEntries(pipes.map(({ name, bound }) => [name, `http://${HOST}:${bound}`]));
  const describe = ({ example }) => {
    const { path: guarded, header, environment, scopes } = example;
    const stack = { ...url, root_key: rootKey, guarded, header, environment, scopes };
    writePrivately(file, `${JSON.stringify(stack, null, 2)}\n`);
    return stack;
  };
  const answering = [answers(`${url.edge}/keystile/healthz`), answers(`${url.manage}/v1/scopes`)];
  const ready = Promise.race([Promise.all(answering).then(() => describe(summary)), ended]);
  return { ready, ended, stop, kill, describe };
}

/**
 * The text that is printed once the stack is ready. Its commands are for the configuration in use. `services` are the
 * workers behind the bindings, and `files` those of the user's own; by default the demo is behind `UPSTREAM`.
 */
export function greeting(place, { edge, manage, upstream, root_key }, summary, { services, files } = bindingsOfDemo(summary)) {
  const { guards, webhooks, example } = summary;
  const places = [
    ["guards", guards.map((path) => path.replace(/(?<=.)\/\*$/, ""))],
    ["takes webhooks at", webhooks],
  ];
  const does = places.filter(([, paths]) => paths.length).map(([does, paths]) => `${does} ${some(paths)}`);
  const behind = behindTheEdge(place, upstream, summary, { services, files });
  return `
Keystile is running.

  edge      ${edge}      ${does.join(", ") || "answers verify"}
  manage    ${manage}      the dashboard, and the management API
${behind ? `  upstream  ${behind}\n` : ""}  root key  ${root_key}      opens both
  stack     ${path.join(place.own, "stack.json")}

${summary.scopes ? firstKey({ edge, manage, root_key }, example) : FIRST_DELIVERY}

Ctrl-C stops everything; keys are kept in ${place.own}/state.
`;
}

/** The notes on sources whose events wait in a queue: the runtime on this machine has its queues in memory. */
export function queueNotes(place, { queued }) {
  if (!queued.length) return [];
  return [`The local queue keeps events in memory: those of ${some(queued)} that still wait are forgotten when ${place.start} ends. In an account they are durable.`];
}

/** A list of paths, as far as it fits into a line. */
const some = ([first, ...more]) => (more.length ? `${first} and ${more.length} more` : first);

const bindingsOfDemo = (summary) => ({ services: { UPSTREAM: demoName(summary) }, files: [] });

/** Where the upstreams are; undefined if there are none. */
function behindTheEdge({ home }, demo, summary, { services, files }) {
  if (summary.upstreams.length === 0) return undefined;
  if (summary.upstreams.some(({ service }) => service && services[service] === demoName(summary))) return `${demo}      the demo behind the edge`;
  const file = (service) => files.find(({ name }) => name === services[service])?.file;
  const where = ({ url, service }) => url ?? (file(service) ? path.relative(home, file(service)) : service);
  return `${some(summary.upstreams.map(where))}      behind the edge`;
}

const FIRST_DELIVERY = `The configuration has no [[scopes]], so there are no keys. To send a delivery as its sender would:

  https://github.com/keystile/keystile/blob/main/docs/guide/receive-webhooks.md#try-it`;

const firstKey = ({ edge, manage, root_key }, example) => `Create a key:

  curl -s ${manage}/v1/tenants/acme/keys \\
    -H 'Authorization: Bearer ${root_key}' \\
    -H 'Content-Type: application/json' \\
    -d '${JSON.stringify({ name: "first key", environment: example.environment, scopes: example.scopes })}'

${use(edge, root_key, example)}`;

function use(edge, rootKey, { path, method, verify, header }) {
  if (path === null) {
    return `Ask for a verdict on the "key" of the answer:

  curl -s ${edge}${verify} -H 'Authorization: Bearer ${rootKey}' \\
    -H 'Content-Type: application/json' -d '{"key":"PASTE_THE_KEY"}'`;
  }
  return `Call the guarded API with the "key" of the answer:

  curl -s ${method === "GET" ? "" : `-X ${method} `}${edge}${path} -H '${header}PASTE_THE_KEY'`;
}

/** Copies bytes between the worker's port, or the next free one, and wrangler's. */
async function openPipe(wanted, inner, exact) {
  const sockets = new Set();
  const server = net.createServer((client) => {
    const worker = net.connect(inner, HOST);
    for (const [from, to] of [[client, worker], [worker, client]]) {
      sockets.add(from);
      from.pipe(to);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  const bound = await listen(server, wanted, exact);
  return { bound, close: () => (server.close(), sockets.forEach((socket) => socket.destroy())) };
}

async function listen(server, wanted, exact) {
  for (let port = wanted; ; port += 1) {
    try {
      await new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, HOST, () => resolve(server.off("error", reject)));
      });
      return server.address().port;
    } catch (error) {
      if (error.code !== "EADDRINUSE" && error.code !== "EACCES") throw error;
      if (exact || port - wanted > 100) {
        throw new Failed(
          `The port ${port} can't be used (${error.code}). Name another, or leave it out: then the next free one is taken.`,
        );
      }
    }
  }
}

async function freePort(wanted) {
  const probe = net.createServer();
  const port = await listen(probe, wanted);
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

function startWrangler({ place, configs, port, pipes, output }) {
  const ports = Object.fromEntries(pipes.map(({ bound, binding }) => [bound, binding]));
  const { front, edge, manage, hooks, sender, limiter, upstream, others = [] } = configs;
  const [command, args] = place.wrangler(
    "dev",
    ...[front, edge, manage, hooks, sender, limiter, upstream, ...others].flatMap((config) => ["-c", config]),
    ...["--ip", HOST, "--port", String(port), "--inspector-port", "0"],
    ...["--persist-to", stateOf(place), "--var", `PORTS:${JSON.stringify(ports)}`],
    "--show-interactive-dev-session=false",
  );
  // A process group of its own, so that it is stopped as a whole, and only by this program.
  return spawn(command, args, {
    cwd: place.home,
    detached: true,
    stdio: ["ignore", output, output],
    env: {
      ...process.env,
      ...place.wranglerEnv(),
      WRANGLER_LOG_PATH: own(place, "logs"),
      WRANGLER_REGISTRY_PATH: registryOf(place),
    },
  });
}

/** Watches for the server's end. `stop` ends wrangler and all its children, `kill` outright; then `ended` settles. */
function ending(server, cleanUp) {
  let asked = false;
  const signalGroup = (signal) => {
    try {
      process.kill(-server.pid, signal);
    } catch {
      // It has ended already.
    }
  };
  const stop = () => {
    if (asked) return;
    asked = true;
    signalGroup("SIGTERM");
    setTimeout(() => signalGroup("SIGKILL"), STOP_SECONDS * 1000).unref();
  };
  const kill = () => {
    asked = true;
    signalGroup("SIGKILL");
  };
  const atExit = () => signalGroup("SIGKILL");
  process.on("exit", atExit);
  const ended = new Promise((resolve, reject) => {
    server.on("error", reject);
    server.on("exit", (code) => {
      process.off("exit", atExit);
      signalGroup("SIGKILL");
      cleanUp();
      if (asked) resolve();
      else reject(new Failed(`wrangler ended by itself (exit code ${code}).`));
    });
  });
  return { ended, stop, kill };
}

/** Waits until a worker gives any answer. */
async function answers(url) {
  const deadline = Date.now() + READY_SECONDS * 1000;
  while (Date.now() < deadline) {
    try {
      await fetch(url, { signal: AbortSignal.timeout(5_000) });
      return;
    } catch {
      await delay(200);
    }
  }
  throw new Failed(`${url} did not answer within ${READY_SECONDS} seconds.`);
}
