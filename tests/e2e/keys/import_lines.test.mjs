// The lines of an import: which are taken, with which dates and under which limits, and what the same import, sent again,
// is answered.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { ALLOW_IMPORTED, importing, keysOf, line, oldKey, sha256 } from "../../support/importing.mjs";
import { eventually, sleep, startRig } from "../../support/rig.mjs";

let rig, act, imported, inFeed, send, use;
before(async () => {
  rig = await startRig({ name: "import_lines", settings: ALLOW_IMPORTED, handles: true });
  ({ act, imported, inFeed, send, use } = importing(rig));
});
after(() => rig.close());
afterEach(() => rig.feed("ledgers", "ok"));

test("a key keeps the date of its creation, and one that is over is listed as revoked and never valid", async () => {
  const [living, over] = [oldKey(), oldKey()];
  const dates = { created_at: "2021-05-06T07:08:09.000Z" };
  const lines = [
    line(living, dates),
    line(over, { ...dates, status: "revoked", expires_at: "2022-01-01T00:00:00Z", name: "leaked in 2021" }),
  ];
  const [id, overId] = await imported("dated", lines, { headers: { Prefer: "wait=5" } });
  const shown = async (of) => (await rig.manage("GET", `${keysOf("dated")}/${of}`)).body;
  assert.deepEqual([(await shown(id)).created_at, (await shown(id)).status], [dates.created_at, "active"]);
  const { status, created_at, expires_at, revoked_at, revoke_reason } = await shown(overId);
  assert.deepEqual([status, created_at, expires_at], ["revoked", dates.created_at, "2022-01-01T00:00:00.000Z"]);
  assert.ok(Date.now() - Date.parse(revoked_at) < 60_000 && revoke_reason === "imported as revoked");
  assert.equal((await use("edge1", living)).status, 200);
  assert.equal((await use("edge1", over)).code, "REVOKED");
  assert.equal((await act("dated", overId, "enable")).code, "KEY_REVOKED");
  const { keys } = (await rig.manage("GET", `${keysOf("dated")}?status=revoked`)).body;
  assert.deepEqual(keys.map(({ id: listed }) => listed), [overId]);
  const again = await send("dated", lines);
  assert.deepEqual(again.body.results.map(({ status: outcome, differs }) => [outcome, differs]), [["existing", undefined], ["existing", undefined]]);
});

test("a revoked line doesn't end a key that lives, and a living line brings none back", async () => {
  const [living, over] = [oldKey(), oldKey()];
  await imported("both-ways", [line(living), line(over, { status: "revoked" })], { headers: { Prefer: "wait=5" } });
  const answer = await send("both-ways", [line(living, { status: "revoked" }), line(over)]);
  assert.deepEqual(answer.body.results.map(({ differs }) => differs), [["status"], undefined]);
  assert.equal((await use("edge1", living)).status, 200);
  assert.equal((await use("edge1", over)).code, "REVOKED");
  const elsewhere = await send("others-live", [line(over)]);
  assert.equal(elsewhere.body.results[0].status, "failed", "the digest is the first tenant's");
});

test("limits are on keys that live, and a date is neither to come nor nonsense", async () => {
  await rig.manage("PATCH", "/v1/tenants/tight", { max_active_keys: 1, max_expiry_days: 90 });
  const fresh = new Date(Date.now() + 86_400_000).toISOString();
  const { body } = await send("tight", [
    line(oldKey(), { status: "revoked" }),
    line(oldKey(), { expires_at: fresh }),
    line(oldKey(), { status: "revoked" }),
    line(oldKey(), { expires_at: fresh }),
    line(oldKey(), { expires_at: fresh, created_at: "2020-01-01T00:00:00Z" }),
    line(oldKey(), { created_at: fresh }),
    line(oldKey(), { status: "disabled" }),
  ]);
  const outcomes = body.results.map(({ status, errors }) => errors?.map(({ field }) => field).join() ?? status);
  assert.deepEqual(outcomes, ["imported", "imported", "imported", "max_active_keys", "expires_at", "created_at", "status"]);
});

