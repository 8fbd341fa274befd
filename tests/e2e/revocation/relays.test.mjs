// Relays between the edges and the feed, on the real workers: the bound holds through two tiers, whatever of them fails,
// and many edges cost the feed one follower.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { effective, eventually, sleep, startRig } from "../../support/rig.mjs";

const EDGES = ["edge1", "lagging", "blank"];

let rig;
before(async () => {
  rig = await startRig({
    name: "revocation-relays",
    handles: true,
    settings: { "[edge]": "[relays]\n\n[edge]" },
    edges: { edge1: {}, lagging: { kv: "stale" }, blank: { kv: "empty" }, late: { kv: "stale" } },
  });
});
after(() => rig.close());
beforeEach(async () => {
  await rig.relays({});
  for (const whose of ["edges", "relays", "ledgers"]) await rig.feed(whose, "ok");
});

const use = (edge, key, target = "/api/leads") => rig.edge(edge, target, { key: key.key });
const change = (key, action) => rig.manage("POST", `/v1/tenants/acme/keys/${key.id}/${action}`);

/** A key that every edge has used, whose first record KV "stale" keeps. */
async function knownKey(tenant) {
  const key = await rig.create(tenant);
  await rig.freezeStaleKv();
  for (const edge of EDGES) {
    const answer = await use(edge, key);
    assert.equal(answer.status, 200, `${edge}: ${answer.text}`);
  }
  return key;
}

/** Every edge answers this, from `effective_by` on. */
async function everywhere(answer, key, expected) {
  assert.equal(answer.status, 200, answer.text);
  await effective(answer);
  for (const edge of EDGES) {
    const seen = await use(edge, key);
    assert.equal(seen.code ?? seen.status, expected, edge);
    assert.equal(seen.headers.get("keystile-degraded"), null, `${edge} has a view`);
  }
}

/** The names of the relays that were called since they were last asked for. */
const called = async () => Object.keys(await rig.relaysCalled());

test("edges poll relays of two tiers, and never the feed", async () => {
  await called();
  const polls = (await rig.feedCalls("edges"))["/poll"] ?? 0;
  const key = await knownKey();
  const names = await called();
  assert.equal(names.length, 2, names.join());
  assert.ok(names.some((name) => /^[A-Z]{3}\.0$/.test(name)), names.join());
  assert.ok(names.some((name) => /^[A-Z]{0,2}\.[0-3]$/.test(name)), names.join());
  await everywhere(await change(key, "revoke"), key, "REVOKED");
  assert.equal((await rig.feedCalls("edges"))["/poll"] ?? 0, polls, "no edge polled the feed");
  assert.ok((await rig.feedCalls("relays"))["/follow"] > 0);
});

test("disabled, and enabled again; a tenant suspended, and resumed", async () => {
  const key = await knownKey();
  await everywhere(await change(key, "disable"), key, "DISABLED");
  await everywhere(await change(key, "enable"), key, 200);
  const other = await knownKey("globex");
  await everywhere(await rig.manage("POST", "/v1/tenants/globex/suspend"), other, "TENANT_SUSPENDED");
  await everywhere(await rig.manage("POST", "/v1/tenants/globex/resume"), other, 200);
});

test("a strict route refuses a revoked key at once", async () => {
  const key = await rig.create();
  const strict = () => use("edge1", key, "/api/billing/1");
  assert.equal((await strict()).status, 200);
  await change(key, "revoke");
  assert.equal((await strict()).code, "REVOKED");
});

test("a record is read from the feed once for all edges", async () => {
  const key = await knownKey();
  const before = await rig.feedCalls("edges");
  const records = (await rig.feedCalls("relays"))["/record"] ?? 0;
  const scopes = ["read:leads", "write:leads"];
  const patched = await rig.manage("PATCH", `/v1/tenants/acme/keys/${key.id}`, { scopes });
  await effective(patched);
  for (const edge of ["lagging", "blank"]) assert.equal((await use(edge, key)).status, 200, edge);
  assert.equal((await rig.feedCalls("relays"))["/record"] - records, 1);
  assert.equal((await rig.feedCalls("edges"))["/current"] ?? 0, before["/current"] ?? 0, "no edge asked the feed");
});

test("relays that are killed are filled again, and the bound holds", async () => {
  const key = await knownKey();
  const revoked = await change(key, "revoke");
  for (const name of await called()) await rig.evictRelay(name);
  await everywhere(revoked, key, "REVOKED");
});

test("the regional relay takes the place of a local one that is down, and of a regional one the next", async () => {
  await called();
  const key = await knownKey();
  await sleep(1_600);
  await use("edge1", key);
  const names = await called();
  const local = names.find((name) => /\w{3,}\.0$/.test(name));
  const regional = names.find((name) => name !== local);
  assert.ok(local && regional, names.join());
  await rig.relays({ [local]: "down" });
  await everywhere(await change(key, "disable"), key, "DISABLED");
  await rig.relays({ [local]: "down", [regional]: "down" });
  await everywhere(await change(key, "enable"), key, 200);
  const polls = await rig.feedCalls("edges");
  await rig.relays({ [regional]: "down" });
  await everywhere(await change(key, "revoke"), key, "REVOKED");
  assert.deepEqual((await rig.feedCalls("edges"))["/poll"], polls["/poll"], "no edge turned to the feed");
});

test("without the feed edges serve by KV and say so, ask the local relay alone, and recover", async () => {
  await called();
  const key = await knownKey();
  await rig.feed("relays", "down");
  await rig.feed("edges", "down");
  await called();
  await eventually(async () => {
    const answer = await use("edge1", key);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.headers.get("keystile-degraded"), "feed-unreachable");
  });
  await rig.feed("relays", "ok");
  await rig.feed("edges", "ok");
  await eventually(async () => assert.equal((await use("edge1", key)).headers.get("keystile-degraded"), null));
  await everywhere(await change(key, "revoke"), key, "REVOKED");
});

test("an edge that starts late, behind relays that know of it nothing, holds to what was changed before", async () => {
  const key = await knownKey();
  await rig.freezeStaleKv(2);
  await effective(await change(key, "revoke"));
  assert.equal((await use("late", key)).code, "REVOKED");
});

test("a larger max_staleness_ms behind a relay counts before an edge is answered by it", async () => {
  const key = await rig.create();
  const [name] = await called();
  assert.ok(name ?? true);
  const poll = { epoch: null, cursor: 0, max_staleness_ms: 9_000 };
  const answer = await rig.object("RELAY", "TST.0", "poll?parent=EU.0", poll);
  assert.equal(answer.status, 200, answer.text);
  const before = Date.now();
  const revoked = await change(key, "revoke");
  assert.ok(Date.parse(revoked.body.effective_by) >= before + 9_500, revoked.body.effective_by);
});
