// TOML blocks of the documents, each made a whole configuration by the repository's own.

import { readFileSync, writeFileSync } from "node:fs";

import { checkConfig } from "../../scripts/host_tools.mjs";
import { Failed } from "../../scripts/run.mjs";
import { inRoot } from "../../scripts/tools.mjs";

const SOURCE = `[[webhooks]]
source = "documented"
secrets = ["DOCUMENTED_SECRET"]
upstream = "demo"
signing_secret = "EVENTS_SECRET"
[webhooks.scheme]
`;

/** keystile.toml with these blocks: their tables replace those of the same name, and their lists grow. */
export function withBlocks(blocks) {
  const texts = blocks.map(({ text }) => text);
  const replaced = texts.flatMap((text) => text.match(/^\[[^[\]]+\]/gm) ?? []);
  const tables = readFileSync(inRoot("keystile.toml"), "utf8").split(/^(?=\[)/m);
  const kept = tables.filter((table) => !replaced.some((name) => table.startsWith(`${name}\n`)));
  return `${kept.join("")}\n${texts.join("\n\n")}\n`;
}

/** A configuration whose source has the last of these blocks: a scheme, or a handshake of the page's first scheme. */
export function withScheme(blocks) {
  const whole = ({ text }) => /^signature\b/m.test(text);
  const last = blocks.at(-1);
  const parts = whole(last) ? [last] : [blocks.find(whole), ...blocks.filter((block) => !whole(block))];
  const texts = parts.map(({ text }) => text.replace(/^\[\[/gm, "[[webhooks.scheme."));
  return withBlocks([{ text: SOURCE + texts.join("\n\n") }]);
}

/** Checks a configuration as a build does; returns the mistakes, or nothing. */
export async function mistakes(toml, file) {
  writeFileSync(file, toml);
  try {
    await checkConfig(file);
    return "";
  } catch (error) {
    if (error instanceof Failed && error.output) return error.output;
    throw error;
  }
}
