// Many keys revoked at once: a list, those with a scope, all of a tenant. Each is refused by the time that is told.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, afterEach, before, test } from "node:test";

import { effective, eventually, importable, startRig } from "../../support/rig.mjs";

let rig;
before(async () => {
  const settings = { 'prefix = "knq"': 'prefix = "knq"\nallow_imported = ["sk_live_"]' };
  rig = await startRig({ name: "revoke-many", edges: { edge1: {} }, handles: true, settings });
});
after(() => rig.close());
afterEach(() => rig.feed("ledgers", "ok"));

const keysOf = (tenant) => `/v1/tenants/${tenant}/keys`;
const revoke = (tenant, body, options) => rig.manage("POST", `${keysOf(tenant)}/revoke`, body, options);
const use = (key) => rig.edge("edge1", "/api/leads", { key });
const shown = async (tenant, id) => (await rig.manage("GET", `${keysOf(tenant)}/${id}`)).body;
const counts = ({ body: { revoked, already_revoked, not_found, more } }) => [revoked, already_revoked, not_found, more];

test("a list: each key is told of, revoked, audited, and refused by the time that is told", async () => {
  const [one, other, kept] = [await rig.create(), await rig.create(), await rig.create()];
  for (const key of [one, other, kept]) assert.equal((await use(key.key)).status, 200);
  await rig.manage("POST", `${keysOf("acme")}/${other.id}/revoke`, { reason: "earlier" });
  const absent = `key_${"0".repeat(20)}`;
  const ids = [one.id, absent, other.id, one.id];
  const answer = await revoke("acme", { ids, reason: "leaked" }, { headers: { Prefer: "wait=10" } });
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(counts(answer), [1, 2, 1, false]);
  assert.deepEqual(
    answer.body.results,
    ["revoked", "not_found", "already_revoked", "already_revoked"].map((status, at) => ({ id: ids[at], status })),
  );
  assert.equal(answer.headers.get("preference-applied"), "wait");
  assert.ok(Date.now() >= Date.parse(answer.body.effective_by));
  assert.equal((await use(one.key)).code, "REVOKED");
  assert.equal((await use(kept.key)).status, 200);
  assert.equal((await shown("acme", one.id)).revoke_reason, "leaked");
  assert.equal((await shown("acme", other.id)).revoke_reason, "earlier", "it stays as it is");
  const { entries } = (await rig.manage("GET", `/v1/tenants/acme/audit?key_id=${one.id}`)).body;
  assert.deepEqual(entries.map(({ action }) => action), ["revoked", "created"]);
});

test("those with a scope, and then all, and never another tenant's", async () => {
  const scoped = await rig.create("scoped", { scopes: ["read:leads"] });
  const both = await rig.create("scoped", { scopes: ["read:leads", "write:leads"] });
  const other = await rig.create("scoped", { scopes: ["write:leads"] });
  const neighbour = await rig.create("neighbour", { scopes: ["read:leads"] });
  await rig.manage("POST", `${keysOf("scoped")}/${both.id}/disable`);
  const first = await revoke("scoped", { scope: "read:leads" });
  assert.deepEqual(counts(first), [2, 0, 0, false]);
  assert.deepEqual(first.body.results.map(({ id }) => id).sort(), [scoped.id, both.id].sort());
  assert.equal((await shown("scoped", other.id)).status, "active");
  const all = await revoke("scoped", { all: true });
  await effective(all);
  assert.deepEqual(counts(all), [1, 0, 0, false]);
  assert.equal((await use(other.key)).code, "REVOKED");
  assert.equal((await use(neighbour.key)).status, 200);
  const again = await revoke("scoped", { all: true });
  assert.deepEqual([again.status, ...counts(again)], [200, 0, 0, 0, false], "done twice, it is done");
});

test("a mistyped tenant is told, whichever keys were meant", async () => {
  const key = await rig.create();
  assert.equal((await revoke("acmee", { all: true })).code, "TENANT_NOT_FOUND");
  assert.equal((await revoke("acmee", { scope: "read:leads" })).code, "TENANT_NOT_FOUND");
  assert.equal((await revoke("globex", { ids: [key.id] })).code, "KEY_NOT_FOUND");
  assert.equal((await shown("acme", key.id)).status, "active");
});

test("operators of the tenant may, customers may not", async () => {
  const key = await rig.create("own");
  const { body } = await rig.manage("POST", "/v1/tenants/own/portal-sessions", {
    actor: { id: "u_7", name: "Ann" },
    may: ["keys:read", "keys:write"],
    scopes: ["read:leads"],
  });
  const asked = { ids: [key.id] };
  assert.equal((await revoke("own", asked, { key: body.token })).code, "PORTAL_NOT_ALLOWED");
  const operator = await rig.operator("own", ["keys:write"]);
  assert.equal((await revoke("own", asked, { key: operator.key })).status, 200);
});

