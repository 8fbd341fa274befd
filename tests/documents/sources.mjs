// The names of the sources that documents may use: crates with their features, modules, functions, files.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { inRoot } from "../../scripts/tools.mjs";

const files = (directory, suffix) => {
  const found = existsSync(inRoot(directory)) ? readdirSync(inRoot(directory), { recursive: true }) : [];
  return found.filter((file) => file.endsWith(suffix)).map((file) => path.posix.join(directory, file));
};

/** Each crate of the workspace: its directory's name, and its features. */
export const CRATES = readdirSync(inRoot("crates")).map((name) => {
  const manifest = readFileSync(inRoot("crates", name, "Cargo.toml"), "utf8");
  const [, features = ""] = /^\[features\]\n([\s\S]*?)(?:^\[|(?![\s\S]))/m.exec(manifest) ?? [];
  return { name, features: [...features.matchAll(/^([\w-]+) *=/gm)].map(([, feature]) => feature) };
});

/** Each file of Rust as a module: its path (`core::feed::client`), and the names that it defines. */
const MODULES = CRATES.flatMap(({ name }) => [
  ...files(`crates/${name}/src`, ".rs").map((file) => moduleOf(name, "src", file)),
  ...files(`crates/${name}/tests`, ".rs").map((file) => moduleOf(name, "tests", file)),
]);

function moduleOf(crate, directory, file) {
  const within = path.posix.relative(`crates/${crate}/${directory}`, file).replace(/\.rs$/, "");
  const segments = within.split("/").filter((segment) => !["lib", "main"].includes(segment));
  const source = readFileSync(inRoot(file), "utf8");
  const names = source.matchAll(/\b(?:fn|mod|const|static|macro_rules!) +(\w+)/g);
  return { source, segments: [crate, ...segments], names: new Set([...names].map(([, defined]) => defined)) };
}

/** The modules that a path of names may mean, `feed::client` or `client`, and those inside of them. */
export function modulesOf(named) {
  const segments = named.replace(/^keystile_/, "").split("::");
  return MODULES.filter((module) =>
    module.segments.some((_, at) => segments.every((segment, index) => module.segments[at + index] === segment)),
  );
}

/** Whether any of these modules, or of all, defines the name. */
export const defines = (name, modules = MODULES) => modules.some(({ names }) => names.has(name));

/** Whether some module has the name as a string, as those are that logs have. */
export const isLogged = (name) => MODULES.some(({ source }) => source.includes(`"${name}"`));

/** The names of the tests in a file of JavaScript, each as a pattern, since a name may have parts that vary. */
export function testNames(file) {
  const source = readFileSync(inRoot(file), "utf8");
  const titles = source.matchAll(/\b(?:test|it|describe)\(\s*(?:"((?:[^"\\]|\\.)*)"|`([^`]*)`|'([^']*)')/g);
  return [...titles].map(([, plain, template, single]) => plain?.replaceAll('\\"', '"') ?? template ?? single);
}

/** Whether a path of the repository exists; `*` stands for any one name. */
export function exists(named) {
  let found = [""];
  for (const segment of named.split("/").filter(Boolean)) {
    const pattern = new RegExp(`^${segment.replaceAll(".", "\\.").replaceAll("*", ".*")}$`);
    const inside = (directory) => entries(directory).filter((name) => pattern.test(name));
    found = found.flatMap((directory) => inside(directory).map((name) => path.posix.join(directory, name)));
  }
  return found.length > 0;
}

function entries(directory) {
  try {
    return readdirSync(inRoot(directory));
  } catch (error) {
    if (["ENOTDIR", "ENOENT"].includes(error.code)) return [];
    throw error;
  }
}
