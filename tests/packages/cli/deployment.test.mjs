// Whole deployments, whole and interrupted, to an account that takes uploads.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";

import { deployProject } from "../../../packages/cli/src/project/deploy.mjs";
import { init } from "../../../packages/cli/src/project/init.mjs";
import { projectOf } from "../../../packages/cli/src/project/project.mjs";
import { inRoot } from "../../../scripts/tools.mjs";

const WRANGLER = inRoot("tests", "packages", "cli", "account_of_one.mjs");
const EMPTY = { id: "a".repeat(32), workers: {}, kv: [], queues: [], seen: [], uploads: [] };

let cwd;
let account;
beforeEach(async () => {
  cwd = mkdtempSync(path.join(tmpdir(), "keystile-deployment-"));
  account = path.join(cwd, "account.json");
  change(EMPTY);
  await init.run({ values: { name: "Keystile" }, io: { cwd, say() {} } });
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const now = () => JSON.parse(readFileSync(account, "utf8"));
const change = (facts) => writeFileSync(account, JSON.stringify({ ...(existsSync(account) ? now() : {}), ...facts }));
const file = (...parts) => path.join(cwd, ".keystile", ...parts);

/** Deploys; returns what it said, the facts of it, and the message of its failure. */
async function deploy(options = {}) {
  let said = "";
  const say = (text) => (said += `${text}\n`);
  const place = {
    ...projectOf({}, { cwd, say }),
    wrangler: (...args) => [process.execPath, [WRANGLER, ...args]],
    wranglerEnv: () => ({ ACCOUNT: account }),
  };
  try {
    return { facts: await deployProject(place, { say, ...options }), said };
  } catch ({ message }) {
    return { said, failed: message };
  }
}

test("the secrets of a first deploy are on the workers that need them, are shown, and are nowhere else", async () => {
  const { said, failed } = await deploy();
  assert.equal(failed, undefined);
  const { edge, manage, sender } = secretsOf(now());
  assert.deepEqual(edge, manage);
  assert.deepEqual(Object.keys(edge), ["KEYSTILE_SECRET", "KEYSTILE_ROOT_KEY"]);
  assert.deepEqual(sender, { KEYSTILE_SECRET: edge.KEYSTILE_SECRET });
  for (const value of Object.values(edge)) assert.ok(said.includes(value), said);
  assert.ok(!existsSync(file("deploy-secrets", "keystile.json")));
});

test("the facts of a deploy name what was deployed and made, and no secret", async () => {
  const { facts } = await deploy();
  const { id, kv, queues, uploads } = now();
  const made_secrets = ["KEYSTILE_SECRET", "KEYSTILE_ROOT_KEY"];
  const workers = uploads.map((name) => ({ name }));
  const { version, ...others } = facts;
  assert.match(version, /^\d+\.\d+\.\d+/);
  assert.deepEqual(others, { dry_run: false, account: id, kv_namespace: kv[0].id, queues, workers, made_secrets });
  assert.deepEqual((await deploy()).facts.made_secrets, []);
});

test("each worker is deployed after those that it names", async () => {
  await deploy();
  const ours = () => now().uploads.splice(-5).map((name) => name.replace("keystile-", ""));
  assert.deepEqual(ours(), ["hooks", "sender", "limiter", "manage", "edge"], "the first time");
  await deploy();
  assert.deepEqual(ours(), ["hooks", "sender", "limiter", "edge", "manage"]);
});

test("an upgrade from a version without a sender asks for the secret that the others have", async () => {
  await deploy();
  const { workers } = now();
  const { secrets } = workers["keystile-sender"];
  delete workers["keystile-sender"];
  change({ workers });
  const before = now();
  const { failed } = await deploy();
  assert.match(failed, /^keystile-sender lacks KEYSTILE_SECRET, which keystile-edge and keystile-manage have\. All must have the same/);
  assert.match(failed, /^ {2}keystile wrangler -- secret put KEYSTILE_SECRET --name keystile-sender$/m);
  assert.match(failed, /If nobody has it any more: https:.*runbook\.md#keystile_secret-is-lost$/);
  assert.deepEqual(now(), before, "nothing was changed");

  change({ workers: { ...workers, "keystile-sender": { secrets } } });
  const after = await deploy();
  assert.equal(after.failed, undefined);
  assert.doesNotMatch(after.said, /Shown this once/);
  assert.deepEqual(secretsOf(now()).sender, secrets);
});

test("secrets that an interrupted deploy has put on both workers are shown by the next one", async () => {
  // The first deploy has the edge last.
  change({ failsAt: "keystile-edge" });
  const first = await deploy();
  assert.match(first.failed, /failed \(exit code 1\)/);
  const { edge, manage } = secretsOf(now());
  assert.deepEqual(edge, manage);
  for (const value of Object.values(edge)) assert.ok(!first.said.includes(value), first.said);

  change({ failsAt: undefined });
  const second = await deploy();
  assert.equal(second.failed, undefined);
  assert.deepEqual(secretsOf(now()).edge, edge);
  for (const value of Object.values(edge)) assert.ok(second.said.includes(value), second.said);
  assert.ok(!existsSync(file("deploy-secrets", "keystile.json")));
});

const secretsOf = ({ workers }, name = "keystile") => ({
  edge: workers[`${name}-edge`].secrets,
  manage: workers[`${name}-manage`].secrets,
  sender: workers[`${name}-sender`].secrets,
});

test("another deployment of the same directory takes nothing of one that was interrupted", async () => {
  change({ failsAt: "keystile-edge" });
  await deploy();
  const { edge: ofFirst } = secretsOf(now());
  change({ failsAt: undefined });
  const own = path.join(cwd, "keystile.toml");
  const first = readFileSync(own, "utf8");
  writeFileSync(own, first.replace('name = "keystile"', 'name = "second"'));
  const second = await deploy();
  assert.equal(second.failed, undefined);
  const { edge: ofSecond } = secretsOf(now(), "second");
  for (const [name, value] of Object.entries(ofFirst)) {
    assert.notEqual(ofSecond[name], value);
    assert.ok(!second.said.includes(value), second.said);
  }
  writeFileSync(own, first);
  const { said, failed } = await deploy();
  assert.equal(failed, undefined);
  for (const value of Object.values(ofFirst)) assert.ok(said.includes(value), said);
});

test("a deployment of the same name to another account waits for the interrupted one", async () => {
  const own = path.join(cwd, "keystile.toml");
  const toml = readFileSync(own, "utf8");
  const to = (id) => writeFileSync(own, toml.replace("[deploy]", `[deploy]\naccount_id = "${id}"`));
  to("a".repeat(32));
  change({ failsAt: "keystile-edge" });
  await deploy();
  change({ failsAt: undefined });
  const before = now();
  to("b".repeat(32));
  assert.match((await deploy()).failed, /A deploy of keystile to the account a{32} was interrupted.*Deploy there once more first\./);
  assert.deepEqual(now(), before);
  to("a".repeat(32));
  assert.equal((await deploy()).failed, undefined);
});

test("an account that only the login tells is not taken for another one", async () => {
  change({ failsAt: "keystile-edge" });
  await deploy();
  const first = now();
  change({ ...EMPTY, id: "b".repeat(32), failsAt: undefined });
  const before = now();
  const { failed } = await deploy();
  assert.match(failed, /A deploy of keystile to the account a{32} was interrupted.*Deploy there once more first\./);
  assert.deepEqual(now(), before);
  change({ ...first, failsAt: undefined });
  const { said, failed: again } = await deploy();
  assert.equal(again, undefined);
  for (const value of Object.values(secretsOf(first).edge)) assert.ok(said.includes(value), said);
});

test("secrets of an interrupted deploy without an account are for nobody, and said so", async () => {
  const secrets = { KEYSTILE_SECRET: "of somewhere", KEYSTILE_ROOT_KEY: "of somewhere" };
  const kept = file("deploy-secrets", "keystile.json");
  mkdirSync(path.dirname(kept), { recursive: true });
  writeFileSync(kept, JSON.stringify({ secrets }));
  const { failed } = await deploy();
  assert.match(failed, /to an account that it didn't note was interrupted.*write "account":"a{32}", behind the first \{ of .*keystile\.json/);
  assert.deepEqual(now(), EMPTY);

  // As it says.
  writeFileSync(kept, readFileSync(kept, "utf8").replace("{", `{"account":"${EMPTY.id}",`));
  assert.equal((await deploy()).failed, undefined);
  assert.deepEqual(secretsOf(now()).edge, secrets);
});

test("secrets that an earlier version kept for no account are named, and not used", async () => {
  const kept = file("deploy-secrets.json");
  mkdirSync(file());
  writeFileSync(kept, JSON.stringify({ KEYSTILE_SECRET: "of somewhere" }));
  const { said, failed } = await deploy();
  assert.equal(failed, undefined);
  assert.ok(said.includes(`the secrets that it made are in ${kept}, where nobody has seen them. They are not used`), said);
  assert.notEqual(secretsOf(now()).edge.KEYSTILE_SECRET, "of somewhere");
  assert.ok(existsSync(kept));
});

test("secrets on their way to wrangler are in the project's own directory, and are removed by the next deploy", async () => {
  const left = file("upload-secrets.json");
  mkdirSync(file());
  // An interrupted deploy left it.
  writeFileSync(left, "{}", { mode: 0o644 });
  change({ failsAt: "keystile-hooks" });
  await deploy();
  assert.ok(!existsSync(left), "also by one that fails");

  writeFileSync(left, "{}", { mode: 0o644 });
  change({ failsAt: undefined });
  assert.equal((await deploy()).failed, undefined);
  assert.deepEqual(now().seen, Array(3).fill({ file: left, mode: 0o600 }));
  assert.ok(!existsSync(left));
});

const WITH = { KEYSTILE_SECRET: "kept", KEYSTILE_ROOT_KEY: "kept" };
const KV = [{ id: "c".repeat(32), title: "keystile-keys" }];
for (const [title, facts, sign] of [
  ["the edge was deployed", { workers: { "keystile-edge": { tag: "0.1.0", secrets: {} } } }, "keystile-edge was deployed with them"],
  ["another worker has secrets", { workers: { "keystile-hooks": { tag: "0.1.0", secrets: { A: "1" } } } }, "keystile-hooks is deployed, and has secrets"],
  [
    "a worker and the namespace are there",
    { workers: { "keystile-manage": { secrets: { A: "1" } } }, kv: KV },
    "keystile-manage and the KV namespace keystile-keys are there",
  ],
]) {
  test(`no second KEYSTILE_SECRET is made where keys may have been issued: ${title}`, async () => {
    change(facts);
    const before = now();
    const { failed } = await deploy();
    assert.match(failed ?? "", new RegExp(`isn't a first deployment: ${sign}`));
    assert.match(failed, /keystile wrangler -- secret put KEYSTILE_SECRET --name keystile-manage/);
    assert.deepEqual(now(), before);
  });
}

test("secrets that were put before the first deploy are no sign of keys", async () => {
  change({ workers: { "keystile-edge": { secrets: { UPSTREAM_SECRET: "1" } }, "keystile-hooks": { secrets: { A: "1" } } } });
  assert.equal((await deploy()).failed, undefined);
  const { edge, manage } = secretsOf(now());
  assert.equal(edge.KEYSTILE_SECRET, manage.KEYSTILE_SECRET);
});

test("what was deployed is known after so many `secret put`s that no deploy is among the last versions", async () => {
  const workers = Object.fromEntries(
    ["hooks", "sender", "limiter", "edge", "manage"].map((name) => [`keystile-${name}`, { version: "9.0.0", secrets: WITH }]),
  );
  change({ workers, kv: KV });
  assert.match((await deploy()).failed, /keystile-hooks was deployed with Keystile 9\.0\.0/);
  for (const worker of Object.values(workers)) worker.version = "0.1.0";
  for (const name of ["edge", "manage", "sender"]) workers[`keystile-${name}`].secrets = { UPSTREAM_SECRET: "1" };
  change({ workers });
  assert.match((await deploy()).failed, /isn't a first deployment: keystile-edge was deployed with them/);
});

test("an older version is deployed after a rollback if one says so", async () => {
  const workers = Object.fromEntries(
    ["hooks", "sender", "limiter", "edge", "manage"].map((name) => [`keystile-${name}`, { tag: "9.0.0", secrets: WITH }]),
  );
  change({ workers, kv: KV });
  assert.match((await deploy()).failed, /was deployed with Keystile 9\.0\.0/);
  assert.equal((await deploy({ older: true })).failed, undefined);
  const { tag, version, secrets } = now().workers["keystile-edge"];
  assert.deepEqual([tag, version, secrets], ["0.1.0", "0.1.0", WITH]);
});
