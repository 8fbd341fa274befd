// The audit log: what it says, by page, as an export, and for how long.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { ROOT_KEY, eventually, startRig } from "../../support/rig.mjs";

const DAY = 86_400_000;
const HOUR = 3_600_000;

let rig;
let allowing;
let forgetful;
before(async () => {
  rig = await startRig({ name: "audit", edges: { edge1: {} }, handles: true });
  allowing = await startRig({ name: "audit-import", edges: {}, settings: { 'prefix = "knq"': 'prefix = "knq"\nallow_imported = ["sk_live_"]' } });
  forgetful = await startRig({ name: "audit-retention", settings: { "[edge]": "[audit]\nretention_days = 30\n\n[edge]" }, edges: { edge1: {} }, handles: true });
});
after(() => Promise.all([rig, allowing, forgetful].map((each) => each.close())));
afterEach(async () => {
  for (const each of [rig, forgetful]) {
    await each.clock(0);
    await each.failing(null);
  }
});

const keys = (tenant) => `/v1/tenants/${tenant}/keys`;
const log = (tenant) => `/v1/tenants/${tenant}/audit`;
const entries = async (stack, path) => (await stack.manage("GET", path)).body.entries;

/** An export's entries, one a line. */
async function lines(path, query = {}) {
  const answer = await rig.manage("GET", `${path}/export?${new URLSearchParams(query)}`);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers.get("content-type"), "application/x-ndjson");
  assert.match(answer.headers.get("cache-control"), /no-store/);
  assert.ok(answer.text === "" || answer.text.endsWith("\n"));
  return answer.text.split("\n").slice(0, -1).map((line) => JSON.parse(line));
}

/** Adds entries as the ledger writes them, by SQL: `count` a second apart from `from` on. */
const addEntries = (stack, tenant, count, from, id = null) =>
  stack.sql(
    tenant,
    `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count})
     INSERT INTO audit (id, at, actor_id, actor_name, action, key_id, source, request_id, detail)
     SELECT 'aud_' || printf('%020d', n + (SELECT count(*) FROM audit)), ${from} + n * 1000, 'root', 'root key', 'changed', ${id ? `'${id}'` : "NULL"}, NULL, 'req_' || n, '{}'
     FROM numbers`,
  );

test("metadata is refused by name from 33 levels on, wherever it comes in", async () => {
  const nested = (levels) => JSON.parse(`${'{"a":'.repeat(levels - 1)}{}${"}".repeat(levels - 1)}`);
  const importing = (lines) => allowing.manage("POST", `${keys("deep")}/import`, { keys: lines });
  const key = await rig.create("deep", { metadata: nested(32) });
  assert.deepEqual(key.metadata, nested(32));
  for (const levels of [33, 61]) {
    const metadata = nested(levels);
    const created = await rig.manage("POST", keys("deep"), { name: "x", scopes: ["read:leads"], metadata });
    const patched = await rig.manage("PATCH", `${keys("deep")}/${key.id}`, { metadata: { b: metadata } });
    for (const answer of [created, patched]) {
      assert.deepEqual([answer.status, answer.code], [422, "INVALID_REQUEST"], answer.text);
      assert.deepEqual(answer.body.errors.map(({ field }) => field), ["metadata"]);
      assert.match(answer.body.detail, /levels deep; 32 at most/);
    }
    const line = { digest: "0".repeat(64), display: "sk_live_ab12", name: "x", scopes: ["read:leads"], metadata };
    assert.match((await importing([line])).text, /levels deep; 32 at most/);
  }
});

