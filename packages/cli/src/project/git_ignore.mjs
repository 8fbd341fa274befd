// Local secrets and state stay out of git: the lines that a project's .gitignore needs.

import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import path from "node:path";

/** Each line with the other ways to write it, and a file that it has to ignore. */
const NEEDED = [
  { line: ".keystile/", written: /^(\/|\*\*\/)?\.keystile\/?$/m, file: ".keystile/state" },
  { line: ".dev.vars", written: /^(\/|\*\*\/)?\.dev\.vars\*?$/m, file: ".dev.vars" },
];

const fileIn = (home) => path.join(home, ".gitignore");
const textIn = (home) => (existsSync(fileIn(home)) ? readFileSync(fileIn(home), "utf8") : undefined);

/** The lines that are missing: git, or without a repository the .gitignore alone, doesn't ignore what they are for. */
export function missingLines(home) {
  const text = textIn(home);
  const trimmed = text?.replace(/[ \t\r]+$/gm, "") ?? "";
  return NEEDED.filter(({ written, file }) => {
    if (written.test(trimmed)) return false;
    const { status } = spawnSync("git", ["check-ignore", "--quiet", file], { cwd: home, stdio: "ignore" });
    // It is 0 for a file that git ignores, 1 for another one, and neither without git or a repository.
    return status === 1 || (status !== 0 && text !== undefined);
  }).map(({ line }) => line);
}

/** Adds lines to the .gitignore. */
export function addLines(home, lines) {
  const text = textIn(home) ?? "";
  const begin = text === "" || text.endsWith("\n") ? "" : "\n";
  appendFileSync(fileIn(home), `${begin}${lines.join("\n")}\n`);
}
