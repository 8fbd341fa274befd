// Runs long programs quietly, with one line of progress, and the end of the log only if they fail. Other ways to run a
// program are those of the command line.

import { Failed } from "../packages/cli/src/failed.mjs";
import { ending, named, start } from "../packages/cli/src/project/run.mjs";

export { answers, capture, run } from "../packages/cli/src/project/run.mjs";
export { Failed };

const LOG_LINES = 60;
/** Makes cargo report its progress as on a terminal: `Building [===>   ] 23/107: serde`. */
const COUNTED = { CARGO_TERM_PROGRESS_WHEN: "always", CARGO_TERM_PROGRESS_WIDTH: "80" };
const CARGO_PROGRESS = /^\S*\s*Building\S* \[/;
const HEARTBEAT_SECONDS = 30;

/** Runs a long program and shows a title, its usual duration, and its progress. */
export async function quietly(title, command, args, { usually, ...options } = {}) {
  const progress = new Progress(title, usually);
  const log = [];
  const keep = (text) => {
    const lines = text.split(/[\r\n]+/).filter((line) => line.trim());
    log.push(...lines.filter((line) => !CARGO_PROGRESS.test(line)));
    log.splice(0, log.length - LOG_LINES);
    if (lines.length) progress.at(lines.at(-1).trim());
  };
  let exit;
  try {
    exit = await start(command, args, { ...options, env: { ...COUNTED, ...options.env }, onStdout: keep, onStderr: keep });
  } catch (error) {
    progress.end(false);
    throw error;
  }
  progress.end(exit.code === 0);
  if (exit.code !== 0) {
    throw new Failed(`${log.join("\n")}\n\n${named(command, args)} ${ending(exit)}`);
  }
}

/**
 * Runs `main` and ends the process with its outcome. A Failed is explained; any other error is a bug and shown with its
 * stack.
 */
export async function asProgram(main) {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Failed ? `\n${error.message}` : error);
    process.exitCode = 1;
  }
}

/** One line of progress: rewritten on a terminal, repeated occasionally in a log. */
class Progress {
  constructor(title, usually) {
    this.title = usually ? `${title} (usually ${usually})` : title;
    this.started = Date.now();
    this.now = "";
    this.live = process.stdout.isTTY === true;
    if (!this.live) console.log(`… ${this.title}`);
    this.timer = setInterval(() => this.draw(), this.live ? 500 : HEARTBEAT_SECONDS * 1000);
  }

  at(text) {
    this.now = text;
  }

  draw() {
    const seconds = Math.round((Date.now() - this.started) / 1000);
    const line = `… ${this.title}: ${seconds} s  ${this.now}`;
    if (this.live) process.stdout.write(`\r\x1b[K${line.slice(0, (process.stdout.columns ?? 80) - 1)}`);
    else console.log(line);
  }

  end(ok) {
    clearInterval(this.timer);
    const seconds = ((Date.now() - this.started) / 1000).toFixed(1);
    console.log(`${this.live ? "\r\x1b[K" : ""}${ok ? "✓" : "✗"} ${this.title} ${seconds} s`);
  }
}