test("a preset stands for its scopes in a line, too", async () => {
  const text = oldKey();
  const { scopes, ...rest } = line(text, { preset: "zapier" });
  const [id] = await imported("preset", [rest]);
  const shown = (await rig.manage("GET", `${keysOf("preset")}/${id}`)).body;
  assert.deepEqual(shown.scopes, ["read:leads", "write:leads"]);
  assert.notDeepEqual(shown.scopes, scopes);
});

test("the same import again changes nothing, and says where it differs", async () => {
  const text = oldKey();
  const [id] = await imported("again", [line(text, { metadata: { a: 1 } })]);
  const same = await send("again", [line(text, { metadata: { a: 1 } })]);
  assert.deepEqual(same.body, { imported: 0, existing: 1, failed: 0, results: [{ line: 0, status: "existing", id }] });
  const other = await send("again", [line(text, { name: "new", scopes: ["admin"], digest: sha256(text, "base64") })]);
  assert.deepEqual(other.body.results, [{ line: 0, status: "existing", id, differs: ["name", "scopes", "metadata"] }]);
  const shown = (await rig.manage("GET", `${keysOf("again")}/${id}`)).body;
  assert.deepEqual([shown.name, shown.scopes, shown.version], ["of before", ["read:leads"], 1]);
  await act("again", id, "revoke");
  assert.equal((await send("again", [line(text)])).body.existing, 1);
  assert.equal((await rig.manage("GET", `${keysOf("again")}/${id}`)).body.status, "revoked", "and brings none back");
  const { entries } = (await rig.manage("GET", "/v1/tenants/again/audit")).body;
  assert.deepEqual(entries.map(({ action }) => action), ["revoked", "imported"]);
});

test("good lines survive bad ones, and one digest twice is one key", async () => {
  const [first, second] = [oldKey(), oldKey()];
  const answer = await send("mixed", [
    line(first),
    { ...line(oldKey()), digest: "nonsense", display: "pk_live_ab", scopes: ["write:analytics"], colour: "red" },
    line(oldKey(), { expires_at: "2020-01-01T00:00:00Z" }),
    line(second),
    line(first, { name: "twice" }),
    7,
    line(oldKey(), { display: "sk_live_far_too_much_of_it" }),
  ]);
  assert.equal(answer.status, 200, answer.text);
  const { imported, existing, failed, results } = answer.body;
  assert.deepEqual([imported, existing, failed], [2, 1, 4]);
  assert.deepEqual(results.map(({ line }) => line), [0, 1, 2, 3, 4, 5, 6]);
  assert.deepEqual(results[1].errors.map(({ field }) => field), ["digest", "display", "scopes", "colour"]);
  assert.equal(results[1].id, null);
  assert.deepEqual(results[2].errors.map(({ field }) => field), ["expires_at"]);
  assert.deepEqual(results[4], { line: 4, status: "existing", id: results[0].id, differs: ["name"] });
  for (const text of [first, second]) assert.equal((await use("edge1", text)).status, 200);
  assert.equal((await rig.manage("GET", keysOf("mixed"))).body.keys.length, 2);
});

test("imported keys keep to their tenant's limits, line by line, and get no end that nobody asked for", async () => {
  const set = (settings) => rig.manage("PATCH", "/v1/tenants/limited", settings);
  await set({ default_expiry_days: 30, max_active_keys: 2 });
  const texts = [oldKey(), oldKey(), oldKey()];
  const { body } = await send("limited", texts.map((text) => line(text)));
  assert.deepEqual(body.results.map(({ status }) => status), ["imported", "imported", "failed"]);
  assert.equal(body.results[2].errors[0].field, "max_active_keys");
  const shown = await rig.manage("GET", `${keysOf("limited")}/${body.results[0].id}`);
  assert.equal(shown.body.expires_at, null);
  await set({ max_active_keys: null, max_expiry_days: 90 });
  const endless = await send("limited", [line(texts[2])]);
  assert.equal(endless.body.results[0].errors[0].field, "expires_at");
});

test("a line that the limits refuse claims nothing: the digest is still anybody's", async () => {
  const text = oldKey();
  await rig.manage("PATCH", "/v1/tenants/at-its-cap", { max_active_keys: 0 });
  const refused = await send("at-its-cap", [line(text)]);
  assert.equal(refused.body.results[0].errors[0].field, "max_active_keys");
  await imported("whose-it-is", [line(text)]);
});

