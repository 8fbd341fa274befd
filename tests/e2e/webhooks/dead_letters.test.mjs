// What operators do to events that could not be delivered is in the audit log,
// whatever fails in between, and done once for each Idempotency-Key.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, afterEach, before, test } from "node:test";

import { WITH_SOURCE, eventually, startRig } from "../../support/rig.mjs";

const MINUTE = 60_000;
const LEDGER = "_operators";
const LETTERS = "/v1/webhooks/queued/dead-letters";
/** What an entry says if nobody heard what came of it. */
const UNKNOWN = { status: { from: "dead", to: "unknown" } };

let rig;
before(async () => {
  const vars = { STANDARD_SECRET: "whsec_c3RhbmRhcmQ=", EVENTS_SECRET: "whsec_ZXZlbnRzZXZlbnRzZXZlbnRzZXZlbnRz" };
  rig = await startRig({ name: "dead_letters", edges: {}, handles: true, settings: WITH_SOURCE, hooks: { vars } });
});
after(() => rig.close());
afterEach(async () => {
  await rig.clock(0);
  await rig.failing(null);
  await rig.ledgers("ok");
  await rig.hooksHandle("__queue", "ok");
  await rig.hooksHandle("__dead_letters", "ok");
});

const act = (id, action, { idempotencyKey, headers = {}, ...options } = {}) => {
  const sent = idempotencyKey ? { ...headers, "Idempotency-Key": idempotencyKey } : headers;
  return rig.manage("POST", `${LETTERS}/${id}/${action}`, undefined, { ...options, headers: sent });
};
const isDead = async (id) => (await rig.manage("GET", `${LETTERS}?limit=200`)).body.dead_letters.some((letter) => letter.id === id);
const log = async () => (await rig.manage("GET", "/v1/audit?limit=200")).body.entries;
const entriesOf = async (id) => (await log()).filter(({ dead_letter }) => dead_letter?.id === id);
const notes = () => rig.sql(LEDGER, "SELECT * FROM letter_acts");
const alarm = () => rig.object("LEDGER", LEDGER, "__alarm");

test("the operators' audit log has who did what to which event, from where", async () => {
  const operator = await rig.operator("*", ["webhooks:write"]);
  const headers = { "CF-Connecting-IP": "192.0.2.1" };
  for (const [action, named, status] of [
    ["redrive", "dead_letter_redriven", "queued"],
    ["discard", "dead_letter_discarded", "discarded"],
  ]) {
    const id = await rig.bury("queued");
    const begun = Date.now();
    const answer = await act(id, action, { key: operator.key, headers });
    assert.deepEqual([answer.status, answer.body], [200, { id, status }], answer.text);
    assert.ok(!(await isDead(id)));
    const [entry, ...more] = await entriesOf(id);
    assert.deepEqual(more, []);
    const { id: entryId, at, ...said } = entry;
    assert.deepEqual(said, {
      actor: { id: operator.id, name: operator.name },
      action: named,
      key_id: null,
      key_name: null,
      key_display: null,
      dead_letter: { source: "queued", id },
      delivery: null,
      from: "192.0.2.1",
      on_behalf_of: null,
      request_id: answer.headers.get("keystile-request-id"),
      detail: { status: { from: "dead", to: status } },
    });
    assert.ok(Date.parse(at) >= begun - 1 && Date.parse(at) <= Date.now());
    assert.equal((await log())[0].id, entryId, "the newest comes first");
  }
  assert.deepEqual(await notes(), []);
});