test("whatever is stored takes no list, log or export down with it", async () => {
  const [deep, broken, fine] = [await rig.create("stored"), await rig.create("stored"), await rig.create("stored")];
  // As an earlier version took it, deeper than any parser goes, and what no version wrote.
  const nested = (levels) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
  await rig.sql("stored", `UPDATE keys SET record = json_set(record, '$.metadata', json('${nested(123)}')) WHERE id = '${deep.id}'`);
  await rig.sql("stored", `UPDATE keys SET record = json_set(record, '$.state', 'no state') WHERE id = '${broken.id}'`);
  const changed = (levels) => `{"metadata":{"from":{},"to":${nested(levels)}}}`;
  const details = [changed(123), changed(1000), "no JSON", '{"name":\n{"from":"a","to":"b"}}'];
  const rows = details.map((detail, index) => `('aud_${String(index).padStart(20, "0")}', ${Date.now()}, 'root', 'x', 'changed', 'req_00000000000000000000', '${detail}')`);
  await rig.sql("stored", `INSERT INTO audit (id, at, actor_id, actor_name, action, request_id, detail) VALUES ${rows.join(",")}`);

  const list = await rig.manage("GET", keys("stored"));
  assert.deepEqual(list.body.keys.map(({ id }) => id).sort(), [deep.id, fine.id].sort());
  assert.deepEqual(list.body.unreadable, [broken.id]);
  assert.equal(JSON.stringify(list.body.keys.find(({ id }) => id === deep.id).metadata), nested(123));
  const page = await rig.manage("GET", log("stored"));
  const exported = await rig.manage("GET", `${log("stored")}/export`);
  const shown = (entries) => entries.filter(({ id }) => id.startsWith("aud_0000")).map(({ detail }) => JSON.stringify(detail));
  const expected = [details[0], details[1], "{}", '{"name":{"from":"a","to":"b"}}'];
  assert.deepEqual(shown(page.body.entries).reverse(), expected);
  assert.deepEqual(shown(exported.text.trim().split("\n").map((line) => JSON.parse(line))), expected);
  assert.equal((await rig.manage("GET", "/v1/tenants/stored")).status, 200);
  // Such a key is still of use, and can still be changed and ended.
  assert.equal((await rig.manage("PATCH", `${keys("stored")}/${deep.id}`, { name: "renamed" })).status, 200);
  assert.equal((await rig.manage("POST", `${keys("stored")}/${deep.id}/revoke`)).status, 200);
});

test("the audit log says who, what, which key, from where, and what changed", async () => {
  const key = await rig.create("audited", { name: "before" });
  const headers = { "CF-Connecting-IP": "192.0.2.1" };
  const changed = await rig.manage("PATCH", `${keys("audited")}/${key.id}`, { name: "after" }, { headers });
  await rig.manage("POST", `${keys("audited")}/${key.id}/revoke`, { reason: "leaked" });
  const all = await entries(rig, log("audited"));
  assert.deepEqual(all.map(({ action }) => action), ["revoked", "changed", "created"]);
  const entry = all[1];
  assert.equal(entry.actor.id, "root");
  assert.equal(entry.key_id, key.id);
  assert.equal(entry.key_display, key.display);
  assert.equal(entry.from, "192.0.2.1");
  assert.equal(entry.request_id, changed.headers.get("keystile-request-id"));
  assert.match(JSON.stringify(entry.detail), /before.*after/);
});

test("one key's entries are found among ten thousand others, at a page's cost", async (t) => {
  const key = await rig.create("many");
  await addEntries(rig, "many", 10_000, Date.now(), "key_00000000000000000000");
  await rig.manage("POST", `${keys("many")}/${key.id}/disable`);
  await rig.manage("POST", "/v1/tenants/many/suspend");
  const cost = async (query) => {
    await rig.rowsRead("many");
    const found = await rig.manage("GET", `${log("many")}?${query}`);
    assert.equal(found.status, 200, found.text);
    return { ...found.body, rows: await rig.rowsRead("many") };
  };
  const found = await cost(`key_id=${key.id}`);
  assert.deepEqual(found.entries.map(({ action }) => action), ["disabled", "created"]);
  assert.ok(found.rows < 20, `${found.rows} rows`);

  let [cursor, seen, rows] = ["", [], []];
  do {
    const page = await cost(`key_id=key_00000000000000000000&limit=200${cursor && `&cursor=${cursor}`}`);
    seen = seen.concat(page.entries.map(({ request_id }) => request_id));
    rows.push(page.rows);
    cursor = page.next_cursor;
  } while (cursor);
  assert.deepEqual(seen, Array.from({ length: 10_000 }, (_, index) => `req_${10_000 - index}`));
  t.diagnostic(`rows read: first page ${rows[0]}, last ${rows.at(-1)}, most ${Math.max(...rows)}`);
  // The ledger's report to the overview may fall into the time of a page or two. It counts up to 100 rows of the outbox.
  const [most, , rest] = rows.toSorted((a, b) => b - a);
  assert.ok(rest <= rows[0] + 10 && most <= rows[0] + 150, `${rows}`);
  const last = await cost("limit=1");
  const plain = await cost(`limit=200&cursor=${Buffer.from("a201").toString("base64url")}`);
  assert.equal(plain.entries.length, 200);
  assert.ok(last.rows < 10 && plain.rows < 420, `${last.rows}, ${plain.rows} rows`);
  assert.equal((await rig.manage("GET", `${log("many")}?key_id=nonsense`)).status, 422);
});

