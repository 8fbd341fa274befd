// The commands as a process among others: pipes, a reader that goes, a terminal.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { startRig } from "../../support/rig.mjs";
import { inRoot } from "../../../scripts/tools.mjs";
import { asRoot, emptyDirectory } from "./command.mjs";
import { typing } from "./terminal.mjs";

let rig;
let env;
before(async () => {
  rig = await startRig({ name: "process", edges: {} });
  const bin = emptyDirectory();
  const main = inRoot("packages", "cli", "src", "main.mjs");
  const program = `#!${process.execPath}\nimport(${JSON.stringify(main)}).then(async ({ main }) => (process.exitCode = await main(process.argv.slice(2))));\n`;
  writeFileSync(path.join(bin, "keystile"), program);
  chmodSync(path.join(bin, "keystile"), 0o755);
  env = { ...process.env, ...asRoot(rig.url.origin), PATH: `${bin}:${process.env.PATH}`, HOME: bin };
});
after(() => rig.close());

const shell = (script) => promisify(execFile)("bash", ["-o", "pipefail", "-c", script], { env, cwd: env.HOME });

test("a script gets the key, and nothing else, from a pipe", async () => {
  const { stdout } = await shell('KEY=$(keystile keys create acme --name piped --scope read:leads 2>/dev/null) && echo "<$KEY>"');
  assert.match(stdout, /^<knq_live_[0-9A-Za-z]{38}>\n$/);
});

test("an export goes through a pipe line by line, and a reader that goes ends a command without a word", async () => {
  for (let n = 0; n < 5; n += 1) await rig.create("acme", { name: `key ${n}` });
  const { stdout, stderr } = await shell("keystile audit export acme | wc -l");
  assert.equal(Number(stdout), 6);
  assert.equal(stderr.trim(), "6 entries");
  const gone = await shell("keystile openapi 2>errors | head -c 1; cat errors");
  assert.equal(gone.stdout, "{");
});

/** The exit code and stderr of a command whose stdout goes there: `| true` once nobody reads any more, or a file. */
async function into(where, words) {
  const command = where === "| true" ? `keystile ${words} > >(exec <&-; sleep 0.3; echo) 2>errors` : `keystile ${words} ${where} 2>errors`;
  const { stdout } = await shell(`${command}; echo $?; cat errors`);
  const [code, ...said] = stdout.trim().split("\n");
  return { code: Number(code), err: said.join("\n") };
}
/** A pipe that nobody reads. */
const GONE = "| true";

