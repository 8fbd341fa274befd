// Keys of another system, taken over by their digests: the same key goes on
// working, behind the edge now, and can be ended like any other.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { keyEntries, keyHash } from "../../support/feed_entries.mjs";
import { ALLOW_IMPORTED, importing, keysOf, line, oldKey, sha256 } from "../../support/importing.mjs";
import { effective, eventually, sleep, startRig } from "../../support/rig.mjs";

const NOTHING = { kv: 0, feed: 0, cache: "hit" };
const MAX_STALENESS_MS = 1_000;

let rig, act, imported, inFeed, send, use, verify;
before(async () => {
  rig = await startRig({ name: "import", settings: ALLOW_IMPORTED, handles: true });
  ({ act, imported, inFeed, send, use, verify } = importing(rig));
});
after(() => rig.close());
afterEach(() => rig.feed("ledgers", "ok"));

/** The keys whose changes came into the log after this place, or the last place there. */
async function logged({ epoch = null, cursor = 0 } = {}) {
  const { body } = await rig.object("REAL_FEED", "feed", "poll", { epoch, cursor, max_staleness_ms: 1000 });
  assert.equal(body.more, false);
  return { place: body, keys: keyEntries(body.keys).map(({ key }) => key) };
}

test("an imported key works at once at every edge, whatever its digest was written in", async () => {
  const texts = [oldKey(), oldKey(), oldKey(), oldKey()];
  const digests = [
    sha256(texts[0]).toUpperCase(),
    sha256(texts[1], "base64"),
    sha256(texts[2], "base64url"),
    sha256(texts[3], "base64").replace("=", ""),
  ];
  const ids = await imported("acme", texts.map((text, index) => line(text, { digest: digests[index] })));
  for (const [index, text] of texts.entries()) {
    for (const edge of rig.edges) {
      const used = await use(edge, text);
      assert.equal(used.status, 200, used.text);
      assert.equal(used.body.headers["keystile-key-id"], ids[index]);
      assert.equal(used.body.headers["keystile-tenant"], "acme");
      assert.equal(used.body.headers["keystile-environment"], "live");
      assert.ok(!used.text.includes(text), "the key does not reach the upstream");
    }
  }
  const again = await use("edge1", texts[0]);
  assert.deepEqual(again.storage, NOTHING);
  const strict = await use("edge1", texts[0], "/api/billing");
  assert.equal(strict.status, 200, strict.text);
  const byHeader = await rig.edge("edge1", "/api/leads", { headers: { "X-Api-Key": texts[0] } });
  assert.equal(byHeader.status, 200);
});

test("verify and me tell of it what they tell of any key", async () => {
  const operator = await rig.operator("acme", ["verify"]);
  const text = oldKey();
  const fields = { name: "Zapier", metadata: { customer: 7 }, expires_at: "2099-01-01T00:00:00.000Z" };
  const [id] = await imported("acme", [line(text, fields)]);
  const { body } = await verify(text, { scopes: ["read:leads"], environment: "live" }, operator.key);
  assert.deepEqual(
    [body.code, body.key_id, body.tenant, body.name, body.environment, body.expires_at, body.metadata],
    ["VALID", id, "acme", "Zapier", "live", fields.expires_at, fields.metadata],
  );
  const me = await rig.edge("edge2", "/keystile/v1/me", { key: text });
  assert.equal(me.status, 200, me.text);
  assert.deepEqual([me.body.key_id, me.body.display], [id, text.slice(0, 12)]);
});

test("its environment is in its record, and nobody learns it of another tenant's key", async () => {
  const text = oldKey("test");
  await imported("acme", [line(text, { environment: "test" })]);
  assert.equal((await use("edge1", text, "/api/sandbox")).status, 200);
  assert.equal((await use("edge1", text)).code, "WRONG_ENVIRONMENT");
  const [own, other] = [await rig.operator("acme", ["verify"]), await rig.operator("globex", ["verify"])];
  assert.equal((await verify(text, { environment: "live" }, own.key)).body.code, "WRONG_ENVIRONMENT");
  const hidden = await verify(text, { environment: "live" }, other.key);
  assert.equal(hidden.body.code, "NOT_FOUND");
  assert.equal(hidden.body.tenant, null);
});

test("revoked, disabled, enabled, changed and ended by its holder: each takes effect everywhere", async () => {
  const [text, held] = [oldKey(), oldKey()];
  const [id] = await imported("acme", [line(text), line(held)]);
  for (const edge of rig.edges) assert.equal((await use(edge, text)).status, 200);
  const everywhere = async (answer, expected, key = text) => {
    assert.equal(answer.status, 200, answer.text);
    await effective(answer);
    for (const edge of rig.edges) {
      const used = await use(edge, key);
      assert.equal(used.code ?? used.status, expected, edge);
    }
  };
  await everywhere(await act("acme", id, "disable"), "DISABLED");
  await everywhere(await act("acme", id, "enable"), 200);
  const patch = { scopes: ["write:leads"] };
  await everywhere(await rig.manage("PATCH", `${keysOf("acme")}/${id}`, patch), "INSUFFICIENT_SCOPE");
  await everywhere(await act("acme", id, "revoke", { reason: "leaked" }), "REVOKED");
  await everywhere(await rig.edge("edge1", "/keystile/v1/me/revoke", { key: held, method: "POST" }), "REVOKED", held);
});

