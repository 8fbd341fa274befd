// Every command in the README, the guide and the reference runs as it stands there,
// with the answer that stands there; every configuration passes its check.

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";

import { assertAnswer } from "./answers.mjs";
import { mistakes, withBlocks, withScheme } from "./configuration.mjs";
import { blocksOf, commandsOf, PAGES } from "./pages.mjs";
import { runBlocks } from "./session.mjs";
import { emptyHome, startIn } from "../support/local_stack.mjs";

/** JavaScript of the pages, and the tests that run it. */
const JAVASCRIPT = {
  "docs/guide/guard-an-api.md": "tests/documents/signed_request.test.mjs",
  "docs/guide/guard-from-javascript.md": "tests/packages/keystile/guard_documented.test.mjs",
  "docs/guide/manage-from-javascript.md": "tests/packages/client/documented.test.mjs",
  "docs/guide/verify-webhooks-in-javascript.md": "tests/packages/keystile/webhooks_documented.test.mjs",
};
const MARKS = { sh: [""], text: [""], toml: ["", "used", "scheme", "wrong"], js: [""] };

const pages = PAGES.map((page) => ({ page, blocks: blocksOf(page) }));
const all = pages.flatMap(({ blocks }) => blocks);
const home = emptyHome();

test("each block is of a kind that is tested, or says why it is not run", (t) => {
  for (const { at, lang, mark, reason } of all) {
    assert.ok(reason || MARKS[lang]?.includes(mark), `${at}: nothing tests a block of "${lang} ${mark}"`);
  }
  for (const { page, blocks } of pages) {
    const hasJavascript = blocks.some(({ lang }) => lang === "js");
    assert.ok(page in JAVASCRIPT || !hasJavascript, `${page} has JavaScript that no test runs`);
  }
  for (const { at, reason } of all.filter(({ reason }) => reason)) t.diagnostic(`not run: ${at}: ${reason}`);
});

describe("commands", () => {
  let running;
  before(async () => {
    running = await startIn(home, withBlocks(all.filter(({ mark }) => mark === "used")));
  });
  after(() => running?.close());
  for (const { page, blocks } of pages) {
    const commands = commandsOf(blocks);
    if (!commands.length) continue;
    test(page, async () => {
      const outputs = await runBlocks(commands, { home, ...running });
      commands.forEach(({ answer }, index) => answer && assertAnswer(answer, outputs[index]));
    });
  }
});

describe("configurations", () => {
  const checked = emptyHome();
  after(() => rmSync(checked, { recursive: true, force: true }));
  const check = (toml) => mistakes(toml, path.join(checked, "keystile.toml"));
  for (const { blocks } of pages) {
    const schemes = blocks.filter(({ mark }) => mark === "scheme");
    for (const block of blocks.filter(({ lang, reason }) => lang === "toml" && !reason)) {
      test(block.at, async () => {
        const upToHere = schemes.slice(0, schemes.indexOf(block) + 1);
        const found = await check(block.mark === "scheme" ? withScheme(upToHere) : withBlocks([block]));
        if (block.mark !== "wrong") return assert.equal(found, "", block.at);
        return assertAnswer(blocks[blocks.indexOf(block) + 1], found);
      });
    }
  }
});

test("each answer follows what it answers", () => {
  for (const { blocks } of pages) {
    blocks.forEach(({ at, lang, reason }, index) => {
      const before = blocks[index - 1];
      const answers = before?.lang === "sh" || before?.mark === "wrong";
      assert.ok(lang !== "text" || answers || reason, `${at}: an answer to no command`);
    });
  }
});
