// The time of the first `npm start`: a fresh clone of what is committed, with empty caches of cargo and npm, until the
// stack is ready. What is installed is what CONTRIBUTING.md asks for: Node, the Rust toolchain, a C compiler.
//
//   node run.mjs FILE_FOR_THE_FIGURES

import { execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import path from "node:path";

import { asProgram, Failed } from "../../scripts/run.mjs";
import { root } from "../../scripts/tools.mjs";
import { figure } from "../figures.mjs";

const PATIENCE_MINUTES = 40;

await asProgram(async () => {
  const home = mkdtempSync(path.join(tmpdir(), "keystile-first-start-"));
  try {
    const seconds = await firstStart(home);
    console.log(`\nReady after ${seconds.toFixed(0)} seconds.`);
    writeFileSync(process.argv[2], JSON.stringify([figure("first_start_s", seconds)]));
  } finally {
    remove(home);
  }
});

function remove(home) {
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
}

/** Seconds until the stack of a fresh clone is ready, the clone included. */
async function firstStart(home) {
  const env = emptyCaches(home);
  const clone = path.join(home, "clone");
  const began = performance.now();
  execFileSync("git", ["clone", "--quiet", "--no-hardlinks", root, clone]);
  // A process group of its own, which is ended as a whole.
  const child = spawn("npm", ["start"], { cwd: clone, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve) => child.on("close", resolve));
  // It would live on without this program.
  process.once("exit", () => {
    end(child);
    remove(home);
  });
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
  const deadline = setTimeout(() => end(child), PATIENCE_MINUTES * 60_000);
  try {
    return await new Promise((resolve, reject) => {
      let said = "";
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8").on("data", (text) => {
          process.stdout.write(text.replaceAll(/root key +\S+/g, "root key …"));
          said = (said + text).slice(-4_000);
          if (said.includes("Keystile is running.")) resolve((performance.now() - began) / 1000);
        });
      }
      child.on("error", reject);
      child.on("close", (code) => {
        reject(new Failed(`npm start ended (${code}) and never said that it runs:\n${said}`));
      });
    });
  } finally {
    clearTimeout(deadline);
    end(child);
    await ended;
  }
}

/** The environment with every cache in `home`. The toolchain and the settings of registries stay. */
function emptyCaches(home) {
  const settings = process.env.CARGO_HOME ?? path.join(homedir(), ".cargo");
  const cargo = path.join(home, "cargo");
  mkdirSync(cargo);
  for (const file of ["config.toml", "config", "credentials.toml"]) {
    if (existsSync(path.join(settings, file))) cpSync(path.join(settings, file), path.join(cargo, file));
  }
  const env = { ...process.env };
  // Of the npm that runs `npm run bench`: they would go before the clone's own.
  for (const name of Object.keys(env)) if (/^npm_|^INIT_CWD$|^CARGO_|^KEYSTILE_/.test(name)) delete env[name];
  return {
    ...env,
    CARGO_HOME: cargo,
    RUSTUP_HOME: process.env.RUSTUP_HOME ?? path.join(homedir(), ".rustup"),
    npm_config_cache: path.join(home, "npm"),
    XDG_CACHE_HOME: path.join(home, "cache"),
  };
}

function end(child) {
  try {
    process.kill(-child.pid, "SIGTERM");
  } catch {
    // It has ended already.
  }
}
