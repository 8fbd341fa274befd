// examples/hono-api over the real edge, by its own configuration of both.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { effective, startRig } from "../../support/rig.mjs";
import { install, workerOf } from "./example.mjs";

let example, rig;
before(async () => {
  example = install("hono-api");
  const toml = example.file("keystile.toml");
  rig = await startRig({ name: "example_hono_api", toml, edges: { edge1: {} }, services: [workerOf(example)] });
});
after(async () => {
  await rig?.close();
  example?.remove();
});

async function call(path, { key, method, body } = {}) {
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  const response = await rig.server.getWorker("acme-api").fetch(`http://api.example${path}`, { method, headers, body });
  const text = await response.text();
  return { status: response.status, text, code: text.startsWith("{") ? JSON.parse(text).code : undefined };
}

async function refused(path, question, status, code) {
  const answer = await call(path, question);
  assert.deepEqual([answer.status, answer.code], [status, code]);
}

test("a tenant reads what it wrote, and no other tenant's", async () => {
  const [acme, other] = [await rig.create("acme", { scopes: ["read", "write"] }), await rig.create("other", { scopes: ["read"] })];
  assert.equal((await call("/notes", { key: acme.key, method: "POST", body: "hello" })).status, 201);
  assert.deepEqual(JSON.parse((await call("/notes", acme)).text), { tenant: "acme", notes: ["hello"] });
  assert.deepEqual(JSON.parse((await call("/notes", other)).text), { tenant: "other", notes: [] });
  assert.equal((await call("/notes", { key: acme.key, method: "DELETE" })).status, 204);
  assert.deepEqual(JSON.parse((await call("/notes", acme)).text).notes, []);
});

test("no key, a scope that is missing, and a revoked key are refused", async () => {
  const { id, key } = await rig.create("acme", { scopes: ["read"] });
  await refused("/notes", {}, 401, "MISSING_CREDENTIAL");
  for (const method of ["POST", "DELETE"]) {
    await refused("/notes", { key, method }, 403, "INSUFFICIENT_SCOPE");
  }
  await effective(await rig.manage("POST", `/v1/tenants/acme/keys/${id}/revoke`));
  await refused("/notes", { key }, 401, "REVOKED");
});

test("what isn't guarded needs no key", async () => {
  assert.equal((await call("/health")).text, "ok");
});
