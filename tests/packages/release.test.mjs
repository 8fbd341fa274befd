// The mistakes for which `npm run release` refuses to publish, the changelog's section, and the bill of the crates.

import assert from "node:assert/strict";
import { homedir } from "node:os";
import { describe, test } from "node:test";

import { mistakesIn, ofCrates, section } from "../../scripts/release.mjs";
import { root } from "../../scripts/tools.mjs";

const CHANGELOG = `# Changelog

## [Unreleased]

Nothing yet.

## [0.2.0] - 2026-12-01

### Added

- One thing, with a [link].

## [0.1.0]

The first version.
`;

describe("the changelog's section", () => {
  test("ends where the next version's begins", () => {
    assert.equal(section("0.2.0", {}, CHANGELOG), "### Added\n\n- One thing, with a [link].\n");
  });

  test("of the first version goes to the end", () => {
    assert.equal(section("0.1.0", { dryRun: true }, CHANGELOG), "The first version.\n");
  });

  test("needs its day, but for a dry run", () => {
    assert.throws(() => section("0.1.0", {}, CHANGELOG), /says "## \[0\.1\.0\]"\. Write the day: ## \[0\.1\.0\] - \d{4}-\d\d-\d\d/);
  });

  test("that is missing is to be written", () => {
    for (const version of ["0.3.0", "0.2", "0.2.00"]) {
      assert.throws(() => section(version, {}, CHANGELOG), /CHANGELOG\.md has no section "## \[/, version);
    }
  });
});

describe("a file isn't published", () => {
  const never = () => assert.fail("its text doesn't matter");
  for (const file of [".env", "dist/.dev.vars", "a/.npmrc", "node_modules", "dist/main.test.mjs", "dist/x.test.js", "dist/worker.js.map"]) {
    test(`by its name: ${file}`, () => assert.deepEqual(mistakesIn(file, never), [`${file} doesn't belong into a package`]));
  }

  for (const [what, text] of [
    ["the clone's directory", `panicked at ${root}/crates/core/src/lib.rs`],
    ["the home directory", `${homedir()}/.cargo/registry/src/a.rs`],
  ]) {
    test(`with ${what}`, () => assert.match(mistakesIn("a.wasm", () => text).join(), /^a\.wasm names the directory \//));
  }

  for (const [what, text] of [
    ["a root key", `ksroot_${"a".repeat(43)}`],
    ["an operator's key", `ksop_${"b".repeat(40)}`],
    ["a private key", "-----BEGIN EC PRIVATE KEY-----"],
    ["a token of npm", `npm_${"c".repeat(36)}`],
  ]) {
    test(`with ${what}`, () => assert.match(mistakesIn("a.js", () => `const x = "${text}";`).join(), /^a\.js has a text like a secret/));
  }

  test("unless nothing of it is wrong", () => {
    const text = "ksroot_… is shown once; ksop_short; BEGIN PUBLIC KEY; see /usr/lib";
    for (const file of ["dist/main.mjs", "environment.js", "README.md", "testing.mjs"]) assert.deepEqual(mistakesIn(file, () => text), []);
  });
});

test("the bill has what the released crates depend on, and no part of tests, builds or other crates", () => {
  const registry = "registry+https://crates";
  const crate = (name, source = registry, license = "MIT/Apache-2.0") => ({ id: name, name, version: "1.0.0", source, license });
  const packages = [crate("keystile-edge", null), crate("keystile-bindgen", null), ...["used", "below", "of-tests", "of-builds", "of-bindgen"].map((name) => crate(name))];
  const to = (pkg, kind = null) => ({ pkg, dep_kinds: [{ kind }] });
  const deps = {
    "keystile-edge": [to("used"), to("of-tests", "dev"), to("of-builds", "build")],
    "keystile-bindgen": [to("of-bindgen")],
    used: [to("below")],
  };
  const nodes = packages.map(({ id }) => ({ id, deps: deps[id] ?? [] }));
  const { components, metadata } = ofCrates({ packages, resolve: { nodes } }, "0.2.0");
  assert.deepEqual(components.map(({ purl }) => purl), ["pkg:cargo/used@1.0.0", "pkg:cargo/below@1.0.0"]);
  assert.deepEqual(components[0].licenses, [{ expression: "MIT OR Apache-2.0" }]);
  assert.deepEqual(metadata.component, { type: "application", name: "keystile", version: "0.2.0" });
});