test("a page, a key and an export are read as of any entry", async () => {
  const operator = await rig.operator("*", ["verify"]);
  const id = await rig.bury("queued");
  await act(id, "discard");
  const newest = (await rig.manage("GET", "/v1/audit?limit=1")).body;
  assert.equal(newest.entries[0].dead_letter.id, id);
  const next = (await rig.manage("GET", `/v1/audit?limit=1&cursor=${newest.next_cursor}`)).body.entries[0];
  assert.deepEqual([next.key_id, next.dead_letter], [operator.id, null]);
  const ofKey = (await rig.manage("GET", `/v1/audit?key_id=${operator.id}`)).body.entries;
  assert.deepEqual(ofKey.map(({ action }) => action), ["created"]);
  const exported = (await rig.manage("GET", `/v1/audit/export?after=${next.id}`)).text;
  assert.deepEqual(exported.trim().split("\n").map((line) => JSON.parse(line)), newest.entries);
});

test("of what was not done there is no entry", async () => {
  const gone = `dlv_${"0".repeat(20)}`;
  for (const action of ["redrive", "discard"]) {
    assert.equal((await act(gone, action)).code, "DEAD_LETTER_NOT_FOUND");
  }
  assert.deepEqual(await entriesOf(gone), []);
  const id = await rig.bury("queued");
  const powerless = await rig.operator("*", ["webhooks:read"]);
  assert.equal((await act(id, "discard", { key: powerless.key })).code, "INSUFFICIENT_SCOPE");
  await rig.ledgers("down");
  assert.equal((await act(id, "discard")).code, "DEPENDENCY_UNAVAILABLE");
  await rig.ledgers("ok");
  // What can't be noted before is not done.
  await rig.failing("INTO letter_acts");
  assert.equal((await act(id, "discard")).code, "INTERNAL");
  await rig.failing(null);
  assert.ok(await isDead(id));
  assert.deepEqual(await entriesOf(id), []);
  assert.deepEqual(await notes(), []);
});

test("what nobody heard the outcome of has an entry that says so", async () => {
  for (const [action, named] of [["redrive", "dead_letter_redriven"], ["discard", "dead_letter_discarded"]]) {
    for (const [mode, still] of [["down", true], ["mute", false]]) {
      const id = await rig.bury("queued");
      await rig.hooksHandle("__dead_letters", mode);
      const answer = await act(id, action);
      await rig.hooksHandle("__dead_letters", "ok");
      assert.deepEqual([answer.status, answer.code], [503, "DEPENDENCY_UNAVAILABLE"]);
      assert.equal(await isDead(id), still, `${action} ${mode}`);
      const entries = await entriesOf(id);
      assert.deepEqual(entries.map((entry) => [entry.action, entry.detail]), [[named, UNKNOWN]]);
      if (still) assert.equal((await act(id, action)).status, 200);
    }
  }
  const id = await rig.bury("queued");
  await rig.hooksHandle("__queue", "down");
  assert.equal((await act(id, "redrive")).code, "DEPENDENCY_UNAVAILABLE");
  assert.ok(await isDead(id));
  assert.deepEqual((await entriesOf(id)).map(({ detail }) => detail), [UNKNOWN]);
  assert.deepEqual(await notes(), []);
});

test("an object that never answers is given up, and the entry is there", async () => {
  const id = await rig.bury("queued");
  await rig.hooksHandle("__dead_letters", { after: 9_000 });
  const begun = Date.now();
  assert.equal((await act(id, "discard")).code, "DEPENDENCY_UNAVAILABLE");
  assert.ok(Date.now() - begun < 9_500);
  assert.deepEqual((await entriesOf(id)).map(({ detail }) => detail), [UNKNOWN]);
});

/** Kills the ledger between what it asks for and the entry of it. */
async function killedBetween(id, options) {
  await rig.hooksHandle("__dead_letters", { after: 1_500 });
  const acting = act(id, "discard", options).catch((error) => error);
  await eventually(async () => assert.ok(!(await isDead(id))));
  await rig.object("LEDGER", LEDGER, "__kill").catch(() => {});
  await acting;
  await rig.hooksHandle("__dead_letters", "ok");
}