test("an export is all of the log, oldest first, and as the list shows it", async () => {
  const all = [];
  let cursor = "";
  do {
    const { body } = await rig.manage("GET", `${log("many")}?limit=200${cursor && `&cursor=${cursor}`}`);
    all.push(...body.entries);
    cursor = body.next_cursor;
  } while (cursor);
  const exported = await lines(log("many"));
  assert.equal(exported.length, 10_003);
  assert.deepEqual(exported, all.reverse());
  const ofKey = await lines(log("many"), { key_id: exported[0].key_id });
  assert.deepEqual(ofKey.map(({ action }) => action), ["created", "disabled"]);
  assert.deepEqual(await lines(log("empty")), []);
  const head = await rig.manage("HEAD", `${log("many")}/export`);
  assert.deepEqual([head.status, head.text], [200, ""]);
});

test("an export goes on after the entry that one has", async () => {
  const all = await lines(log("many"));
  assert.deepEqual(await lines(log("many"), { after: all[7_000].id }), all.slice(7_001));
  assert.deepEqual(await lines(log("many"), { after: all.at(-1).id }), []);
  await rig.manage("POST", "/v1/tenants/many/resume");
  assert.deepEqual((await lines(log("many"), { after: all.at(-1).id })).map(({ action }) => action), ["resumed"]);
  for (const query of ["after=aud_zzzzzzzzzzzzzzzzzzzz", "after=7", "key_id=x", "limit=3"]) {
    const refused = await rig.manage("GET", `${log("many")}/export?${query}`);
    assert.equal(refused.status, 422, refused.text);
    assert.deepEqual(refused.body.errors.map(({ field }) => field), [query.split("=")[0]]);
  }
});

test("a huge log comes in several answers, each of bounded calls", async () => {
  await rig.create("huge");
  await addEntries(rig, "huge", 45_000, Date.now());
  let [all, answers, part] = [[], 0];
  do {
    part = await lines(log("huge"), all.length ? { after: all.at(-1).id } : {});
    all = all.concat(part);
    answers += 1;
  } while (part.length > 0);
  assert.equal(all.length, 45_001);
  assert.equal(new Set(all.map(({ id }) => id)).size, 45_001);
  assert.equal(answers, 4, "of 20,000 each, and the one that is empty");
});

test("an export is streamed, and breaks off where the ledger fails: its reader goes on after the last line", async () => {
  const all = await lines(log("many"));
  const response = await rig.server.getWorker("manage").fetch(`http://manage.example${log("many")}/export`, {
    headers: { Authorization: `Bearer ${ROOT_KEY}` },
  });
  assert.equal(response.status, 200);
  const reader = response.body.getReader();
  let text = "";
  await rig.failing("FROM audit WHERE seq > ");
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      text += Buffer.from(value).toString();
    }
  } catch {
    // As it may: a transfer that ends before its end.
  }
  await rig.failing(null);
  const got = text.split("\n").slice(0, -1).map((line) => JSON.parse(line));
  assert.ok(got.length > 0 && got.length < all.length, `${got.length} of ${all.length} lines`);
  assert.deepEqual(got.concat(await lines(log("many"), { after: got.at(-1).id })), all);
});

test("who may not read the log may not export it either", async () => {
  const reader = await rig.operator("many", ["keys:read"]);
  const auditor = await rig.operator("many", ["audit:read"]);
  const get = (path, { key }) => rig.manage("GET", path, undefined, { key });
  for (const path of [log("many"), `${log("many")}/export`]) {
    assert.equal((await get(path, reader)).code, "INSUFFICIENT_SCOPE");
    assert.equal((await get(path, auditor)).status, 200);
  }
  for (const path of [`${log("huge")}/export`, "/v1/audit", "/v1/audit/export"]) {
    assert.equal((await get(path, auditor)).code, "TENANT_NOT_ALLOWED");
  }
  assert.equal((await rig.manage("POST", `${log("many")}/export`)).status, 405);
});

