// Completion: the words that may come next, and each shell's script in that shell.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { nextWords } from "../../../packages/cli/src/commands/completion.mjs";
import { COMMANDS } from "../../../packages/cli/src/table.mjs";
import { inRoot } from "../../../scripts/tools.mjs";
import { commandLine, emptyDirectory } from "./command.mjs";

const next = (...words) => nextWords(COMMANDS, words);

test("commands, their second words, options that aren't there yet, and the values of those that have few", () => {
  assert.deepEqual(next("ke"), ["keys"]);
  assert.deepEqual(next("keys", "re"), ["revoke"]);
  assert.ok(next("").includes("webhooks"));
  assert.deepEqual(next("webhooks", "red"), ["redrive"]);
  assert.deepEqual(next("keys", "list", "acme", "--sta"), ["--status"]);
  assert.deepEqual(next("keys", "list", "acme", "--status", ""), ["active", "disabled", "expired", "revoked"]);
  assert.ok(!next("keys", "list", "--json", "--").includes("--json"));
  assert.ok(next("keys", "create", "acme", "--scope", "a", "--").includes("--scope"));
  assert.deepEqual(next("keys", "create", "acme", "--name", ""), []);
  assert.deepEqual(next("completion", "b"), ["bash"]);
  assert.deepEqual(next("nonsense", ""), []);
});

test("each shell has its script, and another word is wrong usage", async () => {
  const run = commandLine();
  for (const shell of ["bash", "zsh", "fish"]) {
    const { code, out } = await run("completion", shell);
    assert.equal(code, 0);
    for (const program of ["keystile", "node_modules/.bin/keystile", "npx --no-install keystile"]) {
      assert.ok(out.includes(` ${program} completion --words -- `), `${shell}: ${program}`);
    }
  }
  for (const words of [[], ["tcsh"], ["constructor"]]) assert.equal((await run("completion", ...words)).code, 2);
});

/** Writes the program `keystile` into a directory. */
function installedIn(directory) {
  mkdirSync(directory, { recursive: true });
  const main = inRoot("packages", "cli", "src", "main.mjs");
  const program = `#!${process.execPath}\nimport(${JSON.stringify(main)}).then(async ({ main }) => (process.exitCode = await main(process.argv.slice(2))));\n`;
  writeFileSync(path.join(directory, "keystile"), program);
  chmodSync(path.join(directory, "keystile"), 0o755);
}

/** Ways to complete words in a shell whose completion is this text; each writes what was found. */
const COMPLETING = {
  bash: (script, words) =>
    `${script}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}; _keystile ${words[0]}; printf '%s\\n' "\${COMPREPLY[@]}"`,
  zsh: (script, words) =>
    `compdef() {}; typeset -A _comps; compadd() { shift; print -l -- "$@" }; _files() { }\n${script}\nwords=(${words.map((word) => `'${word}'`).join(" ")}); CURRENT=${words.length}; _keystile`,
  fish: (script, words) => `${script}\ncomplete -C '${words.join(" ")}'`,
};

for (const shell of Object.keys(COMPLETING)) {
  test(`${shell} asks the program on the PATH, or that of the project`, { skip: !hasShell(shell) && "it is not installed" }, async () => {
    const { out: script } = await commandLine()("completion", shell);
    const home = emptyDirectory();
    const system = [path.dirname(process.execPath), "/usr/bin", "/bin"];
    const complete = (words, { cwd = home, PATH = system } = {}) => {
      const env = { ...process.env, HOME: home, PATH: PATH.join(path.delimiter) };
      const program = ["-c", COMPLETING[shell](script, words)];
      const { stdout, stderr } = spawnSync(shell, shell === "fish" ? ["--no-config", ...program] : program, { encoding: "utf8", cwd, env });
      assert.equal(stderr, "");
      return stdout.split("\n").filter(Boolean).sort();
    };
    const words = ["keystile", "keys", "list", "acme", "--status", ""];
    const wanted = ["active", "disabled", "expired", "revoked"];
    installedIn(path.join(home, "bin"));
    assert.deepEqual(complete(words, { PATH: [path.join(home, "bin"), ...system] }), wanted);
    installedIn(path.join(home, "project", "node_modules", ".bin"));
    writeFileSync(path.join(home, "project", "package.json"), "{}");
    const cwd = path.join(home, "project");
    assert.deepEqual(complete(words, { cwd }), wanted);
    assert.deepEqual(complete(["npx", ...words], { cwd }), wanted);
    assert.deepEqual(complete(["npx", "keystile", "keys", "re"], { cwd }), ["revoke"]);
    assert.ok(!complete(["npx", "other", "keys", "re"], { cwd }).includes("revoke"));
    mkdirSync(path.join(cwd, "api"));
    assert.deepEqual(complete(["npx", "keystile", "keys", "re"], { cwd: path.join(cwd, "api") }), ["revoke"], "by npx, from below");
  });
}

test("the scripts of zsh and fish are theirs", { skip: !hasShell("zsh") && !hasShell("fish") && "neither is installed" }, async () => {
  for (const shell of ["zsh", "fish"].filter(hasShell)) {
    const { out } = await commandLine()("completion", shell);
    const script = path.join(emptyDirectory(), `completion.${shell}`);
    writeFileSync(script, out);
    const { status, stderr } = spawnSync(shell, ["-n", script], { encoding: "utf8" });
    assert.equal(status, 0, stderr);
  }
});

function hasShell(name) {
  return spawnSync(name, ["--version"]).status === 0;
}
