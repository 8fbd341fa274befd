// The frame of the command line: help, versions, exit codes, wrong usage.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Failed } from "../../../packages/cli/src/failed.mjs";
import { main } from "../../../packages/cli/src/main.mjs";
import { inRoot } from "../../../scripts/tools.mjs";

const commands = [
  {
    name: "keys create",
    summary: "Create a key.",
    arguments: [{ name: "tenant", summary: "whose key it is" }],
    options: { name: { type: "string", value: "NAME", summary: "the key's name" }, json: { type: "boolean", summary: "as JSON" } },
    run: ({ values, positionals, io }) => io.out(JSON.stringify([positionals, values.name, values.json])),
  },
  { name: "keys", summary: "Fail.", run: () => Promise.reject(new Failed("No such luck.")) },
  {
    name: "fail",
    summary: "Fail, and say so in two lines.",
    arguments: [{ name: "rest", optional: true, rest: true }],
    options: { json: { type: "boolean" } },
    run: () => Promise.reject(new Failed("No such\nluck.")),
  },
  { name: "check", summary: "Check.", run: async () => 1 },
  { name: "webhooks list", summary: "List.", arguments: [{ name: "source", optional: true }], run: () => undefined },
];

async function run(...args) {
  const written = { out: "", say: "" };
  const io = { out: (text) => void (written.out += `${text}\n`), say: (text) => void (written.say += `${text}\n`) };
  return { code: await main(args, { commands, io }), ...written };
}

test("a command of two words gets its arguments and options", async () => {
  const { code, out, say } = await run("keys", "create", "acme", "--name", "first", "--json");
  assert.deepEqual([code, out, say], [0, '[["acme"],"first",true]\n', ""]);
});

test("a failure is one sentence and exit code 1", async () => {
  assert.deepEqual(await run("keys"), { code: 1, out: "", say: "No such luck.\n" });
  assert.equal((await run("check")).code, 1);
});

test("wrong usage says what to write, with exit code 2 and nothing on stdout", async () => {
  for (const [args, said] of [
    [["kyes"], /There is no command "kyes"\. All commands: keystile --help/],
    [["webhooks", "lost"], /no command "webhooks lost"\. After "webhooks" write one of: list/],
    [["keys", "create"], /Write the tenant after "keystile keys create"\. See: keystile keys create --help/],
    [["keys", "create", "a", "b"], /"b" is one argument too many/],
    [["keys", "create", "a", "--nmae=x"], /Unknown option '--nmae'\. See: keystile keys create --help/],
    [["--nope"], /Unknown option '--nope'\. See: keystile --help/],
    [[], /Usage: keystile COMMAND/],
    [["webhooks"], /webhooks list \[SOURCE\]/],
  ]) {
    const { code, out, say } = await run(...args);
    assert.deepEqual([code, out], [2, ""], args.join(" "));
    assert.match(say, said);
  }
});

test("with --json a failure is a line of JSON, whoever finds it", async () => {
  for (const [args, code, said] of [
    [["keys", "--json"], 2, { code: "WRONG_USAGE", message: "Unknown option '--json'. See: keystile keys --help" }],
    [["keys", "create", "--json"], 2, { code: "WRONG_USAGE", message: 'Write the tenant after "keystile keys create". See: keystile keys create --help' }],
    [["kyes", "--json"], 2, { code: "WRONG_USAGE", message: 'There is no command "kyes". All commands: keystile --help' }],
    [["fail", "--json"], 1, { code: "FAILED", message: "No such\nluck." }],
  ]) {
    assert.deepEqual(await run(...args), { code, out: "", say: `${JSON.stringify(said)}\n` });
  }
  assert.equal((await run("fail", "--", "--json")).say, "No such\nluck.\n", "what stands behind -- is another program's");
});

test("help is data: of all commands, of a group, of one", async () => {
  const all = await run("--help");
  assert.equal(all.code, 0);
  for (const line of [/^  keys create TENANT +Create a key\.$/m, /^  check +Check\.$/m]) assert.match(all.out, line);
  assert.match((await run("webhooks", "--help")).out, /webhooks list \[SOURCE\]/);
  const one = await run("keys", "create", "--help");
  assert.match(one.out, /Usage: keystile keys create TENANT \[OPTIONS\]\n\n  TENANT   whose key it is\n\n  --name NAME +the key's name\n/);
});

test("the version is the package's, and the workspace's", async () => {
  const { version } = JSON.parse(readFileSync(inRoot("packages", "cli", "package.json"), "utf8"));
  assert.deepEqual(await run("--version"), { code: 0, out: `${version}\n`, say: "" });
  assert.match(readFileSync(inRoot("Cargo.toml"), "utf8"), new RegExp(`^version = "${version}"$`, "m"));
});
