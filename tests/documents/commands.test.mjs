// Every `keystile …` that a document writes is a command that there is, with options and arguments that it takes.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { COMMANDS } from "../../packages/cli/src/table.mjs";
import { inRoot } from "../../scripts/tools.mjs";
import { commandLine } from "../packages/commands/command.mjs";
import { callsOf, wrongOf } from "./keystile_calls.mjs";
import { blocksOf, DOCUMENTS, inlineCodeOf } from "./pages.mjs";
import { exists } from "./sources.mjs";

/** Commands that are on this machine, or have files and keyrings of their own: these aren't run. */
const NOT_ASKING = /^(init|dev|check|deploy|logs|wrangler|export|restore|probe|login|logout|profiles .*|completion)$/;
const SCRIPTS = readdirSync(inRoot("examples")).map((name) => `examples/${name}/package.json`).filter(exists);

const blocks = DOCUMENTS.flatMap(blocksOf).filter(({ lang }) => ["sh", "bash"].includes(lang));
const written = [
  ...blocks.flatMap(callsOf),
  ...SCRIPTS.flatMap((at) => scriptsOf(at).flatMap((text) => callsOf({ at, text }))),
];
const mentioned = DOCUMENTS.flatMap(inlineCodeOf).flatMap(callsOf);

test("each command in a block is one that there is, with its options and arguments", async () => {
  assert.ok(written.length > 50, String(written.length));
  assert.deepEqual(await wrongOf(written), []);
});

test("each command in a sentence is one that there is, be it without arguments, or a group's first word", async () => {
  assert.ok(mentioned.length > 100, String(mentioned.length));
  const isWhole = ({ args }) => !isGroup(args) && !/^[A-Z…]/.test(args[0] ?? "…");
  assert.deepEqual(await wrongOf(mentioned.filter(isWhole), { lenient: true }), []);
});

test("a command in a block that asks a deployment does ask it: it lacks no option, and no word is one that it doesn't know", async () => {
  const answer = { code: "NOT_FOUND", detail: "Nobody is here.", status: 401, title: "Unauthorized", type: "about:blank" };
  const refusal = () => new Response(JSON.stringify(answer), { status: 401, headers: { "Content-Type": "application/problem+json" } });
  const run = commandLine({ env: { KEYSTILE_URL: "http://127.0.0.1:1", KEYSTILE_KEY: "k".repeat(40) }, fetch: async () => refusal() });
  const wrong = [];
  for (const { at, args } of written) {
    const { name } = commandOf(args) ?? {};
    if (!name || NOT_ASKING.test(name) || args.includes("--help")) continue;
    const { code, err } = await run(...withoutProfile(args), { tty: true, stdin: "y\n" });
    if (code === 2 && !/can't be read|no such file/.test(err)) wrong.push(`${at}: keystile ${args.join(" ")}: ${err.split("\n")[0]}`);
  }
  assert.deepEqual(wrong, []);
});

function scriptsOf(file) {
  return Object.values(JSON.parse(readFileSync(inRoot(file), "utf8")).scripts ?? {});
}

const isGroup = (args) => args.length === 1 && COMMANDS.some(({ name }) => name.startsWith(`${args[0]} `));
const commandOf = (args) =>
  COMMANDS.filter(({ name }) => `${args.join(" ")} `.startsWith(`${name} `)).toSorted((a, b) => b.name.length - a.name.length)[0];

/** There is no profile here. */
function withoutProfile(args) {
  const at = args.indexOf("--profile");
  return at < 0 ? args : args.toSpliced(at, 2);
}