test("a ledger that is killed in between: its alarm makes the entry", async () => {
  const id = await rig.bury("queued");
  const begun = Date.now();
  await killedBetween(id, { headers: { "CF-Connecting-IP": "192.0.2.7" } });
  const [note] = await notes();
  assert.deepEqual(await entriesOf(id), []);
  const armed = (await rig.object("LEDGER", LEDGER, "__alarm_at")).body;
  assert.ok(armed <= note.begun_at + MINUTE + 1_000, `armed for ${new Date(armed).toISOString()}`);

  // It might still be under way.
  await rig.clock(note.begun_at + MINUTE - 3_000 - Date.now());
  await alarm();
  assert.deepEqual(await entriesOf(id), []);
  await rig.clock(MINUTE + 1_000);
  await alarm();
  await alarm();
  const [entry, ...more] = await entriesOf(id);
  assert.deepEqual(more, []);
  assert.deepEqual([entry.action, entry.detail], ["dead_letter_discarded", UNKNOWN]);
  assert.deepEqual([entry.actor.id, entry.from], ["root", "192.0.2.7"]);
  assert.match(entry.request_id, /^req_[0-9A-Za-z]{20}$/);
  assert.equal(Date.parse(entry.at), note.begun_at);
  assert.ok(note.begun_at >= begun - 1);
  assert.deepEqual(await notes(), []);
});

test("an entry that can't be written then is written later", async () => {
  const id = await rig.bury("queued");
  await rig.failing("INTO audit");
  const answer = await act(id, "discard");
  assert.equal(answer.code, "INTERNAL");
  await rig.failing(null);
  assert.ok(!(await isDead(id)));
  assert.deepEqual(await entriesOf(id), []);
  await rig.clock(MINUTE + 1_000);
  await alarm();
  const [entry] = await entriesOf(id);
  assert.deepEqual(entry.detail, UNKNOWN);
  assert.equal(entry.request_id, answer.headers.get("keystile-request-id"));
});

test("what is sent twice under one Idempotency-Key is done once, and answered twice", async () => {
  for (const action of ["redrive", "discard"]) {
    const id = await rig.bury("queued");
    const idempotencyKey = randomUUID();
    const first = await act(id, action, { idempotencyKey });
    assert.equal(first.status, 200, first.text);
    const again = await act(id, action, { idempotencyKey });
    assert.deepEqual([again.status, again.body], [200, { ...first.body, replayed: true }]);
    // It died again since: the repetition is of the first time.
    await rig.bury("queued", id);
    assert.equal((await act(id, action, { idempotencyKey })).body.replayed, true);
    assert.ok(await isDead(id));
    assert.equal((await entriesOf(id)).length, 1);
    await act(id, "discard");
  }
});

test("of two at once under one Idempotency-Key one is done", async () => {
  const id = await rig.bury("queued");
  await rig.hooksHandle("__dead_letters", { before: 500 });
  const answers = await Promise.all([1, 2, 3].map(() => act(id, "redrive", { idempotencyKey: "at once" })));
  const others = answers.filter(({ status }) => status !== 200);
  assert.equal(others.length, 2);
  for (const answer of others) {
    assert.deepEqual([answer.status, answer.code], [409, "IDEMPOTENCY_KEY_IN_USE"]);
    assert.equal(answer.headers.get("retry-after"), "1");
  }
  assert.equal((await entriesOf(id)).length, 1);
});

test("a key is for one event and one action; what failed is not remembered", async () => {
  const [one, other] = [await rig.bury("queued"), await rig.bury("queued")];
  await rig.hooksHandle("__queue", "down");
  const idempotencyKey = randomUUID();
  assert.equal((await act(one, "redrive", { idempotencyKey })).status, 503);
  await rig.hooksHandle("__queue", "ok");
  assert.deepEqual((await act(one, "redrive", { idempotencyKey })).body, { id: one, status: "queued" });
  for (const [id, action] of [[other, "redrive"], [one, "discard"]]) {
    const answer = await act(id, action, { idempotencyKey });
    assert.deepEqual([answer.status, answer.code], [422, "IDEMPOTENCY_KEY_REUSED"]);
  }
  assert.ok(await isDead(other));
  assert.equal((await act(other, "discard", { idempotencyKey: "x".repeat(256) })).code, "INVALID_IDEMPOTENCY_KEY");
});