test("if the feed can't be reached, they are recorded, and the same request tells when they are in effect", async () => {
  const keys = [await rig.create("cut-off"), await rig.create("cut-off")];
  await rig.feed("ledgers", "down");
  const pending = await revoke("cut-off", { all: true });
  assert.deepEqual([pending.status, pending.code, pending.body.revoked, pending.body.more], [503, "REVOCATION_PENDING", 2, false]);
  const still = await revoke("cut-off", { scope: "read:leads" });
  assert.deepEqual([still.status, still.body.revoked, still.body.already_revoked], [503, 0, 2]);
  await rig.feed("ledgers", "ok");
  const again = await revoke("cut-off", { ids: keys.map(({ id }) => id) });
  await effective(again);
  assert.deepEqual([again.status, ...counts(again)], [200, 0, 2, 0, false]);
  for (const key of keys) assert.equal((await use(key.key)).code, "REVOKED");
});

test("if the feed can't be reached, the answer says whether others are left, too", async () => {
  const lines = Array.from({ length: 1_001 }, importable);
  assert.equal((await rig.manage("POST", `${keysOf("many-cut-off")}/import`, { keys: lines })).body.imported, 1_001);
  await rig.feed("ledgers", "down");
  const pending = await revoke("many-cut-off", { all: true });
  assert.deepEqual([pending.status, pending.code, pending.body.more], [503, "REVOCATION_PENDING", true], pending.text);
  assert.ok(pending.body.revoked > 0 && pending.body.revoked <= 1_000, `${pending.body.revoked} keys`);
  await rig.feed("ledgers", "ok");
});

test("repeated with an Idempotency-Key it is answered again", async () => {
  await rig.create("repeated");
  const headers = { "Idempotency-Key": "all of them" };
  const first = await revoke("repeated", { all: true }, { headers });
  const again = await revoke("repeated", { all: true }, { headers });
  assert.deepEqual(again.body, { ...first.body, replayed: true });
});

test("2,300 keys go in requests of a thousand at most", async (t) => {
  const text = () => `sk_live_${randomBytes(18).toString("base64url")}`;
  const digest = (key) => createHash("sha256").update(key).digest("hex");
  const keys = Array.from({ length: 2_300 }, text);
  const lines = keys.map((key) => ({ digest: digest(key), display: key.slice(0, 12), name: "many", scopes: ["read:leads"] }));
  const imported = await rig.manage("POST", `${keysOf("large")}/import`, { keys: lines });
  assert.equal(imported.body.imported, 2_300, imported.text.slice(0, 300));
  const seen = [];
  for (let more = true; more; ) {
    const began = performance.now();
    const answer = await revoke("large", { all: true, reason: "the end" });
    const { revoked, results } = answer.body;
    t.diagnostic(`${revoked} keys: ${Math.round(performance.now() - began)} ms`);
    ({ more } = answer.body);
    assert.deepEqual([answer.status, ...counts(answer)], [200, results.length, 0, 0, more]);
    // On a busy machine a request may end before it has a thousand.
    assert.ok(revoked > 0 && revoked <= 1_000, `${revoked} keys`);
    seen.push(...results.map(({ id }) => id));
    assert.equal(more, seen.length < 2_300);
  }
  assert.equal(new Set(seen).size, 2_300);
  const { body } = await rig.manage("GET", "/v1/tenants/large");
  assert.deepEqual([body.keys.active, body.keys.revoked], [0, 2_300]);
  await eventually(async () => assert.equal((await use(keys.at(-1))).code, "REVOKED"));
});

test("an operator's revocation that outlasts their judgement ends early and says so; the same request goes on", async () => {
  const operator = await rig.operator("slow", ["keys:write"]);
  const lines = Array.from({ length: 300 }, importable);
  assert.equal((await rig.manage("POST", `${keysOf("slow")}/import`, { keys: lines })).body.imported, 300);
  // A judgement lasts two seconds; each fifty keys take more than half a second.
  await rig.feed("ledgers", { late: 600 });
  const first = await revoke("slow", { all: true }, { key: operator.key });
  assert.deepEqual([first.status, first.body.more], [200, true], first.text.slice(0, 300));
  assert.ok(first.body.revoked >= 50 && first.body.revoked < 300, `${first.body.revoked} keys`);
  await rig.feed("ledgers", "ok");
  let left = 300 - first.body.revoked;
  for (let more = true; more; ) {
    const next = await revoke("slow", { all: true }, { key: operator.key });
    assert.equal(next.status, 200, next.text.slice(0, 300));
    ({ more } = next.body);
    left -= next.body.revoked;
  }
  assert.equal(left, 0);
});
