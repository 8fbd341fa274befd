// The guide's examples are of the repository's keystile.toml. Each page with such examples says so, in the same words.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { inRoot } from "../../scripts/tools.mjs";
import { blocksOf, PAGES } from "./pages.mjs";

const PLACE = "docs/guide/start-without-rust.md";
/** The page that a visitor sees first says which of its parts need a clone. */
const OF_A_CLONE = ["README.md"];
const note = (page) =>
  "The examples are of the repository's own `keystile.toml`: in a project of your own, " +
  `[write your routes and scopes](${path.posix.relative(path.posix.dirname(page), PLACE)}#follow-the-guide).`;

test("each page that asks the stack of this machine says whose routes and scopes its examples have", () => {
  const asks = (page) => blocksOf(page).some(({ lang, text }) => lang === "sh" && /stack\.json|\/api\/leads/.test(text));
  const pages = PAGES.filter((page) => !OF_A_CLONE.includes(page) && asks(page));
  assert.ok(pages.length > 8, pages.join());
  for (const page of pages) {
    const words = readFileSync(inRoot(page), "utf8").replaceAll(/\s+/g, " ");
    const [before, after] = words.split(note(page));
    assert.ok(after !== undefined, `${page} lacks: ${note(page)}`);
    assert.doesNotMatch(before, /```sh(?! not-run)/, `${page}: it stands below the first example`);
  }
});
