// Runs other programs: with their output shown live, or captured.

import { spawn } from "node:child_process";

import { Failed } from "../failed.mjs";

/** Runs a program with its output shown; `out` is the target of its standard output. */
export async function run(command, args, { out = "inherit", ...options } = {}) {
  const exit = await start(command, args, { ...options, stdio: ["ignore", out, "inherit"] });
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

/** Starts a program and waits for its end. With `signals` those that this process gets are passed on to it. */
export function start(command, args, { cwd, env, stdio, onStdout, onStderr, signals = false }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: stdio ?? ["ignore", "pipe", "pipe"],
    });
    const end = signals ? passSignals(child) : () => {};
    child.stdout?.setEncoding("utf8").on("data", onStdout);
    child.stderr?.setEncoding("utf8").on("data", onStderr);
    child.on("error", (error) => {
      end();
      reject(error.code === "ENOENT" ? new Failed(`${command} is not installed.`) : error);
    });
    child.on("close", (code, signal) => {
      end();
      resolve({ code, signal });
    });
  });
}

/**
 * Passes the signals that would end this process on to a child, whose end it can then wait for. Returns how to stop that.
 * A terminal sends Ctrl-C to the child by itself.
 */
export function passSignals(child) {
  const pass = (signal) => {
    if (signal === "SIGINT" && process.stdin.isTTY) return;
    // wrangler passes SIGINT and SIGTERM on to its own children, and SIGHUP not.
    child.kill(signal === "SIGHUP" ? "SIGTERM" : signal);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.on(signal, pass);
  return () => signals.forEach((signal) => process.off(signal, pass));
}

export const named = (command, args) => [command.split("/").at(-1), ...args].join(" ");
export const ending = ({ code, signal }) => (signal ? `was stopped by ${signal}.` : `failed (exit code ${code}).`);
