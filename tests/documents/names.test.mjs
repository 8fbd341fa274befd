// Everything that the documents name exists: features of crates, files, modules and tests. Their counts are right.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { remark } from "remark";

import { inRoot } from "../../scripts/tools.mjs";
import { EDGE_ENDPOINTS } from "../support/bodies.mjs";
import { DOCUMENTS, inlineCodeOf, nodes } from "./pages.mjs";
import { CRATES, defines, exists, isLogged, modulesOf, testNames } from "./sources.mjs";

/** A name that is a sentence can only be that of a test in Rust. */
const TEST_NAME = /^[a-z]\w*(?:_[a-z0-9]+){4,}$/;

const pages = DOCUMENTS.map((page) => {
  const source = readFileSync(inRoot(page), "utf8");
  const tree = remark().parse(source);
  const paragraphs = nodes(tree, ["paragraph", "heading", "tableRow"]).map(({ position }) => ({
    at: `${page}:${position.start.line}`,
    text: source.slice(position.start.offset, position.end.offset).replaceAll(/\s+/g, " "),
  }));
  return { page, source, paragraphs, quoted: inlineCodeOf(page) };
});

test("each crate and feature that a command names", () => {
  const wrong = [];
  for (const { page, source } of pages) {
    for (const { 0: command, index } of source.matchAll(/`cargo [^`]*`|^cargo [^#\n]*/gm)) {
      const at = `${page}:${source.slice(0, index).split("\n").length}`;
      for (const each of wrongIn(command)) wrong.push(`${at}: ${each}: ${command.trim()}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("each file", () => {
  const wrong = [];
  for (const { page, quoted } of pages) {
    for (const { at, text } of quoted) {
      const isPath = /^(?:bench|crates|dev|docs|examples|fuzz|scripts|tests)\/[\w.*/-]*$/.test(text);
      const isMade = text.split("/").includes("build");
      const file = !isPath && /^[\w/]+\.test\.mjs$/.test(text) ? `tests/e2e/${text}` : text;
      const places = [file, path.posix.join(path.posix.dirname(page), file)];
      if ((isPath || file !== text) && !isMade && !places.some(exists)) wrong.push(`${at}: there is no ${file}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("each module", () => {
  const wrong = [];
  for (const { at, text } of pages.flatMap(({ quoted }) => quoted)) {
    if (!/^[a-z_]+(?:::[a-z_]+)+$/.test(text)) continue;
    const [first] = text.split("::");
    const parent = text.slice(0, text.lastIndexOf("::"));
    const isItem = defines(text.slice(parent.length + 2), modulesOf(parent));
    if (modulesOf(first).length && !modulesOf(text).length && !isItem) wrong.push(`${at}: there is no ${text}`);
  }
  assert.deepEqual(wrong, []);
});

test("each test of Rust", () => {
  const wrong = [];
  for (const { at, text } of pages.flatMap(({ quoted }) => quoted)) {
    const isTest = TEST_NAME.test(text) && !isLogged(text);
    if (isTest && !defines(text)) wrong.push(`${at}: there is no test ${text}`);
  }
  for (const { at, module, names } of pages.flatMap(({ paragraphs }) => paragraphs).flatMap(testsOfModules)) {
    const missing = names.filter((name) => defines(name) && !defines(name, modulesOf(module)));
    for (const name of missing) wrong.push(`${at}: ${name} is not in ${module}`);
  }
  assert.deepEqual(wrong, []);
});

test("each test of JavaScript", () => {
  const wrong = [];
  for (const { paragraphs } of pages) {
    // "`bound` is `revocation/bound.test.mjs`": from there on a name of its own.
    const short = paragraphs.flatMap(({ text }) => [...text.matchAll(/`(\w+)` is `([\w/]+\.test\.mjs)`/g)]);
    const files = new Map(short.map(([, name, file]) => [name, file]));
    for (const { at, text } of paragraphs) {
      const named = text.matchAll(/(?:`([\w/]+\.test\.mjs)`|^(\w+)):((?:(?:,| and| the \w+ tests)? "[^"]+")+)/g);
      for (const [, file, name, titles] of named) {
        const of = file ?? files.get(name);
        if (!of) continue;
        const known = testNames(of.startsWith("tests/") ? of : `tests/e2e/${of}`);
        for (const [, title] of titles.matchAll(/"([^"]+)"/g)) {
          if (!known.some((each) => isNamed(each, title))) wrong.push(`${at}: ${of} has no test "${title}"`);
        }
      }
    }
  }
  assert.deepEqual(wrong, []);
});

test("each number of what can be counted", () => {
  const read = (file) => readFileSync(inRoot(file), "utf8");
  const numberIn = (page, pattern) => Number(pattern.exec(read(page))?.[1]);
  const senders = read("crates/webhook/src/registry.toml").match(/^\[[\w-]+\]$/gm).length;
  assert.equal(numberIn("CHANGELOG.md", /the (\d+) senders of the registry/), senders, "senders in CHANGELOG.md");
  const packages = Object.keys(JSON.parse(read("tests/interop/package.json")).dependencies).length;
  assert.equal(numberIn("CONTRIBUTING.md", /(\d+) of the vendors' own/), packages, "packages in CONTRIBUTING.md");
  const version = numberIn("crates/core/src/config.rs", /BLOB_VERSION: u32 = (\d+);/);
  const documented = numberIn("docs/design/storage-schema.md", /\((\d+), `BLOB_VERSION` in/);
  assert.equal(documented, version, "the version in docs/design/storage-schema.md");
});

/** What is wrong with the packages and features of a command. */
function wrongIn(command) {
  const named = [...command.matchAll(/\s(?:-p|--package) keystile-([\w-]+)/g)].map(([, name]) => name);
  const unknown = named.filter((name) => !CRATES.some((crate) => crate.name === name));
  const crates = named.length ? CRATES.filter(({ name }) => named.includes(name)) : CRATES;
  const wanted = [...command.matchAll(/\s(?:-F|--features)[ =]([\w,/-]+)/g)].flatMap(([, list]) => list.split(","));
  const namesOf = ({ name, features }) => features.flatMap((each) => [each, `keystile-${name}/${each}`]);
  const known = new Set(crates.flatMap(namesOf));
  return [
    ...unknown.map((name) => `no crate keystile-${name}`),
    ...wanted.filter((feature) => !known.has(feature)).map((feature) => `no feature ${feature}`),
  ];
}

/** The tests that a paragraph names by module: "`keyring`: `one`, `two`", or "`one`, `two` (`keyring`)". */
function testsOfModules({ at, text }) {
  const found = [];
  const add = (module, list) => {
    const names = [...list.matchAll(/`(\w+)`/g)].map(([, name]) => name);
    if (modulesOf(module).length || names.some((name) => TEST_NAME.test(name))) found.push({ at, module, names });
  };
  const before = text.matchAll(/(?:`([\w:]+)`|^([a-z][\w:]*)):((?:(?:,| and)? `\w+`)+)/g);
  for (const [, quoted, plain, list] of before) add(quoted ?? plain, list);
  for (const [, list, module] of text.matchAll(/((?:`\w+`(?:, | and )?)+) \(`([\w:]+)`\)/g)) add(module, list);
  return found;
}

/** Whether a test's name is this or has it, where `…` in the document, and `${…}` in the test, stand for any text. */
function isNamed(name, title) {
  const literal = (text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const pattern = (text, gap) => text.split(gap).map(literal).join(".*");
  return new RegExp(pattern(title, "…")).test(name) || new RegExp(`^${pattern(name, /\$\{[^}]*\}/)}$`).test(title);
}

test("each of the edge's own endpoints, and no other", () => {
  const { source } = pages.find(({ page }) => page === "docs/reference/edge-api.md");
  const documented = Array.from(source.matchAll(/^\| `([A-Z]+ \/keystile\/[^`]*)` \|/gm), ([, endpoint]) => endpoint);
  const routed = EDGE_ENDPOINTS.filter(({ method }) => method !== "HEAD").map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(documented.toSorted(), routed.toSorted());
});
