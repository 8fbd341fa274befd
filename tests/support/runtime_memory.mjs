// The memory of the runtime that a test has started, and its time of the processor.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

export const MIB = 1024 * 1024;

/** The memory of the runtimes below this process, in bytes. */
export function runtimeMemory() {
  return runtimes().reduce((sum, { kib }) => sum + Number(kib) * 1024, 0);
}

/** Their time of the processor so far, in milliseconds, to ten of them; 0 where the system doesn't say. */
export function runtimeCpu() {
  const ticks = (pid) => {
    const file = `/proc/${pid}/stat`;
    if (!existsSync(file)) return 0;
    const [user, system] = readFileSync(file, "utf8").split(") ").at(-1).split(" ").slice(11, 13);
    return Number(user) + Number(system);
  };
  return runtimes().reduce((sum, { pid }) => sum + ticks(pid) * 10, 0);
}

function runtimes() {
  const rows = execFileSync("ps", ["-A", "-o", "pid=,ppid=,rss=,comm="], { encoding: "utf8" }).trim().split("\n");
  const processes = rows.map((row) => row.trim().split(/\s+/)).map(([pid, parent, kib, name]) => ({ pid, parent, kib, name }));
  const ours = new Set([String(process.pid)]);
  for (let grown = true; grown; ) {
    const before = ours.size;
    for (const { pid, parent } of processes) if (ours.has(parent)) ours.add(pid);
    grown = ours.size > before;
  }
  const found = processes.filter(({ pid, name }) => ours.has(pid) && name.includes("workerd"));
  assert.ok(found.length, "no workerd below this process");
  return found;
}