test("2,500 lines in one call, sent twice", async () => {
  const texts = Array.from({ length: 2_500 }, () => oldKey());
  const lines = texts.map((text) => line(text));
  const began = Date.now();
  await imported("many", lines);
  const took = Date.now() - began;
  const again = await send("many", lines);
  assert.deepEqual([again.body.imported, again.body.existing, again.body.failed], [0, 2_500, 0]);
  console.log(`# 2,500 lines: imported in ${took} ms, again in ${Date.now() - began - took} ms`);
  for (const index of [0, 249, 250, 1_234, 2_499]) assert.equal((await use("edge1", texts[index])).status, 200);
  assert.equal((await rig.manage("GET", "/v1/tenants/many")).body.keys.active, 2_500);
  assert.ok(took < 60_000, `${took} ms`);
});

test("an import that is sent again is answered line by line as the first time, though a line's expiry is over", async () => {
  const headers = { "Idempotency-Key": "an import" };
  const soon = new Date(Date.now() + 2_000).toISOString();
  const keys = Array.from({ length: 252 }, (_, at) => line(oldKey(), at === 0 ? { expires_at: soon } : {}));
  const first = await send("acme", keys, { headers });
  assert.equal(first.body.imported, 252, first.text);
  await sleep(Date.parse(soon) - Date.now() + 1);
  const again = await send("acme", keys, { headers });
  assert.equal(again.status, 200, again.text);
  assert.deepEqual(again.body, { ...first.body, replayed: true });
  const other = await send("acme", [{ ...line(oldKey()), name: "" }], { headers });
  assert.equal(other.code, "IDEMPOTENCY_KEY_REUSED", "also if not a line of it is good");
});

test("a line that was refused at first and would be good now is told so, and the others are answered as before", async () => {
  const keys = [line(oldKey()), line(oldKey(), { created_at: new Date(Date.now() + 1_500).toISOString() })];
  const options = { headers: { "Idempotency-Key": "import-of-a-fast-clock" } };
  const first = await send("fast-clock", keys, options);
  assert.deepEqual(first.body.results.map(({ status }) => status), ["imported", "failed"], first.text);
  await sleep(1_600);
  const again = await send("fast-clock", keys, options);
  assert.deepEqual([again.status, again.body.replayed], [200, true], again.text);
  assert.deepEqual(again.body.results.map(({ status }) => status), ["imported", "failed"]);
  assert.match(again.body.results[1].errors[0].detail, /another Idempotency-Key/);
});

test("what still waits for KV after an import makes other changes no dearer", async () => {
  const [id] = await imported("waiting", Array.from({ length: 1_000 }, () => line(oldKey())));
  const waiting = async () => (await rig.sql("waiting", "SELECT count(*) AS rows FROM outbox"))[0].rows;
  /** The rows that a change read, with those of the alarm, which writes to KV meanwhile. */
  async function readByChange(name) {
    await rig.rowsRead("waiting");
    assert.equal((await rig.manage("PATCH", `${keysOf("waiting")}/${id}`, { name })).status, 200);
    return rig.rowsRead("waiting");
  }
  const before = await waiting();
  const read = [];
  for (const name of ["a", "b", "c", "d", "e"]) read.push(await readByChange(name));
  const after = await waiting();
  console.log(`${read} rows read beside ${before} to ${after} that wait`);
  assert.ok(after > 500, `${before} to ${after} rows wait`);
  assert.ok(Math.min(...read) < after / 2, `${read} rows were read`);
});

test("a key is found by the display form that it was imported with", async () => {
  const key = oldKey();
  const display = key.slice(0, 16);
  const [id] = await imported("shown", [line(key, { display })]);
  const found = await rig.manage("GET", `${keysOf("shown")}?q=${display}`);
  assert.equal(found.status, 200, found.text);
  assert.deepEqual(found.body.keys.map((key) => key.id), [id]);
  const given_away = await rig.manage("GET", `${keysOf("shown")}?q=${key}`);
  assert.equal(given_away.code, "CREDENTIAL_IN_QUERY");
});

