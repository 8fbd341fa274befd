// A newcomer's first minute: an empty folder, an empty HOME, no Rust on the PATH, and the packed packages in place of
// the registry's. npm fetches wrangler as it would for them.

import { execFile, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

import { inRoot, node22 } from "../../scripts/tools.mjs";

const PATIENCE_SECONDS = 240;

/**
 * Creates a project, starts it, makes a key, calls with it, revokes it and calls again. Returns the statuses of the two
 * calls, and the seconds of each step, from the empty folder on.
 */
export async function newcomer() {
  const folder = mkdtempSync(path.join(tmpdir(), "keystile-newcomer-"));
  const env = environment(folder);
  const [cli, create] = ["cli", "create-keystile"].map((name) => pack(name, folder));
  const gate = path.join(folder, "my-gate");
  const seconds = {};
  const began = performance.now();
  const step = async (name, work) => {
    const result = await work();
    seconds[name] = Number(((performance.now() - began) / 1000).toFixed(1));
    return result;
  };
  const npm = async (args, cwd = gate) => (await promisify(execFile)("npm", args, { cwd, env, maxBuffer: 2 ** 24 })).stdout;
  const keystile = (...args) => npm(["exec", "--", "keystile", ...args]);
  let running;
  try {
    await step("create", () => npm(["exec", "--yes", `--package=${create}`, "--", "create-keystile", "my-gate", "--yes", "--cli", cli], folder));
    await step("install", () => npm(["install", "--no-audit", "--no-fund"]));
    running = start(gate, env);
    const { edge } = await step("start", running.ready);
    const [, ofReadme] = /^npx keystile (keys create .+)$/m.exec(readFileSync(path.join(gate, "README.md"), "utf8"));
    const key = JSON.parse(await step("key", () => keystile(...ofReadme.split(/ +/), "--json")));
    const call = async () => {
      const response = await fetch(`${edge}/api/hello`, { headers: { Authorization: `Bearer ${key.key}` } });
      return { status: response.status, body: await response.json() };
    };
    const guarded = await step("call", call);
    await step("revoke", () => keystile("keys", "revoke", "acme", key.id, "--yes", "--wait", "10"));
    return { seconds, guarded, revoked: await call() };
  } finally {
    await running?.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The newcomer's own environment: where npm finds its registry is all that is taken over. */
function environment(folder) {
  const home = path.join(folder, "home");
  mkdirSync(home);
  const npm = path.dirname(execFileSync("sh", ["-c", "command -v npm"], { encoding: "utf8" }).trim());
  const PATH = [path.dirname(node22()), npm, "/usr/bin", "/bin"].join(path.delimiter);
  if (["cargo", "rustc"].some((program) => PATH.split(path.delimiter).some((place) => existsSync(path.join(place, program))))) {
    throw new Error(`there is Rust on the PATH of a newcomer: ${PATH}`);
  }
  const settings = execFileSync("npm", ["config", "get", "registry"], { encoding: "utf8" }).trim();
  const proxies = Object.entries(process.env).filter(([name]) => /^(https?_proxy|no_proxy|node_extra_ca_certs)$/i.test(name));
  return { ...Object.fromEntries(proxies), PATH, HOME: home, npm_config_registry: settings };
}

function pack(name, folder) {
  const packed = execFileSync("npm", ["pack", "--json", "--pack-destination", folder], {
    cwd: inRoot("packages", name),
    stdio: ["ignore", "pipe", "pipe"],
  });
  return path.join(folder, JSON.parse(packed)[0].filename);
}

/** `npm start`, in a process group of its own, which is ended as a whole. */
function start(gate, env) {
  const child = spawn("npm", ["start", "--", "--edge-port", "0", "--manage-port", "0", "--upstream-port", "0"], {
    cwd: gate,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (said += text));
  const ended = new Promise((resolve) => child.on("close", resolve));
  let isOver = false;
  ended.then(() => (isOver = true));
  return {
    async ready() {
      for (const end = Date.now() + PATIENCE_SECONDS * 1000; Date.now() < end && !isOver; await delay(50)) {
        if (said.includes("Ctrl-C stops everything")) return JSON.parse(readFileSync(path.join(gate, ".keystile", "stack.json"), "utf8"));
      }
      throw new Error(`npm start did not say that it runs:\n${said}`);
    },
    async stop() {
      if (!isOver) process.kill(-child.pid, "SIGTERM");
      await ended;
    },
  };
}
