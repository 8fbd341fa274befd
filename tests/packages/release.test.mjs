// The mistakes for which `npm run release` refuses to publish, the changelog's section, the bill of the crates, the sums;
// and the workflow that publishes.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { describe, test } from "node:test";

import { parse } from "yaml";

import { forPage, mistakesIn, ofCrates, section, sums } from "../../scripts/release.mjs";
import { inRoot, root } from "../../scripts/tools.mjs";

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

test("the release's page links to the files of its tag", () => {
  const notes = "[Deploy](docs/guide/deploy.md#upgrade), [here](#added), [there](https://example.com).";
  const page = "[Deploy](https://github.com/keystile/keystile/blob/v1.2.3/docs/guide/deploy.md#upgrade), [here](#added), [there](https://example.com).";
  assert.equal(forPage(notes, "1.2.3"), page);
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

test("whoever downloads the release's files can check them", () => {
  const directory = mkdtempSync(path.join(tmpdir(), "keystile-sums-"));
  try {
    writeFileSync(path.join(directory, "a.tgz"), "a");
    writeFileSync(path.join(directory, "SHA256SUMS"), sums(directory));
    execFileSync("sha256sum", ["--check", "--strict", "SHA256SUMS"], { cwd: directory, stdio: "pipe" });
  } finally {
    rmSync(directory, { recursive: true });
  }
});

describe("the workflows", () => {
  const workflows = Object.fromEntries(
    readdirSync(inRoot(".github", "workflows")).map((file) => [file, parse(readFileSync(inRoot(".github", "workflows", file), "utf8"))]),
  );

  test("name each action by its commit", () => {
    const used = Object.values(workflows).flatMap(({ jobs }) => Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ uses = [] }) => uses)));
    assert.ok(used.length > 5);
    for (const action of used) assert.match(action, /^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
  });

  test("let nothing that is built by others run with the right to publish", () => {
    const { permissions, jobs } = workflows["release.yml"];
    assert.deepEqual(permissions, {});
    assert.deepEqual(jobs.build.permissions, { contents: "read" });
    const commands = jobs.publish.steps.flatMap(({ run = [] }) => run);
    for (const command of commands) assert.match(command, /^(cd release && sha256sum|bash scripts\/publish\.sh )/);
  });
});

describe("publishing", () => {
  const VERSIONS = ["1.2.3", "2.0.0-rc.1"];
  const TARBALLS = ["keystile", "keystile-cli", "create-keystile"];
  /** Runs a part with programs that write down how they are called. `published` are the calls that find something. */
  function publish(part, version, published = "^$") {
    const directory = mkdtempSync(path.join(tmpdir(), "keystile-publish-"));
    try {
      const bin = path.join(directory, "bin");
      mkdirSync(bin);
      for (const program of ["npm", "cargo", "gh", "curl"]) {
        const found = `if echo "$0 $*" | grep -Eq '${published}'; then echo ${version}; exit 0; fi`;
        const asks = "case \"$*\" in view*|'release view'*|*crates.io*) exit 1 ;; esac";
        writeFileSync(path.join(bin, program), `#!/bin/sh\n${found}\n${asks}\necho "CALL ${program} $*"\n`);
        chmodSync(path.join(bin, program), 0o755);
      }
      cpSync(inRoot("scripts", "publish.sh"), path.join(directory, "publish.sh"));
      mkdirSync(path.join(directory, "release"));
      const env = { PATH: `${bin}:${process.env.PATH}`, GITHUB_ACTIONS: "true" };
      const { stdout, status, stderr } = spawnSync("bash", ["publish.sh", part, version], { cwd: directory, env, encoding: "utf8" });
      assert.equal(status, 0, stderr);
      return [...stdout.matchAll(/^CALL (.*)$/gm)].map(([, call]) => call);
    } finally {
      rmSync(directory, { recursive: true });
    }
  }

  for (const version of VERSIONS) {
    test(`${version} goes to npm in the order of what depends on it`, () => {
      const tag = version.includes("-") ? "next" : "latest";
      const calls = TARBALLS.map((name) => `npm publish ./release/${name}-${version}.tgz --provenance --access public --tag ${tag}`);
      assert.deepEqual(publish("npm", version), calls);
      assert.deepEqual(publish("npm", version, "@keystile/cli@|npm view keystile@"), [calls[2]], "a run that failed is finished");
    });

    test(`the crate of ${version} is published once`, () => {
      assert.deepEqual(publish("crate", version), ["cargo publish --locked --no-verify -p keystile-webhook"]);
      assert.deepEqual(publish("crate", version, `keystile-webhook/${version}$`), []);
    });

    test(`the page of ${version} is made, or completed`, () => {
      const [made] = publish("page", version);
      assert.match(made, /^gh release create v\S+ --verify-tag .* --notes-file release\/NOTES\.md/);
      assert.equal(made.includes("--prerelease"), version.includes("-"), "GitHub would call it the latest");
      assert.match(publish("page", version, "release view")[0], /^gh release upload v\S+ .* --clobber$/);
    });
  }
});
