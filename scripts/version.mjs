// The version, which all packages and crates have in common.
//
//   node scripts/version.mjs          prints it, and fails if two places disagree
//   node scripts/version.mjs 0.2.0    writes it everywhere

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { asProgram, Failed } from "./run.mjs";
import { inRoot } from "./tools.mjs";

const OF_A_PACKAGE = [/^  "version": "([^"]+)",$/m];
const OF_OUR_CRATES = [/^name = "keystile-(?!fuzz)[\w-]+"\nversion = "([^"]+)"$/gm];

/** The files that state the version, and the places in each. */
const PLACES = {
  "Cargo.toml": [/^version = "([^"]+)"$/m, /^keystile-webhook = \{.* version = "([^"]+)"/m],
  "Cargo.lock": OF_OUR_CRATES,
  [path.join("fuzz", "Cargo.lock")]: OF_OUR_CRATES,
  "package.json": OF_A_PACKAGE,
  // The first with six spaces is the repository's own package.
  "package-lock.json": [...OF_A_PACKAGE, /^ {6}"version": "([^"]+)",$/m],
  [path.join("docs", "reference", "openapi.json")]: [/^ {4}"version": "([^"]+)",$/m],
};
for (const name of readdirSync(inRoot("packages"))) PLACES[path.join("packages", name, "package.json")] = OF_A_PACKAGE;

/** Each place and its version: `[file, version]`. A place that isn't found has none. */
export const stated = () =>
  Object.entries(PLACES).flatMap(([file, patterns]) => {
    const text = readFileSync(inRoot(file), "utf8");
    return patterns.flatMap((pattern) => {
      const found = pattern.global ? [...text.matchAll(pattern)] : [pattern.exec(text)];
      return found.length ? found.map((match) => [file, match?.[1]]) : [[file, undefined]];
    });
  });

/** The one version. Fails if two places disagree. */
export function version() {
  const all = stated();
  const [[, first]] = all;
  const others = all.filter(([, each]) => each !== first);
  if (others.length === 0) return first;
  const list = others.map(([file, each]) => `  ${file}: ${each ?? "none"}`).join("\n");
  throw new Failed(`Cargo.toml has version ${first}, but\n${list}\nWrite one: node scripts/version.mjs ${first}`);
}

function write(wanted) {
  if (!/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/.test(wanted)) throw new Failed(`"${wanted}" is no version. Write one such as 0.2.0.`);
  for (const [file, patterns] of Object.entries(PLACES)) {
    const text = readFileSync(inRoot(file), "utf8");
    const place = (match, found) => match.replace(`"${found}"`, `"${wanted}"`);
    // The version is the last quoted text of each match.
    const changed = patterns.reduce((so_far, pattern) => so_far.replace(pattern, (match, found) => {
      const at = match.lastIndexOf(`"${found}"`);
      return match.slice(0, at) + place(match.slice(at), found);
    }), text);
    if (changed !== text) writeFileSync(inRoot(file), changed);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await asProgram(async () => {
    const [wanted] = process.argv.slice(2);
    if (wanted) write(wanted);
    console.log(version());
  });
}