test("a secret that nobody got is told, with exit code 1", async () => {
  const CREATE = "--name lost --scope read:leads";
  for (const where of [GONE, "> /dev/full"]) {
    const { id } = await rig.create("lost");
    const operator = await rig.operator("acme", ["keys:read"]);
    for (const [words, said] of [
      [`keys create lost ${CREATE}`, /The text of key_\w+ could not be written, and it isn't shown again\. For another one: keystile keys rotate lost key_\w+ \(/],
      [`keys create lost ${CREATE} --json`, /^\{"code":"FAILED","message":"The text of key_\w+ could not be written/],
      [`keys rotate lost ${id} --overlap 1h`, /The text of key_\w+ could not be written/],
      ["operators create --name lost --scope keys:read --tenant acme", /The text of op_\w+ could not be written.* keystile operators rotate op_\w+ \(/],
      [`operators rotate ${operator.id} --overlap 1h`, /The text of op_\w+ could not be written/],
      ["events create https://example.com/events", /The secret of (ep_\w+) could not be written\. Give it another: keystile events rotate-secret \1 \(/],
      ["events create https://example.com/ --tenant lost", /keystile events rotate-secret ep_\w+ --tenant lost \(/],
      ["tenants portal-session lost --actor-id a --may keys:read", /The link could not be written\. Make another/],
    ]) {
      const { code, err } = await into(where, words);
      assert.equal(code, 1, `${words} ${where}: ${err}`);
      const why = where === GONE ? /stdout can't be written: its reader has gone\./ : /stdout can't be written: ENOSPC: no space left on device/;
      for (const each of [said, why]) assert.match(err, each, words);
      assert.doesNotMatch(err, /^ +at /m, "no stack trace");
    }
  }
});

test("an export of which a part is lost fails", async () => {
  await rig.create("parts");
  for (const where of [GONE, "> /dev/full"]) {
    for (const words of ["export --tenant parts", "audit export parts"]) {
      const { code, err } = await into(where, words);
      assert.equal(code, 1, `${words} ${where}`);
      assert.match(err, /Not all of it is written: stdout can't be written/);
    }
  }
});

test("a command that changed something keeps its own exit code without a reader, and fails on a full disk", async () => {
  const { id } = await rig.create("changed");
  const lost = `key_${"0".repeat(20)}`;
  assert.equal((await into(GONE, `keys revoke changed ${lost} ${lost.replace("0", "1")} --yes --json`)).code, 1);
  assert.deepEqual(await into(GONE, `keys disable changed ${id}`), { code: 0, err: "" });
  const full = await into("> /dev/full", `keys enable changed ${id}`);
  assert.deepEqual(full, { code: 1, err: "stdout can't be written: ENOSPC: no space left on device, write." });
  assert.equal((await rig.manage("GET", `/v1/tenants/changed/keys/${id}`)).body.status, "active");
});

test("a command that reads ends without a word when its reader goes, and fails on a full disk", async () => {
  for (const words of ["keys list acme", "openapi", "keys list acme --json", "--help", "completion bash"]) {
    assert.deepEqual(await into(GONE, words), { code: 0, err: "" }, words);
    const { code, err } = await into("> /dev/full", words);
    assert.equal(code, 1);
    assert.match(err, /^(\{"code":"FAILED","message":")?stdout can't be written: ENOSPC: no space left on device, write\.("\})?$/, words);
  }
});

test("a file that takes only a part is noticed", async () => {
  // Blocks of 1024 bytes.
  const { stdout } = await shell("(ulimit -f 40; keystile openapi >some 2>/dev/null); echo $?; rm some");
  assert.equal(stdout, "1\n");
});

test("a whole body goes through, however long, and an exit code of 1 is seen by the shell", async () => {
  const { stdout } = await shell("keystile openapi | wc -c");
  assert.ok(Number(stdout) > 200_000, stdout);
  await assert.rejects(shell("keystile keys get acme key_00000000000000000000"), (error) => error.code === 1 && /^KEY_NOT_FOUND: /.test(error.stderr));
  await assert.rejects(shell("keystile keys get acme"), (error) => error.code === 2);
});

/** Runs a command on a real terminal, on which `typed` is written when `question` is there. */
const onTerminal = (question, typed, ...words) => typing([[question, typed]], ["keystile", ...words], { env, cwd: env.HOME });

test("login asks for the key on a terminal, which doesn't show it", async () => {
  const { key } = await rig.operator("acme", ["keys:read"]);
  const { stdout } = await onTerminal("The operator's key for", key, "login", "typed", "--in-file", "--url", rig.url.origin);
  assert.match(stdout, /^The operator's key for http:\S+: \r\ntyped is http:\S+ as "acme operator", for acme\. It is in use now\.\r\n$/);
  const { stdout: status } = await shell("env -u KEYSTILE_KEY -u KEYSTILE_URL keystile status");
  assert.match(status, /^operator +acme operator$/m);
});

test("login that is interrupted keeps nothing and leaves the terminal as it was", async () => {
  await assert.rejects(onTerminal("The operator's key for", "half\u0003", "login", "gone", "--in-file", "--url", rig.url.origin), (error) => error.code === 1 && /Nothing was kept\./.test(error.stdout));
  assert.doesNotMatch((await shell("keystile profiles list")).stdout, /gone/);
});

test("what can't be undone is asked for on a terminal, and done after yes alone", async () => {
  const { id } = await rig.create("asked");
  const status = async () => (await rig.manage("GET", `/v1/tenants/asked/keys/${id}`)).body.status;
  await assert.rejects(onTerminal("[y/N]", "", "keys", "revoke", "asked", id), (error) => error.code === 1 && /Nothing was changed\./.test(error.stdout));
  assert.equal(await status(), "active");
  await onTerminal("[y/N]", "yes", "keys", "revoke", "asked", id);
  assert.equal(await status(), "revoked");
});
