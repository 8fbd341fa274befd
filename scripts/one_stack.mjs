// One stack at a time on a .dev/state. A `npm start` that runs is left alone. What a killed one left behind is ended:
// wrangler and its children live on when their parent is killed outright.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { answers, Failed } from "./run.mjs";

/** The time for an orderly end, then for one by force, milliseconds. */
const END_MS = 5_000;

const recordOf = (home) => path.join(home, ".dev", "pid");

/** Makes this process the one that runs a stack in `home`, or throws. */
export async function claim(home) {
  const { pid, group } = recorded(home);
  const all = await processes();
  const holder = all.find((each) => each.pid === pid && pid !== process.pid);
  if (holder?.command.includes("start.mjs")) {
    throw new Failed(`npm start already runs here, as process ${pid}. It shares .dev/state, so stop it first.`);
  }
  await endLeftBehind(home, group);
  write(home, { pid: process.pid });
}

/** Notes the process group of the stack, for whoever comes after a kill. */
export const noteGroup = (home, group) => write(home, { pid: process.pid, group });

/** Takes the note away: the stack has ended in order. */
export const release = (home) => rmSync(recordOf(home), { force: true });

async function endLeftBehind(home, group) {
  const left = () => leftBehind(home, group);
  const groups = new Set((await left()).map((each) => each.group));
  if (groups.size === 0) return;
  console.log("… Ending what a killed npm start left behind");
  for (const signal of ["SIGTERM", "SIGKILL"]) {
    groups.forEach((each) => signalGroup(each, signal));
    for (const end = Date.now() + END_MS; Date.now() < end; await delay(100)) {
      if ((await left()).length === 0) return;
    }
  }
  const pids = (await left()).map(({ pid }) => pid).join(", ");
  throw new Failed(`A killed npm start left processes that share .dev/state and don't end: ${pids}. End them first.`);
}

/** The processes that serve `home`, and those of the noted group that are wrangler's: it may be another's by now. */
async function leftBehind(home, group) {
  const state = path.join(home, ".dev", "state");
  const isOf = (each) =>
    each.command.includes(`--persist-to ${state}`) || (each.group === group && /workerd|wrangler/.test(each.command));
  return (await processes()).filter(isOf);
}

function recorded(home) {
  if (!existsSync(recordOf(home))) return {};
  try {
    const record = JSON.parse(readFileSync(recordOf(home), "utf8"));
    return typeof record === "number" ? { pid: record } : record;
  } catch {
    return {};
  }
}

function write(home, record) {
  mkdirSync(path.join(home, ".dev"), { recursive: true });
  writeFileSync(recordOf(home), JSON.stringify(record));
}

function signalGroup(group, signal) {
  try {
    process.kill(-group, signal);
  } catch {
    // It has ended already.
  }
}

/** All processes: {pid, group, command}. None on Windows, which has no groups. */
async function processes() {
  if (process.platform === "linux") return readdirSync("/proc").flatMap(ofProc);
  const listed = (await answers("ps", ["-Ao", "pid=,pgid=,args="])) ?? "";
  const lines = listed.split("\n").map((line) => line.trim().match(/^(\d+)\s+(\d+)\s+(.*)$/));
  const found = lines.filter(Boolean);
  return found.map(([, pid, group, command]) => ({ pid: Number(pid), group: Number(group), command }));
}

/** A process by an entry of /proc, since a slim Linux has no `ps`. */
function ofProc(pid) {
  if (!/^\d+$/.test(pid)) return [];
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
    // The fields after the name, which may have any characters and ends with the last parenthesis.
    const [state, , group] = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" ");
    return state === "Z" ? [] : [{ pid: Number(pid), group: Number(group), command }];
  } catch {
    return []; // It has ended meanwhile.
  }
}
