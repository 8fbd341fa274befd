// Profiles: which deployment a command speaks to, with which key, and where that is kept.
//
// This machine has no keyring. In its place is a `secret-tool` that keeps what it is given in a directory, called as the
// real one.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";

import { ROOT_KEY, startRig } from "../../support/rig.mjs";
import { commandLine, emptyDirectory } from "./command.mjs";

const TOOL = `#!/bin/sh
printf '%s\\n' "$*" >> "$KEYRING/calls"
for profile in "$@"; do :; done
case "$1" in
  store) cat > "$KEYRING/$profile";;
  lookup) cat "$KEYRING/$profile" 2>/dev/null || exit 1;;
  clear) rm "$KEYRING/$profile" || exit 1;;
esac
`;

let rig;
let url;
let operator;
before(async () => {
  rig = await startRig({ name: "profiles", edges: {} });
  url = rig.url.origin;
  operator = (await rig.operator("acme", ["keys:read", "keys:write"])).key;
});
after(() => rig.close());

let home;
let run;
let keyring;
beforeEach(() => {
  home = emptyDirectory();
  keyring = path.join(home, "keyring");
  const bin = path.join(home, "bin");
  for (const each of [keyring, bin]) mkdirSync(each);
  writeFileSync(path.join(bin, "secret-tool"), TOOL, { mode: 0o755 });
  run = commandLine({ cwd: home, env: { KEYRING: keyring, PATH: `${bin}:${process.env.PATH}` } });
});

async function done(...words) {
  const ended = await run(...words);
  assert.equal(ended.code, 0, `${words.join(" ")}\n${ended.err}`);
  return ended;
}
const login = (...words) => run("login", ...words, "--url", url, { stdin: `${operator}\n` });
const config = (name) => path.join(home, ".config", "keystile", name);

