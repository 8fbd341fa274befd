// docs/reference/cli.md has the commands that there are. UPDATE_DOCS=1 writes them anew.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";

import { COMMANDS } from "../../packages/cli/src/table.mjs";
import { MADE, referenceOf } from "../../scripts/cli_reference.mjs";
import { inRoot } from "../../scripts/tools.mjs";

const PAGE = inRoot("docs", "reference", "cli.md");

test("the reference of the command line is what the table of commands gives", () => {
  const page = readFileSync(PAGE, "utf8");
  const [byHand, made] = page.split(MADE);
  assert.ok(made !== undefined, `docs/reference/cli.md has no line "${MADE}"`);
  const wanted = `\n\n${referenceOf(COMMANDS)}\n`;
  if (process.env.UPDATE_DOCS) writeFileSync(PAGE, byHand + MADE + wanted);
  else assert.equal(made, wanted, "Run: UPDATE_DOCS=1 node --test tests/documents/cli.test.mjs");
});

test("every command and option has a summary, and no name but one of words", () => {
  for (const { name, summary, arguments: named = [], options = {} } of COMMANDS) {
    assert.match(name, /^[a-z]+(-[a-z]+)*( [a-z]+(-[a-z]+)*)?$/);
    assert.match(summary, /^[a-z].*[^.]$/, name);
    for (const each of named) assert.ok(each.summary, `${name}: ${each.name}`);
    for (const [option, { summary }] of Object.entries(options)) assert.ok(summary, `${name} --${option}`);
  }
});