test("what only looks like an imported key is looked for; what is issued here still needs its tag", async () => {
  const unknown = await use("edge1", oldKey());
  assert.equal(unknown.code, "NOT_FOUND");
  assert.ok(unknown.storage.kv >= 1 && unknown.storage.feed >= 1, "that is what allowing them costs");
  const native = await rig.create();
  for (const forged of [native.key.slice(0, -6) + "000000", "sk_live_short", `pk_live_${"a".repeat(30)}`]) {
    const refused = await use("edge1", forged);
    assert.equal(refused.code, "MALFORMED", forged);
    assert.deepEqual(refused.storage, NOTHING, forged);
  }
  const inQuery = await rig.edge("edge1", `/api/leads?api_key=${oldKey()}`, { key: native.key });
  assert.equal(inQuery.code, "CREDENTIAL_IN_QUERY");
  assert.deepEqual(inQuery.storage, NOTHING);
});

test("a key that was tried before it was imported works once that is in effect", async () => {
  const [text, waited] = [oldKey(), oldKey()];
  for (const edge of rig.edges) assert.equal((await use(edge, text)).code, "NOT_FOUND");
  await imported("acme", [line(text)]);
  await sleep(MAX_STALENESS_MS + 100);
  for (const edge of rig.edges) assert.equal((await use(edge, text)).status, 200, edge);
  // Traffic that keeps the view fresh keeps no miss alive; and who prefers to wait need not try again.
  for (const edge of rig.edges) assert.equal((await use(edge, waited)).code, "NOT_FOUND");
  await imported("acme", [line(waited)], { headers: { Prefer: "wait=5" } });
  for (const edge of rig.edges) assert.equal((await use(edge, waited)).status, 200, edge);
});

test("a digest belongs to one: another tenant's, an issued key's and an operator's are refused", async () => {
  const text = oldKey();
  const [id] = await imported("first", [line(text)]);
  const operator = await rig.operator("first", ["keys:read"]);
  const [own, foreign] = [await rig.create("second"), await rig.create("third")];
  await act("first", id, "revoke");
  const digests = [text, operator.key, own.key, foreign.key].map((key) => sha256(key));
  const answer = await send("second", [...digests.map((digest) => line(oldKey(), { digest })), line(oldKey())]);
  assert.deepEqual(answer.body.results.map(({ status }) => status), ["failed", "failed", "failed", "failed", "imported"]);
  for (const { errors } of answer.body.results.slice(0, 4)) assert.equal(errors[0].field, "digest");
  assert.ok(!answer.text.includes(foreign.id) && !answer.text.includes(id), "nor is it said whose it is");
  assert.equal((await use("edge1", text)).code, "REVOKED");
  for (const key of [own, foreign]) assert.equal((await use("edge1", key.key)).status, 200);
  assert.equal((await rig.manage("GET", keysOf("second"))).body.keys.length, 2);
});

test("the feed lets no other key's record take a digest over, nor another tenant's", async () => {
  const text = oldKey();
  await imported("taken", [line(text)]);
  const native = await rig.create("taken");
  for (const key of [text, native.key]) {
    const digest = sha256(key);
    const before = await inFeed(digest);
    const record = JSON.parse(before);
    const other = { ...record, id: "key_4bTzV9cXk07Hq2mN1pRs", version: 9, state: "revoked", scopes: ["admin"] };
    // An imported key's own tenant may name it anew.
    if (key === text) other.subject = { api_key: { ...record.subject.api_key, tenant: "thief" } };
    for (const planted of [other, { ...other, min_reader: 99 }]) {
      const published = { changes: [{ key: { digest, record: JSON.stringify(planted) } }] };
      const { status, body } = await rig.object("REAL_FEED", "feed", "publish", published);
      assert.deepEqual([status, body.refused], [200, [0]]);
      assert.equal(await inFeed(digest), before);
    }
    assert.equal((await use("edge1", key, "/api/billing")).status, 200);
  }
  const unborn = sha256(oldKey());
  await rig.object("REAL_FEED", "feed", "claim", { tenant: "taken", digests: [unborn] });
  const theirs = JSON.parse(await inFeed(sha256(text)));
  theirs.subject.api_key.tenant = "thief";
  await rig.object("REAL_FEED", "feed", "publish", { changes: [{ key: { digest: unborn, record: JSON.stringify(theirs) } }] });
  assert.equal(await inFeed(unborn), null);
});

