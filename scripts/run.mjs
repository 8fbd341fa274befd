// Runs other programs: either with their output shown live, or quietly, with one line of progress, and the end of the
// log only if they fail.

import { spawn } from "node:child_process";

const LOG_LINES = 60;
/** Makes cargo report its progress as on a terminal: `Building [===>   ] 23/107: serde`. */
const COUNTED = { CARGO_TERM_PROGRESS_WHEN: "always", CARGO_TERM_PROGRESS_WIDTH: "80" };
const CARGO_PROGRESS = /^\S*\s*Building\S* \[/;
const HEARTBEAT_SECONDS = 30;

/** An error: a program did not succeed. Its message is for the person at the terminal. */
export class Failed extends Error {}

/** Runs a program with its output shown. */
export async function run(command, args, options = {}) {
  const exit = await start(command, args, { ...options, stdio: ["ignore", "inherit", "inherit"] });
  if (exit.code !== 0) throw new Failed(`${named(command, args)} ${ending(exit)}`);
}

/** Runs a program and returns its standard output, with `withErrors` its standard error too. */
export async function capture(command, args, { withErrors, ...options } = {}) {
  const log = [];
  let output = "";
  const exit = await start(command, args, {
    ...options,
    onStdout: (text) => (output += text),
    onStderr: (text) => log.push(text),
  });
  if (exit.code !== 0) {
    const failure = new Failed(`${named(command, args)} ${ending(exit)}\n${log.join("")}${output}`);
    failure.output = output + log.join("");
    throw failure;
  }
  return withErrors ? output + log.join("") : output;
}

/** Whether a program exists and succeeds with these arguments. */
export async function answers(command, args = ["--version"], options = {}) {
  try {
    return (await capture(command, args, options)).trim() || "yes";
  } catch {
    return undefined;
  }
}

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

function start(command, args, { cwd, env, stdio, onStdout, onStderr }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: stdio ?? ["ignore", "pipe", "pipe"],
    });
    child.stdout?.setEncoding("utf8").on("data", onStdout);
    child.stderr?.setEncoding("utf8").on("data", onStderr);
    child.on("error", (error) =>
      reject(error.code === "ENOENT" ? new Failed(`${command} is not installed.`) : error),
    );
    child.on("close", (code, signal) => resolve({ code, signal }));
  });
}

const named = (command, args) => [command.split("/").at(-1), ...args].join(" ");
const ending = ({ code, signal }) => (signal ? `was stopped by ${signal}.` : `failed (exit code ${code}).`);

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
