// Completion: the words that may come next, and the script of bash in bash.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
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
    assert.match(out, /keystile completion --words -- /);
  }
  for (const words of [[], ["tcsh"], ["constructor"]]) assert.equal((await run("completion", ...words)).code, 2);
});

test("bash asks this program and gets its words", async () => {
  const bin = emptyDirectory();
  const main = inRoot("packages", "cli", "src", "main.mjs");
  const program = `#!${process.execPath}\nimport(${JSON.stringify(main)}).then(async ({ main }) => (process.exitCode = await main(process.argv.slice(2))));\n`;
  writeFileSync(path.join(bin, "keystile"), program);
  chmodSync(path.join(bin, "keystile"), 0o755);
  const { out } = await commandLine()("completion", "bash");
  const script = `${out}\nCOMP_WORDS=(keystile keys list acme --status ""); COMP_CWORD=5; _keystile; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  assert.equal(execFileSync("bash", ["-c", script], { encoding: "utf8", env }), "active\ndisabled\nexpired\nrevoked\n");
});

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