test("whoever imports a digest that begins like another tenant's key ends their own alone", async () => {
  const text = oldKey();
  await imported("victim", [line(text)]);
  assert.equal((await use("edge1", text)).status, 200);
  const near = sha256(text).slice(0, 32) + "0".repeat(32);
  const [id] = await imported("neighbour", [line(oldKey(), { digest: near })]);
  await effective(await act("neighbour", id, "revoke"));
  for (const path of ["/api/leads", "/api/billing"]) assert.equal((await use("edge1", text, path)).status, 200, path);
});

test("a key that its tenant's ledger knows by another id than the feed is ended all the same", async () => {
  const text = oldKey();
  const [id] = await imported("renamed", [line(text)]);
  assert.equal((await use("edge1", text)).body.headers["keystile-key-id"], id);
  const other = "key_4bTzV9cXk07Hq2mN1pRs";
  await rig.sql("renamed", `UPDATE keys SET id = '${other}', record = json_set(record, '$.id', '${other}')`);
  await effective(await act("renamed", other, "revoke"));
  for (const path of ["/api/leads", "/api/billing"]) assert.equal((await use("edge1", text, path)).code, "REVOKED");
});

test("an import makes no entry in the feed's log; the first change does", async () => {
  const texts = Array.from({ length: 300 }, () => oldKey());
  const { place } = await logged();
  const [id] = await imported("unlogged", texts.map((text) => line(text)));
  assert.deepEqual((await logged(place)).keys, []);
  await act("unlogged", id, "disable");
  assert.deepEqual((await logged(place)).keys, [keyHash(texts[0])]);
});

test("what is shown says which keys are imported, and no secret counts them", async () => {
  const text = oldKey();
  const [id] = await imported("shown", [line(text)]);
  const native = await rig.create("shown");
  assert.equal(native.imported, false);
  const list = (await rig.manage("GET", keysOf("shown"))).body.keys;
  assert.deepEqual(Object.fromEntries(list.map((key) => [key.id, key.imported])), { [id]: true, [native.id]: false });
  const found = (await rig.manage("GET", `${keysOf("shown")}?q=${text.slice(0, 12)}`)).body.keys;
  assert.deepEqual(found.map((key) => key.id), [id]);
  const summary = (await rig.manage("GET", "/v1/tenants/shown")).body;
  assert.equal(summary.keys.active, 2);
  assert.deepEqual(summary.secrets.map(({ keys, configured }) => [keys, configured]), [[1, true]]);
});

test("its successor is a key that is issued here", async () => {
  const text = oldKey();
  const [id] = await imported("acme", [line(text, { metadata: { customer: 7 } })]);
  const rotated = await act("acme", id, "rotate", { overlap_seconds: 60 });
  assert.equal(rotated.status, 201, rotated.text);
  assert.match(rotated.body.key, /^knq_live_[0-9A-Za-z]{38}$/);
  assert.deepEqual([rotated.body.imported, rotated.body.rotated_from, rotated.body.metadata], [false, id, { customer: 7 }]);
  for (const key of [text, rotated.body.key]) assert.equal((await use("edge1", key)).status, 200);
});

test("KV gets imported keys, and an edge that can't reach the feed serves them by it", async () => {
  const text = oldKey();
  const [id] = await imported("snapshot", [line(text)]);
  await eventually(async () => assert.ok(Object.values(await rig.snapshot()).some((value) => value.includes(id))), {
    within: 60_000,
  });
  await rig.feed("edges", "down");
  try {
    await sleep(MAX_STALENESS_MS + 200);
    const used = await use("edge1", text);
    assert.equal(used.status, 200, used.text);
    assert.ok(used.headers.get("keystile-degraded"));
  } finally {
    await rig.feed("edges", "ok");
    await sleep(MAX_STALENESS_MS);
  }
});

test("no imported key in the clear is in storage, answers or logs", async () => {
  const text = oldKey();
  const answer = await send("clear", [line(text), line(oldKey(), { digest: text }), line(oldKey(), { display: text })]);
  await use("edge1", text);
  const told = [answer.text, (await rig.manage("GET", "/v1/tenants/clear/audit")).text, await inFeed(sha256(text))];
  for (const place of [...told, JSON.stringify(rig.server.getLogs())]) assert.ok(!place.includes(text.slice(13)));
});

test("where none are allowed: 422, and at the edge malformed at no cost", async () => {
  const off = await startRig({ name: "import-off", edges: { edge1: {} } });
  try {
    const text = oldKey();
    const answer = await off.manage("POST", `${keysOf("acme")}/import`, { keys: [line(text)] });
    assert.equal(answer.status, 422, answer.text);
    assert.equal(answer.code, "IMPORT_NOT_ALLOWED");
    assert.deepEqual((await off.manage("GET", keysOf("acme"))).body.keys, []);
    const refused = await off.edge("edge1", "/api/leads", { key: text });
    assert.equal(refused.code, "MALFORMED");
    assert.deepEqual(refused.storage, NOTHING);
  } finally {
    await off.close();
  }
});
