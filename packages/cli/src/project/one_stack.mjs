// One stack at a time in a place, be it of `keystile dev` or of a clone's `npm start`. One that runs is left alone.
// The remains of a killed one are ended: wrangler and its children live on when their parent is killed outright.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { Failed } from "../failed.mjs";
import { own, stateOf } from "./place.mjs";
import { answers } from "./run.mjs";

/** The command lines of those that start a stack: of `npm start`, and of `keystile dev`. */
const STARTS = /start\.mjs|keystile(\.js)? (.* )?dev( |$)/;
/** The time for an orderly end, then for one by force, milliseconds. */
const END_MS = 5_000;

const recordOf = (place) => own(place, "pid");

/** Makes this process the one that runs a stack in this place, or throws. */
export async function claim(place) {
  const { pid, group, start = place.start } = recorded(place);
  const all = await processes();
  const holder = all.find((each) => each.pid === pid && pid !== process.pid);
  if (STARTS.test(holder?.command ?? "")) {
    throw new Failed(`${start} already runs here, as process ${pid}. It shares ${place.own}/state, so stop it first.`);
  }
  await endLeftBehind(place, group, start);
  write(place);
}

/** Notes the process group of the stack, for whoever comes after a kill. */
export const noteGroup = (place, group) => write(place, { group });

/** Whether the stack that is noted in this place runs: the process that started it, and wrangler. */
export async function runs(place) {
  const { pid, group } = recorded(place);
  if (pid === undefined) return false;
  if (process.platform === "win32") return isThere(pid);
  const all = await processes();
  return all.some((each) => each.pid === pid) && all.some((each) => isWranglers(each, group));
}

/** The command that started the stack that is noted in this place. */
export const startOf = (place) => recorded(place).start ?? place.start;

/** Takes the note away: the stack has ended in order. */
export const release = (place) => rmSync(recordOf(place), { force: true });

/** Stops if npm is gone: an npm that is killed outright can't pass the signal on. */
export function stopWithNpm(stop) {
  if (!process.env.npm_lifecycle_event) return;
  const npm = process.ppid;
  setInterval(() => process.ppid !== npm && stop(), 1000).unref();
}

async function endLeftBehind(place, group, start) {
  const left = () => leftBehind(place, group);
  const groups = new Set((await left()).map((each) => each.group));
  if (groups.size === 0) return;
  place.say(`… Ending what a killed ${start} left behind`);
  for (const signal of ["SIGTERM", "SIGKILL"]) {
    groups.forEach((each) => signalGroup(each, signal));
    for (const end = Date.now() + END_MS; Date.now() < end; await delay(100)) {
      if ((await left()).length === 0) return;
    }
  }
  const pids = (await left()).map(({ pid }) => pid).join(", ");
  throw new Failed(`A killed ${start} left processes that share ${place.own}/state and don't end: ${pids}. End them first.`);
}

/** The processes that serve `place`, and those of the noted group that are wrangler's: it may be another's by now. */
async function leftBehind(place, group) {
  const state = stateOf(place);
  const isOf = (each) => each.command.includes(`--persist-to ${state}`) || isWranglers(each, group);
  return (await processes()).filter(isOf);
}

const isWranglers = (each, group) => each.group === group && /workerd|wrangler/.test(each.command);

function recorded(place) {
  if (!existsSync(recordOf(place))) return {};
  try {
    const record = JSON.parse(readFileSync(recordOf(place), "utf8"));
    return typeof record === "number" ? { pid: record } : record;
  } catch {
    return {};
  }
}

/** Writes the record of this process: its id, the command that it is, and its stack's process group. */
function write(place, { group } = {}) {
  mkdirSync(path.dirname(recordOf(place)), { recursive: true });
  writeFileSync(recordOf(place), JSON.stringify({ pid: process.pid, start: place.start, group }));
}

function signalGroup(group, signal) {
  try {
    process.kill(-group, signal);
  } catch {
    // It has ended already.
  }
}

function isThere(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
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
