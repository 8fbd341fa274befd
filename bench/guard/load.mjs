// Load by wrk, and the CPU time that the runtime's process takes for it. CPU
// time and not the clock's: what else the machine does then counts little.

import { readdirSync, readFileSync } from "node:fs";

import { answers, capture, Failed, quietly } from "../../scripts/run.mjs";

const CONNECTIONS = 8;
/** Of /proc's times, on Linux on every processor that the runtime is built for. */
const TICKS_PER_SECOND = 100;

/** Says what is missing to measure here, and installs wrk where apt-get can. */
export async function setupLoad() {
  if (process.platform !== "linux") {
    throw new Failed(
      "The guard is measured on Linux alone: the CPU time of the runtime's process is read from /proc." +
        "\nThe other parts: npm run bench -- size webhooks",
    );
  }
  // wrk knows no argument that only prints, and ends with 1 after its version.
  const found = () => answers("sh", ["-c", "command -v wrk"]);
  if (await found()) return;
  if (process.getuid() === 0 && (await answers("apt-get"))) {
    const args = ["install", "-y", "wrk"];
    await quietly("Installing wrk, which makes the load", "apt-get", args, { usually: "10 seconds" });
  }
  if (!(await found())) {
    throw new Failed("The guard is measured by wrk, which is not installed: for example sudo apt-get install wrk");
  }
}

/** The process of the runtime that this one started. */
export function runtimeProcess() {
  const found = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), ...status(name) }))
    .filter(({ parent, command }) => parent === process.pid && command === "workerd");
  if (found.length !== 1) throw new Failed(`There are ${found.length} processes of the runtime, not one.`);
  return found[0].pid;
}

/**
 * Asks for a URL for so many seconds, by a script of wrk if there is one. Returns the microseconds of CPU time that
 * `pid` took for one request, whose answers all have to be of `status`, as far as wrk tells them apart.
 */
export async function cpuPerRequest(pid, { url, headers, seconds, status: expected, script }) {
  const named = Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const before = status(pid).ticks;
  const printed = await capture("wrk", ["-t1", `-c${CONNECTIONS}`, `-d${seconds}s`, ...named, ...(script ? ["-s", script] : []), url]);
  const ticks = status(pid).ticks - before;
  const requests = Number(/(\d+) requests in/.exec(printed)?.[1]);
  const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(printed)?.[1] ?? 0);
  if (!requests || /Socket errors/.test(printed) || refused !== (expected < 400 ? 0 : requests)) {
    throw new Failed(`${url} did not answer ${expected} each time:\n${printed}`);
  }
  return (ticks / TICKS_PER_SECOND / requests) * 1e6;
}

/** The CPU time that a process has taken so far, microseconds. */
export const cpuTime = (pid) => (status(pid).ticks / TICKS_PER_SECOND) * 1e6;

/** Of /proc/PID/stat: the program's name, the parent, and the CPU time of all threads in user and system mode. */
function status(pid) {
  let text;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return {}; // It ended meanwhile.
  }
  const end = text.lastIndexOf(")");
  const fields = text.slice(end + 2).split(" ");
  return {
    command: text.slice(text.indexOf("(") + 1, end),
    parent: Number(fields[1]),
    ticks: Number(fields[11]) + Number(fields[12]),
  };
}
