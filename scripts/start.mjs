// `npm start`: all three workers on this machine, with the runtime they are deployed
// to, its KV and its Durable Objects, beside a demo upstream.
//
// One wrangler process runs them all, so that they share storage and reach each
// other. Only its first worker is reachable, dev/front, which passes each
// request on by the port in its URL; before it stands, on each worker's port, a
// pipe that copies bytes and so leaves the Host header as the caller sent it.
//
// .dev/state keeps keys between runs; .dev/stack.json says where everything is
// while it runs.

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { build } from "./build.mjs";
import { START } from "./host_tools.mjs";
import { asProgram, Failed } from "./run.mjs";
import { setup } from "./setup.mjs";
import { inRoot, root, wrangler, wranglerEnv } from "./tools.mjs";

const HOST = "127.0.0.1";
const WORKERS = [
  { name: "edge", binding: "EDGE", port: 8787 },
  { name: "manage", binding: "MANAGE", port: 8788 },
  { name: "upstream", binding: "UPSTREAM", port: 8789 },
];
const GUARDED = "/api/leads";
const READY_SECONDS = 120;
const STOP_SECONDS = 8;
const STACK = inRoot(".dev", "stack.json");
const PID = inRoot(".dev", "pid");

await asProgram(async () => {
  await setup();
  refuseSecondStack();
  // The builds that wrangler starts inherit it.
  process.env.KEYSTILE_PROFILE = START;
  await build();
  const secrets = devSecrets();

  const inner = await freePort(0);
  const pipes = [];
  for (const worker of WORKERS) {
    pipes.push({ ...worker, ...(await openPipe(worker.port, inner)) });
  }
  const server = startWrangler(inner, pipes);
  const stopped = stopOnSignals(server, pipes);

  const url = Object.fromEntries(pipes.map(({ name, bound }) => [name, `http://${HOST}:${bound}`]));
  const ready = await Promise.race([
    Promise.all([answering(`${url.edge}/keystile/healthz`), answering(`${url.manage}/v1/scopes`)]),
    stopped,
  ]);
  if (ready) {
    const stack = { ...url, root_key: secrets.KEYSTILE_ROOT_KEY, guarded: GUARDED };
    writeFileSync(STACK, `${JSON.stringify(stack, null, 2)}\n`, { mode: 0o600 });
    greet(stack);
  }
  await stopped;
});

function refuseSecondStack() {
  mkdirSync(inRoot(".dev"), { recursive: true });
  const pid = existsSync(PID) ? Number(readFileSync(PID, "utf8")) : 0;
  if (pid && isRunning(pid)) {
    throw new Failed(`npm start already runs here, as process ${pid}. It shares .dev/state, so stop it first.`);
  }
  rmSync(STACK, { force: true });
  writeFileSync(PID, String(process.pid));
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** .dev.vars, where wrangler looks for secrets: yours if you wrote one, else made at the first start. */
function devSecrets() {
  const file = inRoot(".dev.vars");
  let text = existsSync(file) ? readFileSync(file, "utf8") : "# Local secrets, made by npm start. Not in git.\n";
  const value = (name) => text.match(new RegExp(`^\\s*${name}\\s*=\\s*(["']?)(.*?)\\1\\s*$`, "m"))?.[2];
  for (const [name, fresh] of [
    ["KEYSTILE_SECRET", () => randomBytes(32).toString("base64")],
    ["KEYSTILE_ROOT_KEY", () => `ksroot_${randomBytes(32).toString("base64url")}`],
    // Those of the demo source of webhooks: the sender's, and the one that its deliveries are signed with again.
    ["DEMO_WEBHOOK_SECRET", () => `whsec_${randomBytes(32).toString("base64")}`],
    ["DEMO_EVENTS_SECRET", () => `whsec_${randomBytes(32).toString("base64")}`],
  ]) {
    if (!value(name)) text = `${text.trimEnd()}\n${name}="${fresh()}"\n`;
  }
  for (const each of [file, inRoot("crates", "manage", ".dev.vars"), inRoot("crates", "hooks", ".dev.vars")]) {
    writeFileSync(each, text, { mode: 0o600 });
  }
  return { KEYSTILE_ROOT_KEY: value("KEYSTILE_ROOT_KEY") };
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

function startWrangler(port, pipes) {
  const ports = Object.fromEntries(pipes.map(({ bound, binding }) => [bound, binding]));
  const configs = ["dev/front/wrangler.toml", "wrangler.toml", "crates/manage/wrangler.toml", "crates/hooks/wrangler.toml", "dev/upstream/wrangler.toml"];
  const [command, args] = wrangler(
    "dev",
    ...configs.flatMap((config) => ["-c", config]),
    ...["--ip", HOST, "--port", String(port), "--inspector-port", "0"],
    ...["--persist-to", inRoot(".dev", "state"), "--var", `PORTS:${JSON.stringify(ports)}`],
    "--show-interactive-dev-session=false",
  );
  // A process group of its own: it is stopped whole, and by us alone.
  return spawn(command, args, {
    cwd: root,
    detached: true,
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...process.env,
      ...wranglerEnv(),
      // Workers of other projects, or of another clone, are not ours to reach.
      WRANGLER_REGISTRY_PATH: inRoot(".dev", "registry"),
    },
  });
}

/** Resolves when everything has ended: by Ctrl-C, by SIGTERM, or because wrangler did. */
function stopOnSignals(server, pipes) {
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
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, stop);
  stopWithoutNpm(stop);
  process.on("exit", () => signalGroup("SIGKILL"));

  return new Promise((resolve, reject) => {
    server.on("error", reject);
    server.on("exit", (code) => {
      signalGroup("SIGKILL");
      pipes.forEach((pipe) => pipe.close());
      rmSync(STACK, { force: true });
      rmSync(PID, { force: true });
      if (asked) resolve();
      else reject(new Failed(`wrangler ended by itself (exit code ${code}).`));
    });
  });
}

/** npm that is killed outright can't pass that on: it is noticed by its absence. */
function stopWithoutNpm(stop) {
  if (!process.env.npm_lifecycle_event) return;
  const npm = process.ppid;
  setInterval(() => process.ppid !== npm && stop(), 1000).unref();
}

/** Waits until a worker answers anything at all. */
async function answering(url) {
  const deadline = Date.now() + READY_SECONDS * 1000;
  while (Date.now() < deadline) {
    try {
      await fetch(url, { signal: AbortSignal.timeout(5_000) });
      return true;
    } catch {
      await delay(200);
    }
  }
  throw new Failed(`${url} did not answer within ${READY_SECONDS} seconds.`);
}

function greet({ edge, manage, upstream, root_key }) {
  console.log(`
Keystile is running.

  edge      ${edge}      guards ${GUARDED}, takes webhooks at /hooks/demo
  manage    ${manage}      the management API
  upstream  ${upstream}      the demo behind the edge
  root key  ${root_key}
  stack     ${path.relative(root, STACK)}

Create a key:

  curl -s ${manage}/v1/tenants/acme/keys \\
    -H 'Authorization: Bearer ${root_key}' \\
    -H 'Content-Type: application/json' \\
    -d '{"name":"first key","environment":"live","scopes":["read:leads"]}'

Call the guarded API with the "key" of the answer:

  curl -s ${edge}${GUARDED} -H 'Authorization: Bearer PASTE_THE_KEY'

Ctrl-C stops everything; keys are kept in .dev/state.
`);
}
