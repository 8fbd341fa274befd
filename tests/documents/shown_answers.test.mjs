// No document shows an answer that nothing checks: a member that an answer gets would be missing there unnoticed.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { inRoot, root } from "../../scripts/tools.mjs";
import { document, invalid } from "../support/contract.mjs";
import { blocksOf, PAGES } from "./pages.mjs";

function tracked(pattern) {
  const arguments_ = ["ls-files", "-co", "--exclude-standard", pattern];
  return execFileSync("git", arguments_, { cwd: root, encoding: "utf8" }).split("\n").filter(Boolean);
}

/** Blocks of all documents that show an answer, each with the block before it. */
const answers = tracked("*.md").flatMap((page) => {
  const blocks = blocksOf(page);
  const shows = ({ lang, text }) => lang === "json" || (lang !== "sh" && /^(\s*[{[]["{…]|HTTP\/)/.test(text));
  return blocks.flatMap((block, index) => (shows(block) ? [{ page, ...block, before: blocks[index - 1] }] : []));
});

test("each answer is on a page whose commands run, behind a command that runs", () => {
  const shown = answers.filter(({ lang }) => lang === "text" || lang === "http" || lang === null);
  assert.ok(shown.length > 30, `${shown.length} found`);
  for (const { at, page, before } of shown) {
    assert.ok(PAGES.includes(page), `${at}: no test runs what this answers; show it in the guide or the reference`);
    assert.ok(before?.lang === "sh" && !before.reason, `${at}: this answers no command that is run`);
  }
});

test("each JSON of the design is one that a test of Rust pins", () => {
  const plain = (text) => text.replaceAll(/[\s\\]/g, "");
  const sources = tracked("crates/*.rs").map((file) => plain(readFileSync(inRoot(file), "utf8")));
  for (const { at, text } of answers.filter(({ lang, reason }) => lang === "json" && !reason)) {
    assert.ok(sources.some((source) => source.includes(plain(text))), `${at}: no source has this text`);
  }
});

test("each example of the API's document is one of its schema", () => {
  const schemas = Object.entries(document.components.schemas).filter(([, { examples }]) => examples);
  assert.ok(schemas.length > 20, `${schemas.length} found`);
  for (const [name, { examples }] of schemas) {
    for (const example of examples) {
      assert.equal(invalid(`/components/schemas/${name}`, example), undefined, `${name}: ${JSON.stringify(example)}`);
    }
  }
});
