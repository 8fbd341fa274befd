// The pages whose commands are tested, and their code blocks.

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { remark } from "remark";

import { inRoot, root } from "../../scripts/tools.mjs";

/** The README, the guide, the reference, and one program of the design: paths from the repository's root. */
export const PAGES = [
  "README.md",
  ...markdownIn("docs/guide"),
  ...markdownIn("docs/reference"),
  "docs/design/golden-vectors.md",
];

/**
 * The code blocks of a page, in order:
 *   at      file and line, for messages
 *   lang    `sh`, `text`, `toml`, `js`; a program in Python is a command of `sh`
 *   mark    the rest of the info string: `used`, `not-run="…"`, …
 *   reason  why it is not run, if it says so
 *   text    the block's lines
 */
export function blocksOf(page) {
  const blocks = [];
  const collect = (node) => {
    if (node.type === "code") blocks.push(block(page, node));
    for (const child of node.children ?? []) collect(child);
  };
  collect(remark().parse(readFileSync(inRoot(page), "utf8")));
  return blocks;
}

function block(page, { lang, meta, value, position }) {
  const mark = meta ?? "";
  if (lang === "python") return block(page, { lang: "sh", meta, value: `python3 - <<'END'\n${value}\nEND`, position });
  return { at: `${page}:${position.start.line}`, lang, mark, reason: /^not-run="(.+)"$/.exec(mark)?.[1], text: value };
}

function markdownIn(directory) {
  const files = readdirSync(inRoot(directory)).filter((file) => file.endsWith(".md"));
  return files.sort().map((file) => path.relative(root, inRoot(directory, file)));
}
