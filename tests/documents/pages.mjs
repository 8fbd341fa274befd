// The documents, their code blocks, and the code in their sentences. PAGES are those whose commands are run.

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

/** Directories without documents of the repository. */
const NOT_OURS = new Set(["node_modules", "target", "build"]);
/** All documents. The changes of earlier versions name what was there then. */
export const DOCUMENTS = markdownUnder("").filter((page) => page !== "CHANGELOG.md");

/**
 * The code blocks of a page, in order:
 *   at      file and line, for messages
 *   lang    `sh`, `text`, `toml`, `js`; a program in Python is a command of `sh`
 *   mark    the rest of the info string: `used`, `not-run="…"`, …
 *   reason  why it is not run, if it says so
 *   text    the block's lines
 */
export function blocksOf(page) {
  return nodes(parsed(page), ["code"]).map((node) => block(page, node));
}

/** Of a page's blocks those to run, each with its documented answer if it has one. */
export function commandsOf(blocks) {
  const answerTo = (index) => (blocks[index + 1]?.lang === "text" ? blocks[index + 1] : undefined);
  const answered = blocks.map((block, index) => ({ ...block, answer: answerTo(index) }));
  return answered.filter(({ lang, reason }) => lang === "sh" && !reason);
}

/** The code in a page's sentences: `at`, and the text in one line. */
export function inlineCodeOf(page) {
  return nodes(parsed(page), ["inlineCode"]).map(({ value, position }) => ({
    at: `${page}:${position.start.line}`,
    text: value.replaceAll(/\s+/g, " "),
  }));
}

/** The nodes of these types below a node, in order. */
export function nodes(node, types) {
  const inside = (node.children ?? []).flatMap((child) => nodes(child, types));
  return types.includes(node.type) ? [node, ...inside] : inside;
}

const parsed = (page) => remark().parse(readFileSync(inRoot(page), "utf8"));

function block(page, { lang, meta, value, position }) {
  const mark = meta ?? "";
  if (lang === "python") return block(page, { lang: "sh", meta, value: `python3 - <<'END'\n${value}\nEND`, position });
  return { at: `${page}:${position.start.line}`, lang, mark, reason: /^not-run="(.+)"$/.exec(mark)?.[1], text: value };
}

function markdownIn(directory) {
  const files = readdirSync(inRoot(directory)).filter((file) => file.endsWith(".md"));
  return files.sort().map((file) => path.relative(root, inRoot(directory, file)));
}

function markdownUnder(directory) {
  return readdirSync(inRoot(directory), { withFileTypes: true }).flatMap((entry) => {
    const at = path.posix.join(directory, entry.name);
    if (entry.isDirectory()) return NOT_OURS.has(entry.name) || entry.name.startsWith(".") ? [] : markdownUnder(at);
    return entry.isFile() && entry.name.endsWith(".md") ? [at] : [];
  });
}
