// The memory of the runtime that a test has started.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";

export const MIB = 1024 * 1024;

/** The memory of the runtimes below this process, in bytes. */
export function runtimeMemory() {
  const rows = execFileSync("ps", ["-A", "-o", "pid=,ppid=,rss=,comm="], { encoding: "utf8" }).trim().split("\n");
  const processes = rows.map((row) => row.trim().split(/\s+/)).map(([pid, parent, kib, name]) => ({ pid, parent, kib, name }));
  const ours = new Set([String(process.pid)]);
  for (let grown = true; grown; ) {
    const before = ours.size;
    for (const { pid, parent } of processes) if (ours.has(parent)) ours.add(pid);
    grown = ours.size > before;
  }
  const runtimes = processes.filter(({ pid, name }) => ours.has(pid) && name.includes("workerd"));
  assert.ok(runtimes.length, "no workerd below this process");
  return runtimes.reduce((sum, { kib }) => sum + Number(kib) * 1024, 0);
}