test("a repetition after the ledger was killed is told that the event is gone, and does nothing", async () => {
  const id = await rig.bury("queued");
  await killedBetween(id, { idempotencyKey: "killed" });
  assert.equal((await act(id, "discard", { idempotencyKey: "killed" })).code, "DEAD_LETTER_NOT_FOUND");
});

const BODY = "/body";
const bodyOf = (id, options) => rig.manage("GET", `${LETTERS}/${id}${BODY}`, undefined, options);

test("of a long body only the parts that are shown are read", async () => {
  const MIB = 1024 * 1024;
  const id = await rig.bury("queued", undefined, { stored: { bytes: 20 * MIB, parts: 20 } });
  // In JSON each of these is a part. The others aren't there, so whoever reads them finds none.
  const parts = ["a", "b", "c", "d"].map((letter) => letter.repeat(MIB - 2));
  for (const [at, part] of parts.entries()) await rig.hooksHandle(`__object/BODIES/${id}/store/${at}`, part);
  const answer = await bodyOf(id);
  assert.equal(answer.status, 200, answer.text.slice(0, 300));
  const { body, body_bytes, complete } = answer.body;
  assert.deepEqual([body_bytes, complete], [20 * MIB, false]);
  assert.equal(Buffer.from(body, "base64").toString(), parts.map((part) => JSON.stringify(part)).join(""));
});

test("a body is read by those who may decide on its event, and the log says who did", async () => {
  const operator = await rig.operator("*", ["webhooks:write"]);
  const id = await rig.bury("queued", undefined, { inline: Buffer.from('{"name":"Ann"}').toString("base64") });
  const answer = await bodyOf(id, { key: operator.key, headers: { "CF-Connecting-IP": "192.0.2.9" } });
  assert.equal(answer.status, 200, answer.text);
  const { body, ...facts } = answer.body;
  assert.equal(Buffer.from(body, "base64").toString(), '{"name":"Ann"}');
  assert.deepEqual(facts, { id, content_type: "text/plain", body_bytes: 14, complete: true });
  assert.equal(answer.headers.get("cache-control"), "private, no-store");
  const [entry, ...more] = await entriesOf(id);
  assert.deepEqual(more, []);
  assert.deepEqual(
    [entry.action, entry.actor.id, entry.from, entry.detail],
    ["dead_letter_read", operator.id, "192.0.2.9", {}],
  );
  assert.ok(await isDead(id), "it is still there");
});

test("who may only list events reads no body, nor does a customer or a tenant's operator", async () => {
  const id = await rig.bury("queued");
  const lists = await rig.operator("*", ["webhooks:read", "keys:read"]);
  assert.equal((await bodyOf(id, { key: lists.key })).code, "INSUFFICIENT_SCOPE");
  const tenants = await rig.operator("acme", ["webhooks:write"]);
  assert.equal((await bodyOf(id, { key: tenants.key })).code, "TENANT_NOT_ALLOWED");
  const fields = { actor: { id: "u_7", name: "Ann" }, may: ["keys:read", "keys:write", "audit:read"], scopes: [] };
  const { token } = (await rig.manage("POST", "/v1/tenants/acme/portal-sessions", fields)).body;
  assert.equal((await bodyOf(id, { key: token })).status, 403);
  assert.deepEqual(await entriesOf(id), []);
});

