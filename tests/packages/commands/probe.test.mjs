// keystile probe over the real workers, and over an edge that goes on taking a revoked key.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { ROOT_KEY, startRig } from "../../support/rig.mjs";
import { commandLine, served } from "./command.mjs";

let rig;
let edge;
let manage;
let run;
before(async () => {
  rig = await startRig({ name: "probe" });
  [edge, manage] = [await served(rig, "edge1"), await served(rig, "manage")];
  run = commandLine({ env: { KEYSTILE_URL: manage.url, KEYSTILE_KEY: ROOT_KEY } });
});
after(async () => {
  for (const each of [edge, manage]) each.close();
  await rig.close();
});

const keysOf = async (tenant) => (await rig.manage("GET", `/v1/tenants/${tenant}/keys`)).body.keys;

test("a deployment that keeps its promise: figures, exit code 0, and every key revoked", async () => {
  const { code, out, err } = await run("probe", "--edge", edge.url, "--rounds", "2", "--every", "100", "--json");
  assert.equal(code, 0, err);
  const { rounds, late, taken_after_ms, last_taken_after_ms, promised_ms } = JSON.parse(out);
  assert.deepEqual([rounds, late], [2, 0]);
  assert.ok(promised_ms.p50 > 0 && promised_ms.p50 < 10_000, JSON.stringify(promised_ms));
  for (const each of [taken_after_ms, last_taken_after_ms]) assert.ok(each.p50 <= each.p99 && each.p99 <= each.max);
  assert.ok(last_taken_after_ms.max <= promised_ms.max);
  assert.deepEqual((await keysOf("keystile-probe")).map(({ status }) => status), ["revoked", "revoked"]);
});

test("its table says the same in words", async () => {
  const { code, out } = await run("probe", "--edge", edge.url, "--rounds", "1", "--tenant", "mine");
  assert.equal(code, 0);
  assert.match(out, /^a revoked key is last taken after +\d+ ms +\d+ ms +\d+ ms$/m);
  assert.match(out, /^No key was taken after the promised time, in 1 rounds\.$/m);
  assert.equal((await keysOf("mine")).length, 1);
});

test("an edge that takes a revoked key for longer is found: exit code 1", async () => {
  const forgetful = (url, init) => (String(url).includes("/keystile/v1/me") ? Response.json({}) : fetch(url, init));
  const late = commandLine({ env: { KEYSTILE_URL: manage.url, KEYSTILE_KEY: ROOT_KEY }, fetch: forgetful });
  const { code, out } = await late("probe", "--edge", edge.url, "--rounds", "1");
  assert.equal(code, 1);
  assert.match(out, /^1 of 1 keys were taken after the promised time\.$/m);
});

test("a wrong edge is said, and the key is revoked all the same", async () => {
  const { code, err } = await run("probe", "--edge", `${manage.url}/no/edge`, "--rounds", "1", "--tenant", "wrong");
  assert.equal(code, 1);
  assert.match(err, /answers NO_SUCH_PATH about a new key\. Is --edge the address of the edge\?/);
  assert.deepEqual((await keysOf("wrong")).map(({ status }) => status), ["revoked"]);
  const unknown = await run("probe");
  assert.deepEqual([unknown.code, unknown.out], [2, ""]);
  assert.match(unknown.err, /Write the address of the edge: --edge/);
});
