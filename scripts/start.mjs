// `npm start`: runs the stack of stack.mjs in this clone, until Ctrl-C. .dev/state keeps keys between runs;
// .dev/stack.json has the addresses while it runs. The pages are built when everything else runs.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";

import { build, WORKERS } from "./build.mjs";
import { START } from "./host_tools.mjs";
import { keepPagesBuilt, providePages } from "./live_pages.mjs";
import { asProgram, Failed } from "./run.mjs";
import { setup } from "./setup.mjs";
import { greeting, startStack } from "./stack.mjs";
import { inRoot } from "./tools.mjs";

const PID = inRoot(".dev", "pid");

await asProgram(async () => {
  await setup();
  refuseSecondStack();
  // The builds that wrangler starts inherit this.
  process.env.KEYSTILE_PROFILE = START;
  await build(["config", ...WORKERS]);
  providePages();
  const { ready, ended, stop } = await startStack();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, stop);
  stopWithoutNpm(stop);
  const pages = new AbortController();
  try {
    const stack = await ready;
    if (stack) console.log(greeting(stack));
    await (stack ? Promise.race([ended, keepPagesBuilt(stack.manage, pages.signal)]) : ended);
  } finally {
    pages.abort();
    stop();
    rmSync(PID, { force: true });
  }
});

function refuseSecondStack() {
  mkdirSync(inRoot(".dev"), { recursive: true });
  const pid = existsSync(PID) ? Number(readFileSync(PID, "utf8")) : 0;
  if (pid && isRunning(pid)) {
    throw new Failed(`npm start already runs here, as process ${pid}. It shares .dev/state, so stop it first.`);
  }
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

/** Stops if npm is gone: an npm that is killed outright can't pass the signal on. */
function stopWithoutNpm(stop) {
  if (!process.env.npm_lifecycle_event) return;
  const npm = process.ppid;
  setInterval(() => process.ppid !== npm && stop(), 1000).unref();
}