describe("login", { skip: process.platform !== "linux" && "its keyring is another" }, () => {
  test("keeps the key in the keyring, and no argument and no file has it", async () => {
    const { code, out, err } = await login("prod");
    assert.equal(code, 0, err);
    assert.match(out, /^prod is http:\S+ as "acme operator", for acme\. It is in use now\.\n$/);
    assert.equal(readFileSync(path.join(keyring, "prod"), "utf8"), operator);
    assert.ok(!readFileSync(path.join(keyring, "calls"), "utf8").includes(operator));
    assert.deepEqual(readdirSync(path.dirname(config("x"))).sort(), ["profiles.json"]);
    assert.ok(!readFileSync(config("profiles.json"), "utf8").includes(operator));
    assert.match((await done("status")).out, /^key +the profile "prod"\noperator +acme operator$/m);
  });

  test("with --in-file keeps it in a file that only its owner can read, and refuses one that others can", async () => {
    assert.equal((await login("--in-file")).code, 0);
    assert.equal(statSync(config("keys.json")).mode & 0o777, 0o600);
    assert.equal(statSync(path.dirname(config("x"))).mode & 0o777, 0o700);
    await done("status");
    chmodSync(config("keys.json"), 0o644);
    const { code, err } = await run("status");
    assert.equal(code, 1);
    assert.match(err, /^Others can read \S+keys\.json, which has keys\. Run: chmod 600/);
  });

  test("with --in-file writes a new file, whatever has its name or that of the part", async () => {
    mkdirSync(path.dirname(config("x")), { recursive: true });
    const others = path.join(home, "others");
    for (const name of ["keys.json", `keys.json.${process.pid}`]) {
      writeFileSync(others, "{}", { mode: 0o600 });
      symlinkSync(others, config(name));
      assert.equal((await login("--in-file")).code, 0);
      assert.equal(readFileSync(others, "utf8"), "{}", name);
      assert.deepEqual([lstatSync(config("keys.json")).isFile(), statSync(config("keys.json")).mode & 0o777], [true, 0o600]);
    }
  });

  test("keeps nothing if the deployment doesn't take the key, or it isn't one", async () => {
    const wrong = await run("login", "--url", url, { stdin: `ksop_${"x".repeat(38)}` });
    assert.equal(wrong.code, 1);
    assert.match(wrong.err, /doesn't take the key of stdin/);
    const asJson = await run("login", "--url", url, "--json", { stdin: `ksop_${"x".repeat(38)}` });
    assert.deepEqual([asJson.code, JSON.parse(asJson.err).status], [1, 401]);
    for (const stdin of ["", "two words", 'x" -w y']) {
      const { code, err } = await run("login", "--url", url, { stdin });
      assert.equal(code, 2);
      assert.match(err, /That isn't a key/);
    }
    assert.ok(!existsSync(config("profiles.json")));
  });

  test("without a keyring says what to do", async () => {
    const { code, err } = await run("login", "--url", url, { stdin: operator, env: { PATH: path.join(home, "nothing") } });
    assert.equal(code, 1);
    assert.match(err, /no program "secret-tool"\. Set KEYSTILE_KEY instead, or .*keystile login --in-file\n$/);
    assert.ok(!existsSync(config("profiles.json")));
  });

  test("refuses plain http to another machine, and a name or an address that can't be one", async () => {
    for (const [words, said] of [
      [["--url", "http://keys.example.com"], /write https/],
      [["--url", "keys.example.com"], /has to be the address/],
      [["--url", "https://a:b@keys.example.com"], /has to be the address/],
      [["--url", "https://keys.example.com/#/tenants"], /ends with #\/tenants, which is a place in a page: write https:\/\/keys\.example\.com$/m],
      [["a b", "--url", url], /The name of a profile/],
      [[], /Write the address/],
    ]) {
      const { code, err } = await run("login", ...words, { stdin: operator });
      assert.equal(code, 2);
      assert.match(err, said);
    }
  });
});

describe("profiles", () => {
  test("are listed, chosen and forgotten with their keys", async () => {
    await login("one");
    await login("two", "--in-file");
    assert.match((await done("profiles", "list")).out, /^one +\S+ +keyring\ntwo +\S+ +file +yes$/m);
    await done("profiles", "use", "one");
    assert.match((await done("status")).out, /the profile "one"/);
    assert.match((await done("status", "--profile", "two")).out, /the profile "two"/);
    assert.match((await done("status", { env: { KEYSTILE_PROFILE: "two" } })).out, /the profile "two"/);
    await done("logout", "two");
    assert.equal(readFileSync(config("keys.json"), "utf8").trim(), "{}");
    await done("logout");
    assert.ok(!existsSync(path.join(keyring, "one")));
    assert.equal((await run("status")).code, 2);
    assert.equal((await run("profiles", "use", "one")).code, 2);
  });

  test("have their key at one place alone, and none after a logout", async () => {
    const inKeyring = () => existsSync(path.join(keyring, "one"));
    const inFile = () => existsSync(config("keys.json")) && "one" in JSON.parse(readFileSync(config("keys.json"), "utf8"));
    await login("one");
    await login("one", "--in-file");
    assert.deepEqual([inKeyring(), inFile()], [false, true]);
    await login("one");
    assert.deepEqual([inKeyring(), inFile()], [true, false]);
    // An earlier version left one at each place.
    writeFileSync(config("keys.json"), JSON.stringify({ one: operator, two: operator }), { mode: 0o600 });
    await done("logout", "one");
    assert.deepEqual([inKeyring(), inFile()], [false, false]);
    assert.match(readFileSync(config("keys.json"), "utf8"), /"two"/);
  });

  test("need no keyring if their key is in the file", async () => {
    const env = { PATH: path.join(home, "nothing") };
    const words = ["login", "one", "--in-file", "--url", url];
    assert.equal((await run(...words, { stdin: `${operator}\n`, env })).code, 0);
    assert.equal((await run("logout", "one", { env })).code, 0);
    // The key in a keyring that can't be reached any more is told.
    await login("two");
    const { code, err } = await run("login", "two", "--in-file", "--url", url, { stdin: `${operator}\n`, env });
    assert.equal(code, 0);
    assert.match(err, /The earlier key of two may still be in the keyring: .*no program "secret-tool"/);
  });

  test("of a file that was written by hand are checked like others", async () => {
    await login("one", "--in-file");
    for (const url of ["http://evil.example", "https://keys.example.com/#/keys", 7]) {
      writeFileSync(config("profiles.json"), JSON.stringify({ use: "one", profiles: { one: { url, key: "file" } } }));
      for (const env of [{}, { KEYSTILE_KEY: ROOT_KEY }]) {
        const { code, err } = await run("status", { env });
        assert.equal(code, 2);
        assert.match(err, /^The url of the profile "one" /);
      }
    }
  });

  test("are none of JavaScript's own names", async () => {
    await login("one", "--in-file");
    for (const name of ["constructor", "toString", "hasOwnProperty"]) {
      for (const words of [["status", "--profile", name], ["profiles", "use", name], ["logout", name]]) {
        const { code, err } = await run(...words);
        assert.deepEqual([code, err], [2, `There is no profile "${name}". See: keystile profiles list\n`]);
      }
      assert.match((await run("login", name, { stdin: operator })).err, /^Write the address of the management worker/);
    }
    assert.equal((await login("constructor", "--in-file")).code, 0);
    assert.match((await done("status")).out, /the profile "constructor"/);
  });

  test("KEYSTILE_KEY goes before a profile's key, to its address", async () => {
    await login("one");
    assert.match((await done("status", { env: { KEYSTILE_KEY: ROOT_KEY } })).out, /^key +KEYSTILE_KEY\noperator +root key$/m);
  });

  test("a profile's key is never sent to another address", async () => {
    await login("one");
    const { code, err } = await run("status", "--url", "https://other.example");
    assert.equal(code, 2);
    assert.match(err, /Set KEYSTILE_KEY to an operator's key for https:\/\/other\.example/);
  });

  test("a KEYSTILE_KEY that can't be a key isn't shown", async () => {
    const { code, err } = await run("status", { env: { KEYSTILE_KEY: "two words", KEYSTILE_URL: url } });
    assert.deepEqual([code, err], [2, "What KEYSTILE_KEY has isn't the text of a key.\n"]);
  });
});

describe("the stack of this directory", () => {
  /** In place of wrangler, which leads a process group of its own. */
  let wrangler;
  before(() => (wrangler = spawn(process.execPath, ["-e", "setTimeout(() => {}, 1e6)", "wrangler"], { detached: true, stdio: "ignore" })));
  after(() => wrangler.kill());

  const stack = (directory, facts, { pid = process.pid, group = wrangler.pid, start } = {}) => {
    mkdirSync(path.join(home, directory), { recursive: true });
    writeFileSync(path.join(home, directory, "stack.json"), JSON.stringify(facts));
    writeFileSync(path.join(home, directory, "pid"), JSON.stringify({ pid, group, start }));
  };

  test("is asked where one runs, before the profile in use", async () => {
    await login("one");
    stack(".keystile", { manage: url, root_key: ROOT_KEY, edge: url });
    assert.match((await done("status")).out, /^key +\.keystile\/stack\.json\noperator +root key$/m);
    assert.match((await done("status", "--profile", "one")).out, /the profile "one"/);
  });

  test("is asked from a directory in it, too", async () => {
    stack(".keystile", { manage: url, root_key: ROOT_KEY });
    const below = path.join(home, "api", "src");
    mkdirSync(below, { recursive: true });
    const { code, out, err } = await commandLine({ cwd: below })("status");
    assert.equal(code, 0, err);
    assert.match(out, /^key +\.\.\/\.\.\/\.keystile\/stack\.json$/m);
  });

  test("that was killed gets no key, and the profile in use isn't asked in its place", async () => {
    await login("one");
    const gone = spawn(process.execPath, ["-e", ""]);
    await once(gone, "exit");
    for (const note of [{ pid: gone.pid }, { group: gone.pid }, { pid: gone.pid, start: "npm start" }]) {
      stack(".keystile", { manage: url, root_key: ROOT_KEY }, note);
      const { code, out, err } = await run("status");
      assert.deepEqual([code, out], [1, ""]);
      const start = note.start ?? "keystile dev";
      assert.match(err, new RegExp(`^${start} doesn't run any more here: it was killed, and left \\.keystile/stack\\.json\\. Start it again`));
      assert.match((await done("status", "--profile", "one")).out, /the profile "one"/);
    }
  });

  test("that runs is told of where KEYSTILE_KEY is set without an address", async () => {
    stack(".keystile", { manage: url, root_key: ROOT_KEY });
    const { code, err } = await run("status", { env: { KEYSTILE_KEY: ROOT_KEY } });
    const said = `KEYSTILE_KEY is set, but no address. keystile dev runs here: set KEYSTILE_URL=${url}, too, or unset KEYSTILE_KEY to use its root key.\n`;
    assert.deepEqual([code, err], [2, said]);
  });

  test("isn't one that is on another machine", async () => {
    stack(".keystile", { manage: "https://keys.example.com", root_key: ROOT_KEY });
    const { code, err } = await run("status");
    assert.equal(code, 2);
    assert.match(err, /^No deployment is known\. Log in/);
  });
});
