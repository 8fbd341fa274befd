// A POST that is sent again under the same Idempotency-Key is answered again,
// and carried out once.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, afterEach, before, test } from "node:test";

import { eventually, startRig } from "../../support/rig.mjs";

const HOUR = 3_600_000;

let rig;
before(async () => (rig = await startRig({ name: "idempotency", edges: { edge1: {} }, handles: true })));
after(() => rig.close());
afterEach(async () => {
  await rig.clock(0);
  await rig.failing(null);
  await rig.feed("ledgers", "ok");
});

const NEW = { name: "Zapier", scopes: ["read:leads"] };
const keys = (tenant) => `/v1/tenants/${tenant}/keys`;
const send = (path, body, idempotencyKey, { headers = {}, ...options } = {}) =>
  rig.manage("POST", path, body, { ...options, headers: { ...headers, "Idempotency-Key": idempotencyKey } });
const list = async (tenant) => (await rig.manage("GET", keys(tenant))).body.keys;
const actions = async (path) => (await rig.manage("GET", path)).body.entries.map(({ action }) => action);

/** That an answer is the first one's, without what a replay leaves out. */
function isReplayOf(answer, first) {
  assert.equal(answer.status, first.status, answer.text);
  const expected = { ...first.body, replayed: true };
  if ("key" in first.body) expected.key = null;
  assert.deepEqual(answer.body, expected);
  assert.equal(answer.headers.get("etag"), first.headers.get("etag"));
}

test("a create that is sent again makes no second key, and the answer is the first one's without the key", async () => {
  const id = randomUUID();
  const first = await send(keys("create"), NEW, id);
  assert.equal(first.status, 201, first.text);
  assert.ok(first.body.key && first.body.effective_by);
  assert.equal(first.body.replayed, undefined);
  isReplayOf(await send(keys("create"), NEW, id), first);
  // The same in other words.
  isReplayOf(await send(keys("create"), undefined, id, { raw: '{"scopes" : ["read:leads"],\n"name":"\\u005aapier"}', headers: { "Content-Type": "application/json" } }), first);
  assert.equal((await list("create")).length, 1);
  assert.deepEqual(await actions("/v1/tenants/create/audit"), ["created"]);
  assert.equal((await send(keys("create"), NEW, randomUUID())).body.replayed, undefined);
  assert.equal((await list("create")).length, 2);
});

test("a rotate that is sent again makes no second successor", async () => {
  const key = await rig.create("rotate");
  const id = randomUUID();
  const first = await send(`${keys("rotate")}/${key.id}/rotate`, { overlap_seconds: 60 }, id);
  assert.equal(first.status, 201, first.text);
  isReplayOf(await send(`${keys("rotate")}/${key.id}/rotate`, { overlap_seconds: 60 }, id), first);
  assert.equal((await list("rotate")).length, 2);
});

test("so is every other POST, of keys, tenants and operators", async () => {
  const key = await rig.create("others");
  const of = (action) => `${keys("others")}/${key.id}/${action}`;
  const operator = { name: "CI", scopes: ["keys:read"], tenant: "others" };
  for (const [path, body] of [
    [of("disable")],
    [of("enable")],
    ["/v1/tenants/others/suspend"],
    ["/v1/tenants/others/resume"],
    [of("revoke"), { reason: "leaked" }],
    ["/v1/operators", operator],
  ]) {
    const id = randomUUID();
    const first = await send(path, body, id);
    assert.ok(first.status < 300, first.text);
    isReplayOf(await send(path, body, id), first);
  }
  const made = (await rig.manage("GET", "/v1/operators")).body.keys;
  assert.equal(made.filter(({ name }) => name === "CI").length, 1);
});

test("a late repetition answers, and undoes nothing that was done since", async () => {
  const key = await rig.create("late");
  const enable = `${keys("late")}/${key.id}/enable`;
  assert.equal((await send(enable, undefined, "enable-1")).body.status, "active");
  await rig.manage("POST", `${keys("late")}/${key.id}/disable`);
  assert.equal((await send(enable, undefined, "enable-1")).body.status, "active");
  assert.equal((await rig.manage("GET", `${keys("late")}/${key.id}`)).body.status, "disabled");
});