test("a ledger that is killed between two batches: the same import, sent again, finishes it", async () => {
  const texts = Array.from({ length: 1_000 }, () => oldKey());
  const lines = texts.map((text) => line(text));
  await rig.feed("ledgers", { late: 400 });
  const importing = send("killed", lines);
  await eventually(async () => assert.ok((await rig.manage("GET", "/v1/tenants/killed")).body.keys.active >= 250));
  await rig.object("LEDGER", "killed", "__kill").catch(() => {});
  const interrupted = await importing;
  assert.ok(interrupted.status >= 500, interrupted.text.slice(0, 200));
  await rig.feed("ledgers", "ok");
  const again = await send("killed", lines);
  assert.equal(again.status, 200, again.text.slice(0, 200));
  assert.equal(again.body.failed, 0);
  assert.ok(again.body.existing >= 250 && again.body.imported >= 250, JSON.stringify([again.body.existing, again.body.imported]));
  assert.equal((await rig.manage("GET", "/v1/tenants/killed")).body.keys.active, 1_000);
  // Those of the batch that was recorded and not published, too: by the alarm.
  for (const index of [0, 260, 510, 999]) {
    await eventually(async () => assert.equal((await use("edge1", texts[index], "/api/billing")).status, 200), { within: 20_000 });
  }
});

test("without the feed nothing is imported, since nobody can say whose the digests are", async () => {
  await rig.feed("ledgers", "down");
  const text = oldKey();
  const answer = await send("feedless", [line(text)]);
  assert.equal(answer.status, 503, answer.text);
  assert.equal(answer.code, "DEPENDENCY_UNAVAILABLE");
  await rig.feed("ledgers", "ok");
  assert.deepEqual((await rig.manage("GET", keysOf("feedless"))).body.keys, []);
  await imported("feedless", [line(text)]);
});

test("what is refused as a whole stores nothing", async () => {
  const text = oldKey();
  const path = `${keysOf("nothing")}/import`;
  const reader = await rig.operator("nothing", ["keys:read"]);
  const stranger = await rig.operator("acme", ["keys:write"]);
  const tooMany = Array.from({ length: 5_001 }, () => line(text));
  for (const [answer, status, code] of [
    [await rig.manage("POST", path, undefined, { raw: "x".repeat(4 * 1024 * 1024 + 1) }), 413, "BODY_TOO_LARGE"],
    [await send("nothing", tooMany), 422, "INVALID_REQUEST"],
    [await send("nothing", []), 422, "INVALID_REQUEST"],
    [await rig.manage("POST", path, { keys: [line(text)], dry_run: true }), 422, "INVALID_REQUEST"],
    [await rig.manage("POST", `${path}?dry_run=1`, { keys: [line(text)] }), 422, "INVALID_REQUEST"],
    [await rig.manage("POST", path, { keys: [line(text)] }, { headers: { "Content-Type": "text/csv" } }), 415, "UNSUPPORTED_MEDIA_TYPE"],
    [await rig.manage("POST", path, undefined, { raw: '{"keys": [', headers: { "Content-Type": "application/json" } }), 400, "MALFORMED_JSON"],
    [await send("nothing", [line(text)], { key: reader.key }), 403, "INSUFFICIENT_SCOPE"],
    [await send("nothing", [line(text)], { key: stranger.key }), 403, "TENANT_NOT_ALLOWED"],
    [await send("nothing", [line(text)], { key: null }), 401, "MISSING_CREDENTIAL"],
    [await rig.manage("GET", path), 405, "METHOD_NOT_ALLOWED"],
    [await rig.manage("POST", keysOf("nothing"), undefined, { raw: "x".repeat(65 * 1024) }), 413, "BODY_TOO_LARGE"],
  ]) {
    assert.equal(answer.code, code, answer.text.slice(0, 300));
    assert.equal(answer.status, status);
  }
  assert.deepEqual((await rig.manage("GET", keysOf("nothing"))).body.keys, []);
  assert.deepEqual((await rig.manage("GET", "/v1/tenants/nothing/audit")).body.entries, []);
  assert.equal(await inFeed(sha256(text)), null);
  // Nor was it claimed.
  await imported("somebody", [line(text)]);
});