test("the operators' log is filtered and exported like a tenant's", async () => {
  const operator = await rig.operator("exported", ["keys:read"]);
  await rig.manage("POST", `/v1/operators/${operator.id}/revoke`);
  assert.deepEqual((await entries(rig, `/v1/audit?key_id=${operator.id}`)).map(({ action }) => action), ["revoked", "created"]);
  assert.deepEqual((await lines("/v1/audit", { key_id: operator.id })).map(({ action }) => action), ["created", "revoked"]);
  assert.deepEqual(await lines("/v1/audit"), (await entries(rig, "/v1/audit?limit=200")).reverse());
});

test("the log can't be changed, deleted or replaced, not even by SQL", async () => {
  await rig.create("fixed");
  for (const stack of [rig, forgetful]) {
    await stack.create("fixed");
    const before = await entries(stack, log("fixed"));
    for (const statement of [
      "UPDATE audit SET action = 'nothing'",
      "UPDATE audit SET at = 0",
      "DELETE FROM audit",
      "DELETE FROM audit WHERE seq = 1",
      "INSERT OR REPLACE INTO audit SELECT * FROM audit",
      "INSERT OR REPLACE INTO audit (id, at, actor_id, actor_name, action, request_id, detail) SELECT id, 0, 'x', 'x', 'x', 'x', '{}' FROM audit",
    ]) {
      const { body } = await stack.object("LEDGER", "fixed", "__sql", statement);
      assert.match(body.error, /append-only/, statement);
    }
    assert.deepEqual(await entries(stack, log("fixed")), before);
  }
});

test("entries older than the retention are removed by the alarm, in batches, and no younger one", async () => {
  const key = await forgetful.create("old");
  const start = Date.now();
  await addEntries(forgetful, "old", 1_200, start);
  const size = async () => (await forgetful.sql("old", "SELECT count(*) AS entries FROM audit"))[0].entries;
  const alarm = () => forgetful.object("LEDGER", "old", "__alarm");
  const alarmAt = async () => (await forgetful.object("LEDGER", "old", "__alarm_at")).body;
  await forgetful.clock(29.9 * DAY);
  await alarm();
  assert.equal(await size(), 1_201);
  let minutes = 0;
  await eventually(async () => {
    // KV's confirmation, the feed's acknowledgement and the report that nothing waits any more are done with.
    await forgetful.clock(29.9 * DAY + (minutes += 3) * 60_000);
    await alarm();
    assert.ok((await alarmAt()) >= start + 30 * DAY, `armed for ${new Date(await alarmAt()).toISOString()}`);
  });
  assert.ok((await alarmAt()) <= start + 30 * DAY + 2 * HOUR);

  const later = await forgetful.manage("POST", `${keys("old")}/${key.id}/disable`);
  assert.equal(later.status, 200);
  await forgetful.clock(30 * DAY + 2 * HOUR);
  const sizes = [];
  for (let round = 0; round < 4; round += 1) {
    await alarm();
    sizes.push(await size());
  }
  assert.deepEqual(sizes.at(-1), 1, `${sizes}`);
  assert.ok(sizes[0] >= 701, `in batches: ${sizes}`);
  assert.deepEqual((await entries(forgetful, log("old"))).map(({ action }) => action), ["disabled"]);
  assert.deepEqual(await forgetful.sql("old", "SELECT * FROM audit_removal"), [], "and from now on nothing may be deleted again");
  assert.match((await forgetful.object("LEDGER", "old", "__sql", "DELETE FROM audit")).body.error, /append-only/);
});

test("a removal that fails removes nothing, and leaves the log as closed as it was", async () => {
  await forgetful.create("fault");
  await forgetful.clock(40 * DAY);
  await forgetful.failing("DELETE FROM audit WHERE");
  assert.equal((await forgetful.object("LEDGER", "fault", "__alarm")).status, 200);
  assert.ok((await forgetful.object("LEDGER", "fault", "__alarm_at")).body > Date.now());
  await forgetful.failing(null);
  assert.equal((await entries(forgetful, log("fault"))).length, 1);
  assert.match((await forgetful.object("LEDGER", "fault", "__sql", "DELETE FROM audit")).body.error, /append-only/);
  await forgetful.object("LEDGER", "fault", "__alarm");
  assert.deepEqual(await entries(forgetful, log("fault")), [], "the next alarm does it");
});

test("without a retention the log is kept for good", async () => {
  await rig.create("kept");
  await rig.clock(3_650 * DAY);
  await rig.object("LEDGER", "kept", "__alarm");
  assert.equal((await entries(rig, log("kept"))).length, 1);
});
