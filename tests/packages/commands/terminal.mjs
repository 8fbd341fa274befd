// A person at a terminal.

import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { inRoot } from "../../../scripts/tools.mjs";

/**
 * Runs a command on a real terminal. `answers` are pairs: what it asks, and what is typed then, in their order. Returns
 * all that the terminal showed, as `stdout`; rejects like `execFile` if the exit code isn't 0.
 */
export const typing = (answers, command, options) =>
  promisify(execFile)("python3", [inRoot("tests", "packages", "commands", "terminal.py"), JSON.stringify(answers), ...command], options);
