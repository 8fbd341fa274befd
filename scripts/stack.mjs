// The stack of `npm start`: all workers on this machine, with the runtime that they are deployed to, its KV and
// its Durable Objects, beside a demo upstream.
//
// One wrangler process runs them all, so that they share storage and reach each other. Only its first worker,
// dev/front, is reachable. It passes each request on by the port in its URL. On each worker's port a pipe copies bytes
// to dev/front, so the Host header stays as the caller sent it.

import { spawn } from "node:child_process";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { noteSecrets } from "./local_secrets.mjs";
import { noteGroup } from "./one_stack.mjs";
import { Failed } from "./run.mjs";
import { inRoot, root, wrangler, wranglerEnv } from "./tools.mjs";

const HOST = "127.0.0.1";
const WORKERS = [
  { name: "edge", binding: "EDGE" },
  { name: "manage", binding: "MANAGE" },
  { name: "upstream", binding: "UPSTREAM" },
];
/** The ports that the documents name. */
export const PORTS = { edge: 8787, manage: 8788, upstream: 8789 };
/** The repository's own wrangler files. */
export const CONFIGS = {
  front: inRoot("dev", "front", "wrangler.toml"),
  edge: inRoot("wrangler.toml"),
  manage: inRoot("crates", "manage", "wrangler.toml"),
  hooks: inRoot("crates", "hooks", "wrangler.toml"),
  limiter: inRoot("crates", "limiter", "wrangler.toml"),
  upstream: inRoot("dev", "upstream", "wrangler.toml"),
};
const READY_SECONDS = 120;
const STOP_SECONDS = 8;

/**
 * Starts the stack.
 *   home     the directory: its .dev/state keeps keys between runs, and its .dev/stack.json has the addresses
 *   configs  the workers' wrangler files, beside which .dev.vars is (local_secrets.mjs)
 *   summary  the facts of the configuration in use
 *   rootKey  the root key of .dev.vars
 *   ports    the port of each worker; if it is taken, the next free one is used
 *   output   the target of wrangler's output, as `stdio` of a child process
 *
 * `ready` resolves to the addresses. `ended` settles when everything has ended: by `stop`, at once by `kill`, or with
 * an error because wrangler ended by itself. `describe` writes .dev/stack.json anew for another summary.
 */
export async function startStack(options) {
  const { summary, rootKey, home = root, configs = CONFIGS, ports = PORTS, output = "inherit" } = options;
  mkdirSync(path.join(home, ".dev", "state"), { recursive: true });
  noteSecrets(home);
  const file = path.join(home, ".dev", "stack.json");
  rmSync(file, { force: true });

  const inner = await freePort(0);
  const pipes = [];
  for (const worker of WORKERS) {
    pipes.push({ ...worker, ...(await openPipe(ports[worker.name], inner)) });
  }
  const server = startWrangler({ home, configs, port: inner, pipes, output });
  noteGroup(home, server.pid);
  const { ended, stop, kill } = ending(server, () => {
    pipes.forEach((pipe) => pipe.close());
    rmSync(file, { force: true });
  });

  const url = Object.fromEntries(pipes.map(({ name, bound }) => [name, `http://${HOST}:${bound}`]));
  const describe = ({ example }) => {
    const { path: guarded, header, environment, scopes } = example;
    const stack = { ...url, root_key: rootKey, guarded, header, environment, scopes };
    // Moved into place, so that nobody reads a half.
    writeFileSync(`${file}.new`, `${JSON.stringify(stack, null, 2)}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
    return stack;
  };
  const answering = [answers(`${url.edge}/keystile/healthz`), answers(`${url.manage}/v1/scopes`)];
  const ready = Promise.race([Promise.all(answering).then(() => describe(summary)), ended]);
  return { ready, ended, stop, kill, describe };
}

/** The text that `npm start` prints once the stack is ready. Its commands are for the configuration in use. */
export function greeting({ edge, manage, upstream, root_key }, { guards, webhooks, upstreams, example }) {
  const places = [
    ["guards", guards.map((path) => path.replace(/(?<=.)\/\*$/, ""))],
    ["takes webhooks at", webhooks],
  ];
  const does = places.filter(([, paths]) => paths.length).map(([does, paths]) => `${does} ${some(paths)}`);
  const isUsed = upstreams.some(({ service }) => service === "UPSTREAM");
  const behind = isUsed ? "the demo behind the edge" : "a demo; the configuration names other upstreams";
  const { environment, scopes } = example;
  return `
Keystile is running.

  edge      ${edge}      ${does.join(", ") || "answers verify"}
  manage    ${manage}      the dashboard, and the management API
  upstream  ${upstream}      ${behind}
  root key  ${root_key}      opens both
  stack     ${path.join(".dev", "stack.json")}

Create a key:

  curl -s ${manage}/v1/tenants/acme/keys \\
    -H 'Authorization: Bearer ${root_key}' \\
    -H 'Content-Type: application/json' \\
    -d '${JSON.stringify({ name: "first key", environment, scopes })}'

${use(edge, root_key, example)}

Ctrl-C stops everything; keys are kept in .dev/state.
`;
}

/** The notes on sources whose events wait in a queue: the runtime on this machine has its queues in memory. */
export function queueNotes({ queued }) {
  if (!queued.length) return [];
  return [`The local queue keeps events in memory: those of ${some(queued)} that still wait are forgotten when npm start ends. In an account they are durable.`];
}

/** A list of paths, as far as it fits into a line. */
const some = ([first, ...more]) => (more.length ? `${first} and ${more.length} more` : first);

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
async function openPipe(wanted, inner) {
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
  const bound = await listen(server, wanted);
  return { bound, close: () => (server.close(), sockets.forEach((socket) => socket.destroy())) };
}

async function listen(server, wanted) {
  for (let port = wanted; ; port += 1) {
    try {
      await new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, HOST, () => resolve(server.off("error", reject)));
      });
      return server.address().port;
    } catch (error) {
      if (error.code !== "EADDRINUSE" || port - wanted > 100) throw error;
    }
  }
}

async function freePort(wanted) {
  const probe = net.createServer();
  const port = await listen(probe, wanted);
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

function startWrangler({ home, configs, port, pipes, output }) {
  const ports = Object.fromEntries(pipes.map(({ bound, binding }) => [bound, binding]));
  const { front, edge, manage, hooks, limiter, upstream } = configs;
  const [command, args] = wrangler(
    "dev",
    ...[front, edge, manage, hooks, limiter, upstream].flatMap((config) => ["-c", config]),
    ...["--ip", HOST, "--port", String(port), "--inspector-port", "0"],
    ...["--persist-to", path.join(home, ".dev", "state"), "--var", `PORTS:${JSON.stringify(ports)}`],
    "--show-interactive-dev-session=false",
  );
  // A process group of its own, so that it is stopped as a whole, and only by this program.
  return spawn(command, args, {
    cwd: root,
    detached: true,
    stdio: ["ignore", output, output],
    env: {
      ...process.env,
      ...wranglerEnv(),
      WRANGLER_LOG_PATH: path.join(home, ".dev", "logs"),
      // Workers of other projects, or of another clone, must not be reachable.
      WRANGLER_REGISTRY_PATH: path.join(home, ".dev", "registry"),
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