test("what is not shown is not noted, and what can't be noted is not shown", async () => {
  const gone = `dlv_${"0".repeat(20)}`;
  assert.equal((await bodyOf(gone)).code, "DEAD_LETTER_NOT_FOUND");
  const lost = await rig.bury("queued", undefined, { stored: { bytes: 9, parts: 1 } });
  assert.equal((await bodyOf(lost)).status, 500);
  assert.deepEqual([await entriesOf(gone), await entriesOf(lost)], [[], []]);
  const id = await rig.bury("queued");
  await rig.failing("INTO audit");
  const answer = await bodyOf(id);
  assert.deepEqual([answer.status, answer.body.body], [500, undefined]);
});

const all = (options = {}) => rig.manage("POST", `${LETTERS}/redrive`, undefined, options);
const notesOf = async (ids) => (await notes()).filter(({ letter_id }) => ids.includes(letter_id));
/** Leaves no dead letters. */
async function cleared() {
  for (const { id } of (await rig.manage("GET", `${LETTERS}?limit=200`)).body.dead_letters) await act(id, "discard");
}

test("all events of a source go back into the queue, with an entry of each", async () => {
  await cleared();
  assert.deepEqual((await all()).body, { redriven: 0, not_found: 0, unknown: 0, more: false });
  const ids = [];
  for (let index = 0; index < 7; index += 1) ids.push(await rig.bury("queued"));
  const operator = await rig.operator("*", ["webhooks:write"]);
  const answer = await all({ key: operator.key });
  assert.deepEqual([answer.status, answer.body], [200, { redriven: 7, not_found: 0, unknown: 0, more: false }], answer.text);
  for (const id of ids) {
    assert.ok(!(await isDead(id)));
    const [entry, ...more] = await entriesOf(id);
    assert.deepEqual(more, []);
    assert.deepEqual([entry.action, entry.actor.id, entry.detail.status.to], ["dead_letter_redriven", operator.id, "queued"]);
    assert.equal(entry.request_id, answer.headers.get("keystile-request-id"));
  }
  assert.deepEqual(await notesOf(ids), []);
});

test("more than one call can do are done by the next, and each once for an Idempotency-Key", async () => {
  await cleared();
  for (let index = 0; index < 60; index += 1) await rig.bury("queued");
  const headers = { "Idempotency-Key": randomUUID() };
  const first = (await all({ headers })).body;
  assert.ok(first.redriven > 0 && first.redriven <= 50 && first.more, JSON.stringify(first));
  assert.deepEqual((await all({ headers })).body, { ...first, replayed: true });
  let sum = first.redriven;
  for (let more = true; more; ) {
    const next = (await all()).body;
    sum += next.redriven;
    more = next.more;
  }
  assert.equal(sum, 60);
});

test("a queue that fails ends it: what was done is counted, the rest is here", async () => {
  await cleared();
  const id = await rig.bury("queued");
  await rig.hooksHandle("__queue", "down");
  assert.equal((await all()).code, "DEPENDENCY_UNAVAILABLE");
  assert.ok(await isDead(id));
  assert.deepEqual((await entriesOf(id)).map(({ detail }) => detail), [UNKNOWN]);
  await rig.hooksHandle("__queue", "ok");
  assert.equal((await all()).body.redriven, 1);
});

test("a ledger that is killed between: its alarm makes the entries of all that it had begun", async () => {
  await cleared();
  const ids = [await rig.bury("queued"), await rig.bury("queued")];
  await rig.hooksHandle("__dead_letters", { after: 1_500 });
  const acting = all().catch((error) => error);
  await eventually(async () => assert.equal((await notesOf(ids)).length, 2));
  await rig.object("LEDGER", LEDGER, "__kill").catch(() => {});
  await acting;
  await rig.hooksHandle("__dead_letters", "ok");
  await rig.clock(MINUTE + 1_000);
  await alarm();
  for (const id of ids) {
    assert.deepEqual((await entriesOf(id)).map(({ action, detail }) => [action, detail]), [["dead_letter_redriven", UNKNOWN]]);
  }
  assert.deepEqual(await notesOf(ids), []);
});
