// `npm create keystile`, from the packed package: it writes projects that pass the configuration's check, and nothing
// where something is.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import path from "node:path";

import { TEMPLATES } from "../../../packages/create-keystile/src/templates.mjs";
import { inRoot } from "../../../scripts/tools.mjs";
import { typing } from "../commands/terminal.mjs";
import { project } from "../installed.mjs";

describe("npm create keystile", { timeout: 120_000 }, () => {
  let installed;
  before(() => {
    installed = project("create-keystile", "cli");
    // The command line's dependency, as npm would have installed it.
    symlinkSync(inRoot("node_modules", "wrangler"), installed.file("node_modules", "wrangler"), "junction");
  });
  after(() => installed.remove());

  const run = (program, args, cwd) => spawnSync(process.execPath, [program, ...args], { cwd, encoding: "utf8" });
  const create = (...args) =>
    run(installed.file("node_modules", "create-keystile", "bin", "create-keystile.js"), args, installed.directory);

  for (const template of Object.keys(TEMPLATES)) {
    it(`the template ${template} passes the configuration's check`, () => {
      const created = create(template, "--yes", "--template", template, "--prefix", "acme");
      assert.equal(created.status, 0, created.stderr);
      const home = installed.file(template);
      const checked = run(installed.file("node_modules", "@keystile", "cli", "bin", "keystile.js"), ["check"], home);
      assert.equal(checked.status, 0, checked.stderr);
      const toml = readFileSync(path.join(home, "keystile.toml"), "utf8");
      assert.match(toml, /^prefix = "acme"/m);
      assert.match(toml, new RegExp(`^\\[deploy\\]\nname = "${template}"$`, "m"), "two projects in one account are two deployments");
    });
  }

  it("asks nothing with --yes, and names the keys after the directory", () => {
    const created = create("Mein Tor 7", "--yes");
    assert.equal(created.status, 0);
    assert.match(created.stdout, /^ {2}cd 'Mein Tor 7' && npm install && npm start$/m);
    const written = readdirSync(installed.file("Mein Tor 7"), { recursive: true }).sort();
    assert.deepEqual(written, [".gitignore", "README.md", "api", "api/src", "api/src/index.ts", "api/wrangler.toml", "keystile.toml", "package.json"]);
    assert.match(readFileSync(installed.file("Mein Tor 7", "keystile.toml"), "utf8"), /^prefix = "meintor"/m);
    const { name } = JSON.parse(readFileSync(installed.file("Mein Tor 7", "package.json"), "utf8"));
    assert.equal(name, "mein-tor-7");
  });

  describe("at a terminal", () => {
    const at = (answers, ...args) =>
      typing(answers, [process.execPath, installed.file("node_modules", "create-keystile", "bin", "create-keystile.js"), ...args], {
        cwd: installed.directory,
      });
    const ERASE = "\u0015";
    const DOWN = "\u001b[B";

    it("asks four questions, each with a default", async () => {
      await at([["In which directory?", ""], ["What does it guard?", ""], ["do your keys begin?", ""], ["What is behind it?", ""]]);
      assert.match(readFileSync(installed.file("my-gate", "keystile.toml"), "utf8"), /^prefix = "mygate"/m);
      assert.ok(existsSync(installed.file("my-gate", "api", "src", "index.ts")));
    });

    it("asks again after a mistake, and only for what no option says", async () => {
      const { stdout } = await at(
        [
          ["In which directory?", ""],
          ["my-gate is not empty", `${ERASE}other`],
          ["do your keys begin?", "Other-1"],
          ["write 2 to 12 lower-case letters", `${ERASE}other`],
          ["What is behind it?", DOWN],
          ["Its address?", "api.example.com"],
          ["write an address such as", `${ERASE}https://api.example.com`],
        ],
        "--template",
        "plans",
      );
      assert.doesNotMatch(stdout, /What does it guard/);
      const toml = readFileSync(installed.file("other", "keystile.toml"), "utf8");
      assert.match(toml, /^prefix = "other"/m);
      assert.match(toml, /^url = "https:\/\/api.example.com"$/m);
    });

    it("writes nothing if it is interrupted", async () => {
      await assert.rejects(at([["In which directory?", "gone"], ["What does it guard?", "\u0003"]]), (error) => error.code === 1 && /Nothing was written\./.test(error.stdout));
      assert.equal(existsSync(installed.file("gone")), false);
    });
  });

  it("puts an API of one's own behind the edge by its address, and writes no worker", () => {
    assert.equal(create("own", "--yes", "--upstream", "https://api.example.com").status, 0);
    const toml = readFileSync(installed.file("own", "keystile.toml"), "utf8");
    assert.match(toml, /^url = "https:\/\/api.example.com"$/m);
    assert.doesNotMatch(toml, /UPSTREAM/);
    assert.equal(existsSync(installed.file("own", "api")), false);
    const checked = run(installed.file("node_modules", "@keystile", "cli", "bin", "keystile.js"), ["check"], installed.file("own"));
    assert.equal(checked.status, 0, checked.stderr);
  });

  for (const [title, directory, args] of [
    ["a directory whose name begins like operators' keys", "ksroot", []],
    ["a directory of blanks and signs", " ?! ", []],
    ["a name of digits", "42", []],
    ["a long name", "n".repeat(120), []],
    ["an address in capitals", "capitals", ["--upstream", " HTTPS://API.Example.com/ "]],
    ["an API on this machine", "here", ["--upstream", "http://localhost:3000"]],
  ]) {
    it(`${title} makes a project that passes the check`, () => {
      const created = create(directory, "--yes", ...args);
      assert.equal(created.status, 0, created.stderr);
      const checked = run(installed.file("node_modules", "@keystile", "cli", "bin", "keystile.js"), ["check"], installed.file(directory));
      assert.equal(checked.status, 0, checked.stderr);
    });
  }

  it("never writes where something is", () => {
    mkdirSync(installed.file("full"));
    writeFileSync(installed.file("full", "notes.txt"), "mine");
    const refused = create("full", "--yes");
    assert.equal(refused.status, 2);
    assert.match(refused.stderr, /full is not empty: it has notes.txt\. Name another directory.*keystile init/);
    assert.deepEqual(readdirSync(installed.file("full")), ["notes.txt"]);
  });

  it("says in a sentence that a file is in its place", () => {
    writeFileSync(installed.file("occupied"), "");
    for (const directory of ["occupied", "occupied/gate"]) {
      const refused = create(directory, "--yes");
      assert.equal(refused.status, 2);
      assert.match(refused.stderr, /^occupied\S* can't be a directory: .*occupied is a file\. Name another directory\.\n$/);
    }
  });

  it("says in a sentence what the system refuses", () => {
    const refused = create("x".repeat(300), "--yes");
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /^x+ can't be read: ENAMETOOLONG[^\n]+\n$/);
  });

  it("a new repository counts as empty", () => {
    mkdirSync(installed.file("repository"));
    execFileSync("git", ["init", "-q"], { cwd: installed.file("repository") });
    assert.equal(create("repository", "--yes").status, 0);
  });

  for (const [mistake, args, says] of [
    ["no terminal and no --yes", ["x"], /this is no terminal\. Write --yes.*--template, --prefix, --upstream/],
    ["an unknown template", ["x", "--yes", "--template", "chat"], /--template: there is no template "chat"; write one of api, /],
    ["a prefix that keys can't have", ["x", "--yes", "--prefix", "Acme-1"], /--prefix: write 2 to 12 lower-case letters/],
    ["a prefix of operators' keys", ["x", "--yes", "--prefix", "ksopen"], /--prefix: ksop and ksroot begin operators' keys/],
    ["an address of another machine without TLS", ["x", "--yes", "--upstream", "http://api.example.com"], /--upstream: write https:\/\/; http:\/\/ is for localhost/],
    ["an address with a query", ["x", "--yes", "--upstream", "https://api.example.com?a"], /--upstream: write it without a user, \? and #/],
    ["no directory", ["", "--yes"], /Write a directory's name, or \. for this one\./],
    ["an address without a scheme", ["x", "--yes", "--upstream", "api.example.com"], /--upstream: write an address such as https:/],
    ["an unknown option", ["x", "--yse"], /Unknown option '--yse'\. See --help/],
    ["a second directory", ["x", "y", "--yes"], /"y" is one argument too many/],
  ]) {
    it(`${mistake} is refused, and nothing is written`, () => {
      const refused = create(...args);
      assert.equal(refused.status, 2);
      assert.match(refused.stderr, says);
      assert.equal(existsSync(installed.file("x")), false);
    });
  }
});