test("two at once: one is carried out, the other is told to ask again", async () => {
  const id = randomUUID();
  await rig.feed("ledgers", { late: 500 });
  const answers = await Promise.all(Array.from({ length: 10 }, () => send(keys("at-once"), NEW, id)));
  const made = answers.filter(({ status }) => status === 201);
  assert.equal(made.filter(({ body }) => body.key).length, 1);
  assert.equal(new Set(made.map(({ body }) => body.id)).size, 1);
  const waiting = answers.filter(({ status }) => status !== 201);
  assert.ok(waiting.length > 0);
  for (const answer of waiting) {
    assert.equal(answer.status, 409, answer.text);
    assert.equal(answer.code, "IDEMPOTENCY_KEY_IN_USE");
    assert.equal(answer.headers.get("retry-after"), "1");
  }
  assert.equal((await list("at-once")).length, 1);
  assert.equal((await send(keys("at-once"), NEW, id)).body.replayed, true);
});

test("a ledger that is killed after the change and before the answer: no second key", async () => {
  await rig.create("killed");
  const id = randomUUID();
  await rig.feed("ledgers", "hang");
  const creating = send(keys("killed"), NEW, id).catch((error) => error);
  await eventually(async () => assert.equal((await rig.sql("killed", "SELECT id FROM keys")).length, 2));
  await rig.object("LEDGER", "killed", "__kill").catch(() => {});
  await creating;
  await rig.feed("ledgers", "ok");
  const again = await send(keys("killed"), NEW, id);
  assert.equal(again.status, 201, again.text);
  assert.deepEqual([again.body.key, again.body.replayed, again.body.effective_by], [null, true, null]);
  assert.deepEqual((await list("killed")).filter(({ name }) => name === "Zapier").map((key) => key.id), [again.body.id]);
});

test("a create whose row can't be written leaves nothing, and can be sent again", async () => {
  const id = randomUUID();
  await rig.create("atomic");
  await rig.failing("INTO idempotency");
  assert.equal((await send(keys("atomic"), NEW, id)).status, 500);
  await rig.failing(null);
  assert.equal((await list("atomic")).length, 1);
  assert.ok((await send(keys("atomic"), NEW, id)).body.key);
});

test("a cancelled rotation that is sent again was done, also if the first answer was that it is pending", async () => {
  const old = await rig.create("acme");
  const act = (action, body, headers) => rig.manage("POST", `/v1/tenants/acme/keys/${old.id}/${action}`, body, { headers });
  await act("rotate", { overlap_seconds: 3600 });
  const headers = { "Idempotency-Key": "a cancel" };
  await rig.feed("ledgers", "down");
  const first = await act("rotate/cancel", {}, headers);
  await rig.feed("ledgers", "ok");
  assert.equal(first.code, "CHANGE_PENDING");
  const again = await act("rotate/cancel", {}, headers);
  assert.equal(again.status, 200, again.text);
  assert.deepEqual([again.body.replayed, again.body.pending_end, again.body.rotated_to], [true, null, null]);
});

test("the same key with another body or path is a mistake", async () => {
  const key = await rig.create("reused");
  const id = randomUUID();
  assert.equal((await send(keys("reused"), NEW, id)).status, 201);
  for (const [path, body] of [
    [keys("reused"), { ...NEW, name: "n8n" }],
    [`${keys("reused")}/${key.id}/revoke`, undefined],
  ]) {
    const answer = await send(path, body, id);
    assert.equal(answer.status, 422, answer.text);
    assert.equal(answer.code, "IDEMPOTENCY_KEY_REUSED");
  }
  assert.equal((await rig.manage("GET", `${keys("reused")}/${key.id}`)).body.status, "active");
});

test("callers and tenants don't share keys", async () => {
  const scopes = ["keys:read", "keys:write"];
  const [one, two] = [await rig.operator("callers", scopes), await rig.operator("callers", scopes)];
  const ids = new Set();
  for (const caller of [{ key: one.key }, { key: two.key }, {}]) {
    ids.add((await send(keys("callers"), NEW, "same", caller)).body.id);
  }
  assert.equal(ids.size, 3);
  const elsewhere = await send(keys("callers-elsewhere"), { ...NEW, name: "other" }, "same");
  assert.equal(elsewhere.status, 201, elsewhere.text);
});

test("a caller who is revoked gets no replay", async () => {
  const operator = await rig.operator("gone", ["keys:write"]);
  await send(keys("gone"), NEW, "mine", { key: operator.key });
  await rig.manage("POST", `/v1/operators/${operator.id}/revoke`);
  const refused = await send(keys("gone"), NEW, "mine", { key: operator.key });
  assert.equal(refused.status, 401);
  assert.equal(refused.code, "REVOKED");
});

