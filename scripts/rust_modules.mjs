// Reads the modules of a crate, and the imports between its files, from the source. Tests don't count: items behind
// `#[cfg(test)]` are skipped. An import is a name. A method that another file adds to a type by `impl` is called
// without a name of that file, so it isn't seen.

import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { Failed } from "./run.mjs";

/** The tokens: comments, strings, characters, lifetimes, `::` and ranges, words, and any other single character. */
const TOKEN = new RegExp(
  [
    /\/\/[^\n]*|\/\*[\s\S]*?\*\//,
    /b?r(?<hashes>#*)"[\s\S]*?"\k<hashes>|b?"(?:\\[\s\S]|[^"\\])*"/,
    /b?'(?:\\(?:u\{\w+\}|x\w\w|.)|[^'\\\n])'|'\w+/,
    /::|\.\.[.=]?|(?:r#)?\w+|\S/,
  ]
    .map((each) => each.source)
    .join("|"),
  "g",
);
const IDENTIFIER = /^(?:r#)?[A-Za-z_]\w*$/;
const CLOSING = { "{": "}", "[": "]", "(": ")" };

/** Every import between files of the crate with this `lib.rs` or `main.rs`: `{ from, to, name }`. */
export function rustImports(rootFile) {
  const root = { file: rootFile, directory: path.dirname(rootFile), name: "crate" };
  root.root = root;
  const modules = readFile(root);
  return modules.flatMap(imports).filter(({ from, to }) => from !== to);
}

/** Reads a module's file, and the files of the modules that it declares. */
function readFile(module) {
  return readModule(module, tokensOf(readFileSync(module.file, "utf8")));
}

function readModule(module, tokens) {
  Object.assign(module, { children: new Map(), bindings: [], paths: [], mentioned: new Set() });
  const modules = [module];
  for (let at = 0; at < tokens.length; at += 1) {
    const [token, next, previous] = [tokens[at], tokens[at + 1], tokens[at - 1]];
    if (token === "#" && next === "[" && isTestOnly(tokens.slice(at, at + 8))) {
      at = endOfItem(tokens, at) - 1;
    } else if (token === "mod" && ["{", ";"].includes(tokens[at + 2])) {
      const hasFile = tokens[at + 2] === ";";
      const end = hasFile ? at + 3 : endOfGroup(tokens, at + 2);
      const child = childOf(module, next, hasFile);
      modules.push(...(hasFile ? readFile(child) : readModule(child, tokens.slice(at + 3, end - 1))));
      at = end - 1;
    } else if (token === "use" && next !== "<") {
      const end = tokens.indexOf(";", at);
      const isReexport = previous === "pub" || previous === ")";
      for (const binding of namesOf(tokens.slice(at + 1, end))) module.bindings.push({ ...binding, isReexport });
      at = end;
    } else if (IDENTIFIER.test(token) && previous !== "." && previous !== "fn") {
      const segments = [token];
      for (; tokens[at + 1] === "::" && IDENTIFIER.test(tokens[at + 2] ?? ""); at += 2) segments.push(tokens[at + 2]);
      module.mentioned.add(token);
      if (segments.length > 1 && previous !== "::") module.paths.push(segments);
    }
  }
  return modules;
}

/** The tokens of a source. A string that is a path, as in serde's attributes, is read as a path. */
function tokensOf(source) {
  const tokens = [...source.matchAll(TOKEN)].map(([token]) => token).filter((token) => !/^\/[/*]/.test(token));
  return tokens.flatMap((token) => (/^"\w+(::\w+)+"$/.test(token) ? token.slice(1, -1).match(/::|\w+/g) : [token]));
}

const isTestOnly = (attribute) => /^#\[cfg\((all\()?test\b/.test(attribute.join(""));

/** The end of the item whose attributes begin here. */
function endOfItem(tokens, at) {
  while (tokens[at] === "#") at = endOfGroup(tokens, at + 1);
  for (; at < tokens.length && tokens[at] !== ";"; at += 1) {
    if (tokens[at] === "{") return endOfGroup(tokens, at);
    if (CLOSING[tokens[at]]) at = endOfGroup(tokens, at) - 1;
  }
  return at + 1;
}

/** The place after the bracket that closes the one here. */
function endOfGroup(tokens, at) {
  const closing = [];
  do {
    if (CLOSING[tokens[at]]) closing.push(CLOSING[tokens[at]]);
    else if (tokens[at] === closing.at(-1)) closing.pop();
    at += 1;
  } while (closing.length && at < tokens.length);
  return at;
}

/** The module that `mod name;` or `mod name { … }` declares. */
function childOf(parent, name, hasFile) {
  const candidates = [path.join(parent.directory, `${name}.rs`), path.join(parent.directory, name, "mod.rs")];
  const file = hasFile ? candidates.find((each) => existsSync(each)) : parent.file;
  if (!file) throw new Failed(`${parent.file} declares the module ${name}, and there is no file ${candidates[0]}.`);
  const child = { name, parent, root: parent.root, file, directory: path.join(parent.directory, name) };
  parent.children.set(name, child);
  return child;
}

/** The names that a `use` brings in: each path, and its local name. */
function namesOf(tokens, prefix = []) {
  const group = tokens.indexOf("{");
  const head = (group < 0 ? tokens : tokens.slice(0, group)).filter((token) => token !== "::");
  if (group >= 0) {
    return branches(tokens.slice(group + 1, -1)).flatMap((branch) => namesOf(branch, [...prefix, ...head]));
  }
  const as = head.indexOf("as");
  const segments = [...prefix, ...(as < 0 ? head : head.slice(0, as))];
  if (segments.at(-1) === "self" && segments.length > 1) segments.pop();
  return segments.length ? [{ name: as < 0 ? segments.at(-1) : head[as + 1], segments }] : [];
}

/** The parts between the commas of a group. */
function branches(tokens) {
  const found = [[]];
  for (let at = 0; at < tokens.length; at += 1) {
    const end = CLOSING[tokens[at]] ? endOfGroup(tokens, at) : at + 1;
    if (tokens[at] === ",") found.push([]);
    else found.at(-1).push(...tokens.slice(at, end));
    at = end - 1;
  }
  return found.filter((branch) => branch.length);
}

/** The imports of a module: from other files, and possibly from its own. */
function imports(module) {
  const used = module.bindings.filter((binding) => isUsed(module, binding));
  const targets = used.map((binding) => resolve(module, binding.segments, binding));
  targets.push(...module.paths.map((segments) => resolve(module, segments)));
  return targets
    .filter((target) => target)
    .map((target) => ({ from: module.file, to: target.module.file, name: target.name ?? `mod ${target.module.name}` }));
}

/**
 * Whether an imported name is used. A parent's `pub use child::X` does not use it. An imported module is used if a path
 * goes through it.
 */
function isUsed(module, binding) {
  const target = resolve(module, binding.segments, binding);
  if (!target) return false;
  if (binding.name === "*") {
    throw new Failed(`${module.file} imports ${binding.segments.join("::")}: write out the names that it needs.`);
  }
  if (!target.name && module.paths.some(([first]) => first === binding.name)) return false;
  let ancestor = target.module;
  while (ancestor && ancestor !== module) ancestor = ancestor.parent;
  return !ancestor || !binding.isReexport || module.mentioned.has(binding.name);
}

/** The module that defines the name of a path, and the name there; nothing if another crate defines it. */
function resolve(module, [first, ...rest], not) {
  let place = { crate: module.root, self: module, super: module.parent }[first];
  let target = place ? { module: place } : lookup(module, first, not);
  for (const segment of rest) {
    if (!target || target.name) return target;
    place = target.module;
    if (segment === "super") target = { module: place.parent };
    else target = lookup(place, segment, not) ?? { module: place, name: segment };
  }
  return target;
}

/** The value of a name within a module: a child module, or an import of that name. */
function lookup(module, name, not) {
  if (module.children.has(name)) return { module: module.children.get(name) };
  const binding = module.bindings.find((each) => each.name === name && each !== not);
  return binding && resolve(module, binding.segments, binding);
}
