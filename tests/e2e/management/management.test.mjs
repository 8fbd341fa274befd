// The management API as a settings page and a hurried script meet it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { ROOT_KEY, startRig } from "../../support/rig.mjs";

let rig;
before(async () => (rig = await startRig({ name: "management", edges: { edge1: {} } })));
after(() => rig.close());

const keys = (tenant) => `/v1/tenants/${tenant}/keys`;

test("a key is shown once: no other answer, list, audit or storage holds it", async () => {
  const key = await rig.create("acme", { name: "Zapier", metadata: { plan: "pro" } });
  const answers = [
    await rig.manage("GET", `${keys("acme")}/${key.id}`),
    await rig.manage("GET", keys("acme")),
    await rig.manage("GET", "/v1/tenants/acme/audit"),
    await rig.manage("POST", `${keys("acme")}/${key.id}/disable`),
  ];
  for (const answer of answers) {
    assert.equal(answer.status, 200, answer.text);
    assert.ok(!answer.text.includes(key.key));
    assert.ok(!answer.text.includes(key.key.slice(-30)));
  }
  assert.equal(answers[0].body.display, key.display);
  const stored = JSON.stringify(await rig.snapshot());
  assert.ok(!stored.includes(key.key.slice(-30)));
});

test("If-Match guards a patch", async () => {
  const key = await rig.create();
  const path = `${keys("acme")}/${key.id}`;
  const etag = (await rig.manage("GET", path)).headers.get("etag");
  const first = await rig.manage("PATCH", path, { name: "first" }, { headers: { "If-Match": etag } });
  assert.equal(first.status, 200, first.text);
  const second = await rig.manage("PATCH", path, { name: "second" }, { headers: { "If-Match": etag } });
  assert.equal(second.status, 412);
  const third = await rig.manage("PATCH", path, { name: "third" }, { headers: { "If-Match": first.headers.get("etag") } });
  assert.equal(third.body.name, "third");
});

test("a key is created with a preset in place of scopes; the answer and the audit log have the scopes", async () => {
  const created = await rig.manage("POST", keys("acme"), { name: "by preset", preset: "zapier" });
  assert.equal(created.status, 201, created.text);
  assert.deepEqual(created.body.scopes, ["read:leads", "write:leads"]);
  const { entries } = (await rig.manage("GET", `/v1/tenants/acme/audit?key_id=${created.body.id}`)).body;
  assert.deepEqual(entries[0].detail.scopes.to, ["read:leads", "write:leads"]);
  const refused = async (body) => (await rig.manage("POST", keys("acme"), { name: "x", ...body })).body.errors;
  assert.deepEqual(await refused({ preset: "zapir" }), [{ field: "preset", detail: "allowed are: zapier" }]);
  const [both] = await refused({ preset: "zapier", scopes: ["read:leads"] });
  assert.deepEqual([both.field, both.detail], ["preset", "name `scopes` or a `preset`, not both"]);
});

test("a merge patch sets, removes and leaves", async () => {
  const key = await rig.create("acme", { metadata: { a: 1, b: 2 }, expires_at: "2099-01-01T00:00:00Z" });
  const patched = await rig.manage("PATCH", `${keys("acme")}/${key.id}`, { metadata: { a: null, c: 3 }, expires_at: null });
  assert.deepEqual(patched.body.metadata, { b: 2, c: 3 });
  assert.equal(patched.body.expires_at, null);
  assert.equal(patched.body.name, key.name);
});

test("the catalog lists scopes and presets", async () => {
  const { body } = await rig.manage("GET", "/v1/scopes");
  assert.equal(body.scopes[0].name, "read:leads");
  assert.deepEqual(body.presets[0], { name: "zapier", description: "", scopes: ["read:leads", "write:leads"] });
});

test("bad bodies are refused with what is wrong, and nothing is stored", async () => {
  const before = (await rig.manage("GET", keys("bad"))).text;
  const post = (body, options) => rig.manage("POST", keys("bad"), body, options);
  const raw = (text, type = "application/json") => post(undefined, { raw: text, headers: { "Content-Type": type } });
  const several = await post({ name: "", scopes: ["read:laeds"], expires_at: "2000-01-01T00:00:00Z", colour: 1 });
  assert.equal(several.status, 422);
  assert.deepEqual(several.body.errors.map(({ field }) => field).sort(), ["colour", "expires_at", "name", "scopes"]);
  assert.match((await post({ name: "x", scopes: ["write:analytics"] })).text, /analytics is read only/);
  assert.equal((await post({ name: "x", scopes: [] })).status, 422);
  assert.equal((await post({ name: "x".repeat(101), scopes: ["read:leads"] })).status, 422);
  assert.equal((await post({ name: "a\u0007", scopes: ["read:leads"] })).status, 422);
  assert.equal((await post({ name: "x", scopes: ["read:leads"], metadata: { a: "x".repeat(5000) } })).status, 422);
  assert.equal((await raw("{")).status, 400);
  assert.equal((await raw("")).status, 422);
  assert.equal((await raw("[]")).status, 422);
  assert.equal((await raw("name=x", "application/x-www-form-urlencoded")).status, 415);
  assert.equal((await raw(JSON.stringify({ name: "x".repeat(2_000_000) }))).status, 413);
  assert.equal((await rig.manage("GET", keys("_bad_tenant"))).status, 422);
  assert.equal((await rig.manage("GET", keys("bad"))).text, before);
});

test("what does not exist is 404, what is not allowed there 405", async () => {
  assert.equal((await rig.manage("GET", "/v1/nothing")).status, 404);
  assert.equal((await rig.manage("GET", `${keys("acme")}/key_00000000000000000000`)).code, "KEY_NOT_FOUND");
  assert.equal((await rig.manage("GET", `${keys("acme")}/nonsense`)).code, "KEY_NOT_FOUND");
  const wrong = await rig.manage("DELETE", keys("acme"));
  assert.equal(wrong.status, 405);
  assert.match(wrong.headers.get("allow"), /POST/);
});

test("every problem has a code and the request's id, and no answer is cached", async () => {
  const answer = await rig.manage("GET", "/v1/nothing");
  assert.equal(answer.headers.get("content-type"), "application/problem+json");
  assert.equal(answer.body.request_id, answer.headers.get("keystile-request-id"));
  assert.match(answer.headers.get("cache-control"), /no-store/);
});

test("the root key is in no log", async () => {
  assert.ok(!JSON.stringify(rig.server.getLogs()).includes(ROOT_KEY));
});