test("what failed is not remembered", async () => {
  const key = await rig.create("failed");
  const id = randomUUID();
  const rotate = `${keys("failed")}/${key.id}/rotate`;
  await rig.manage("POST", `${keys("failed")}/${key.id}/disable`);
  assert.equal((await send(rotate, undefined, id)).code, "KEY_DISABLED");
  await rig.manage("POST", `${keys("failed")}/${key.id}/enable`);
  assert.equal((await send(rotate, undefined, id)).status, 201);

  const revoke = `${keys("failed")}/${(await rig.create("failed")).id}/revoke`;
  await rig.feed("ledgers", "down");
  assert.equal((await send(revoke, undefined, "r")).code, "REVOCATION_PENDING");
  await rig.feed("ledgers", "ok");
  const revoked = await eventually(async () => {
    const answer = await send(revoke, undefined, "r");
    assert.equal(answer.status, 200, answer.text);
    return answer;
  });
  assert.ok(revoked.body.effective_by);
});

test("an answer is remembered for 24 hours, and then trimmed by the alarm", async () => {
  const first = await send(keys("day"), NEW, "daily");
  await rig.clock(23.9 * HOUR);
  assert.equal((await send(keys("day"), NEW, "daily")).body.id, first.body.id);
  await rig.clock(24.1 * HOUR);
  const next = await send(keys("day"), NEW, "daily");
  assert.equal(next.status, 201);
  assert.ok(next.body.key);
  assert.notEqual(next.body.id, first.body.id);

  await send(keys("trimmed"), NEW, "once");
  let minutes = 0;
  await eventually(async () => {
    // KV's confirmation and the report that nothing waits any more are out of the way.
    await rig.clock(24.1 * HOUR + (minutes += 3) * 60_000);
    await rig.object("LEDGER", "trimmed", "__alarm");
    const at = (await rig.object("LEDGER", "trimmed", "__alarm_at")).body;
    assert.ok(at > Date.now() + 48 * HOUR && at < Date.now() + 50 * HOUR, `armed for ${new Date(at).toISOString()}`);
  });
  await rig.clock(49.2 * HOUR);
  await rig.object("LEDGER", "trimmed", "__alarm");
  assert.deepEqual(await rig.sql("trimmed", "SELECT id FROM idempotency"), []);
});

test("no row holds a key, nor the header", async () => {
  const header = `order-${randomUUID()}`;
  const created = await send(keys("stored"), NEW, header);
  const rotated = await send(`${keys("stored")}/${created.body.id}/rotate`, undefined, randomUUID());
  const tables = await rig.sql("stored", "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'");
  let stored = "";
  for (const { name } of tables) stored += JSON.stringify(await rig.sql("stored", `SELECT * FROM "${name}"`));
  assert.ok(stored.includes(rotated.body.id) && stored.includes('\\"key\\":null'));
  for (const secret of [created.body.key, rotated.body.key]) {
    assert.ok(!stored.includes(secret) && !stored.includes(secret.slice(-30)));
  }
  assert.ok(!stored.includes(header));
});

test("a header that is too long or not printable ASCII is refused, and nothing is done", async () => {
  await rig.create("bad");
  for (const bad of ["x".repeat(300), "x".repeat(256), "a\tb", "caf\u00e9"]) {
    const answer = await send(keys("bad"), NEW, bad);
    assert.equal(answer.status, 400, `${bad}: ${answer.text}`);
    assert.equal(answer.code, "INVALID_IDEMPOTENCY_KEY");
  }
  assert.equal((await list("bad")).length, 1);
  assert.equal((await send(keys("bad"), NEW, "x".repeat(255))).status, 201);
});

test("GET and PATCH ignore the header", async () => {
  const key = await rig.create("ignored");
  const headers = { "Idempotency-Key": "x".repeat(300) };
  const path = `${keys("ignored")}/${key.id}`;
  assert.equal((await rig.manage("GET", path, undefined, { headers })).status, 200);
  for (const name of ["one", "two"]) {
    const patched = await rig.manage("PATCH", path, { name }, { headers: { "Idempotency-Key": "same" } });
    assert.equal(patched.body.name, name);
    assert.equal(patched.body.replayed, undefined);
  }
});
