// Webhooks in mode "queue": the sender is answered once the event is durable,
// and what its upstream does not take is tried again, and in the end kept.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, afterEach, before, test } from "node:test";

import { inRoot } from "../../../scripts/tools.mjs";
import { eventually, sleep, startRig } from "../../support/rig.mjs";
import { seconds, secret, standard } from "../../support/standard_webhooks.mjs";

const STANDARD = secret("standard");
const EVENTS = secret("events");
const DAY = 24 * 3_600_000;
/** Attempts at one event: one, and the rig's `max_retries`. */
const ATTEMPTS = 3;

let rig;
before(async () => {
  const toml = inRoot("tests", "fixtures", "webhook_queue.toml");
  const vars = { STANDARD_SECRET: STANDARD, EVENTS_SECRET: EVENTS };
  rig = await startRig({ name: "webhook_queue", toml, edges: { edge1: {} }, hooks: { vars } });
});
after(() => rig.close());
afterEach(async () => {
  await rig.eventsAnswer({});
  await rig.hooksHandle("__clock", 0);
  await rig.hooksHandle("__queue", "ok");
  await rig.events();
});


const post = (body, headers = standard(body)) => rig.edge("edge1", "/hooks/queued", { method: "POST", body, headers });

async function queued(body, headers) {
  const answer = await post(body, headers);
  assert.equal(answer.status, 202, answer.text);
  assert.deepEqual(answer.body, { status: "queued" });
  return answer;
}

/** All that the upstream got until there were `count` of it. */
async function delivered(count, within = 15_000) {
  const events = [];
  await eventually(
    async () => {
      events.push(...(await rig.events()));
      assert.ok(events.length >= count, `${events.length} of ${count} events`);
    },
    { within },
  );
  return events.map((event) => ({ ...event, body: Buffer.from(event.body, "base64") }));
}

function isSigned({ body, headers }) {
  const { "webhook-id": id, "webhook-timestamp": at, "webhook-signature": signature } = headers;
  assert.equal(signature, standard(body, { key: EVENTS, id, at })["webhook-signature"]);
}

const LETTERS = "/v1/webhooks/queued/dead-letters";

async function letters(query = "") {
  const answer = await rig.manage("GET", `${LETTERS}${query}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
}

/** Posts an event that the upstream refuses until it is a dead letter, and returns that. */
async function dead(body, headers = standard(body)) {
  await rig.eventsAnswer({ status: 503 });
  await queued(body, headers);
  const letter = await eventually(
    async () => {
      const { dead_letters } = await letters();
      const found = dead_letters.find(({ event_id }) => event_id === headers["webhook-id"]);
      assert.ok(found, "not dead yet");
      return found;
    },
    { within: 30_000, every: 200 },
  );
  return { letter, attempts: await rig.events() };
}

const act = (letter, action, options) => rig.manage("POST", `${LETTERS}/${letter.id}/${action}`, undefined, options);

/** Whether a delivery's body is still stored. */
const stored = async ({ id }) => (await rig.hooksHandle(`__object/BODIES/${id}/__keys`)).length > 0;

const rows = (sql) => rig.hooksHandle("__object/DEAD_LETTERS/queued/__sql", sql);

test("an event is queued and delivered once, byte for byte, signed again", async () => {
  const body = Buffer.from('{"caf\u00e9": 1.0}\n\xff', "latin1");
  const headers = { ...standard(body, { id: "msg_queued" }), "Content-Type": "application/json", "X-Event": "kept" };
  const answer = await queued(body, headers);
  const [event] = await delivered(1);
  isSigned(event);
  assert.deepEqual([event.method, event.path], ["POST", "/events/queued"]);
  assert.deepEqual(event.body, body);
  assert.match(event.headers["webhook-id"], /^queued_[\w-]{24}$/);
  assert.equal(event.headers["content-type"], "application/json");
  assert.equal(event.headers["x-event"], "kept");
  assert.equal(event.headers["keystile-webhook-source"], "queued");
  assert.equal(event.headers["keystile-webhook-event-id"], "msg_queued");
  assert.equal(event.headers["keystile-request-id"], answer.headers.get("keystile-request-id"));

  const again = await post(body, headers);
  assert.deepEqual([again.status, again.body], [200, { status: "duplicate" }]);
  await sleep(2_500);
  assert.deepEqual(await rig.events(), []);
  assert.deepEqual((await letters()).dead_letters, []);
  assert.deepEqual(await rows("SELECT * FROM letters"), []);
});

test("the sender does not wait for the upstream", async () => {
  await rig.eventsAnswer({ wait: 5_000 });
  const begun = Date.now();
  await queued("slow");
  assert.ok(Date.now() - begun < 4_000);
  await delivered(1);
  // Its answer may come after the test.
  await sleep(5_000);
});

test("what is not genuine is not queued", async () => {
  const answer = await post("one", standard("another"));
  assert.deepEqual([answer.status, answer.code], [401, "NO_MATCH"]);
  await sleep(1_500);
  assert.deepEqual(await rig.events(), []);
});

test("a failed attempt is made again, later and signed anew, until one succeeds", async () => {
  await rig.eventsAnswer({ status: 500 });
  await queued("try again");
  const [first] = await delivered(1);
  const times = [Date.now()];
  const [second] = await delivered(1);
  times.push(Date.now());
  await rig.eventsAnswer({ status: 204 });
  const [third] = await delivered(1);
  times.push(Date.now());
  for (const event of [first, second, third]) isSigned(event);
  assert.equal(second.headers["webhook-id"], first.headers["webhook-id"]);
  assert.ok(third.headers["webhook-timestamp"] > first.headers["webhook-timestamp"]);
  // One second, then two, and up to one that the queue waits for a batch to fill.
  const waits = [times[1] - times[0], times[2] - times[1]];
  assert.ok(waits[0] > 800 && waits[0] < 3_500, `${waits}`);
  assert.ok(waits[1] > 1_800 && waits[1] < 4_500, `${waits}`);
  // Nothing is left of the failures.
  await eventually(async () => assert.deepEqual(await rows("SELECT * FROM letters"), []));
  await sleep(1_500);
  assert.deepEqual(await rig.events(), []);
});

test("what is never taken is a dead letter: listed, sent again, delivered", async () => {
  const body = Buffer.from("nobody takes this");
  const headers = { ...standard(body), "Content-Type": "text/plain" };
  const { letter, attempts } = await dead(body, headers);
  assert.equal(attempts.length, ATTEMPTS);
  assert.equal(letter.attempts, ATTEMPTS);
  assert.equal(letter.last_status, 503);
  assert.equal(letter.last_reason, "the upstream answered 503");
  assert.equal(letter.event_id, headers["webhook-id"]);
  assert.deepEqual([letter.upstream, letter.path], ["events", "/events/queued"], "the message names its one upstream");
  assert.equal(letter.headers["content-type"], "text/plain");
  assert.equal(letter.body_bytes, body.length);
  assert.ok(!JSON.stringify(letter).includes("nobody takes"));

  await rig.eventsAnswer({});
  const answer = await act(letter, "redrive");
  assert.deepEqual([answer.status, answer.body], [200, { id: letter.id, status: "queued" }]);
  const [event] = await delivered(1);
  isSigned(event);
  assert.deepEqual(event.body, body);
  assert.equal(event.headers["webhook-id"], letter.webhook_id);
  assert.deepEqual((await letters()).dead_letters, []);
  await eventually(async () => assert.deepEqual(await rows("SELECT * FROM letters"), []));
  const twice = await act(letter, "redrive");
  assert.deepEqual([twice.status, twice.code], [404, "DEAD_LETTER_NOT_FOUND"]);
});

test("what fails again after it was sent again is a dead letter again, its attempts counted on", async () => {
  const { letter } = await dead("twice dead");
  assert.equal((await act(letter, "redrive")).status, 200);
  assert.deepEqual((await letters()).dead_letters, []);
  await eventually(
    async () => {
      const [again] = (await letters()).dead_letters;
      assert.equal(again?.id, letter.id);
      assert.equal(again.attempts, 2 * ATTEMPTS);
      assert.ok(again.dead_at > letter.dead_at);
    },
    { within: 30_000, every: 200 },
  );
  assert.equal((await act(letter, "discard")).status, 200);
});

test("a body too long for a message waits beside it, and goes with it", async () => {
  const body = randomBytes(300_000);
  await queued(body);
  const [event] = await delivered(1);
  isSigned(event);
  assert.deepEqual(event.body, body);

  // Several parts, and a death in between.
  const longer = randomBytes(2_500_000);
  const { letter } = await dead(longer);
  assert.equal(letter.body_bytes, longer.length);
  assert.ok(await stored(letter));
  await rig.eventsAnswer({});
  assert.equal((await act(letter, "redrive")).status, 200);
  const [late] = await delivered(1);
  assert.ok(late.body.equals(longer));
  await eventually(async () => assert.ok(!(await stored(letter)), "the body is still there"));
});

test("the border between the two: bodies of every length arrive", async () => {
  const bodies = [0, 1, 80_000, 89_000, 89_500, 90_000, 120_000, 128_000].map((bytes) => randomBytes(bytes));
  for (const body of bodies) await queued(body);
  const events = await delivered(bodies.length);
  assert.deepEqual(events.map(({ body }) => body.length).sort((a, b) => a - b), bodies.map(({ length }) => length));
  for (const event of events) isSigned(event);
});

test("what can't be queued is not accepted, and the sender's retry is", async () => {
  await rig.hooksHandle("__queue", "down");
  for (const body of [Buffer.from("short"), randomBytes(200_000)]) {
    const headers = standard(body);
    const answer = await post(body, headers);
    assert.deepEqual([answer.status, answer.code], [503, "DEPENDENCY_UNAVAILABLE"]);
    assert.ok(answer.headers.get("retry-after"));
    await rig.hooksHandle("__queue", "ok");
    await queued(body, headers);
    const events = await delivered(1);
    assert.deepEqual(events.map((event) => event.body), [body]);
    await rig.hooksHandle("__queue", "down");
  }
});

test("of an event that comes twice at once one is queued", async () => {
  const headers = standard("at once");
  const answers = await Promise.all([post("at once", headers), post("at once", headers), post("at once", headers)]);
  const statuses = answers.map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 202).length, 1, `${statuses}`);
  assert.ok(statuses.every((status) => [200, 202, 409].includes(status)), `${statuses}`);
  await delivered(1);
  await sleep(1_500);
  assert.deepEqual(await rig.events(), []);
});

test("a dead letter is discarded with its body", async () => {
  const { letter } = await dead(randomBytes(200_000));
  assert.ok(await stored(letter));
  const answer = await act(letter, "discard");
  assert.deepEqual([answer.status, answer.body], [200, { id: letter.id, status: "discarded" }]);
  assert.deepEqual((await letters()).dead_letters, []);
  assert.ok(!(await stored(letter)));
  assert.equal((await act(letter, "discard")).code, "DEAD_LETTER_NOT_FOUND");
  assert.equal((await act(letter, "redrive")).code, "DEAD_LETTER_NOT_FOUND");
});

test("a queue that can't be reached loses no dead letter", async () => {
  const { letter } = await dead("stays here");
  await rig.hooksHandle("__queue", "down");
  const answer = await act(letter, "redrive");
  assert.deepEqual([answer.status, answer.code], [503, "DEPENDENCY_UNAVAILABLE"]);
  assert.deepEqual((await letters()).dead_letters, [letter]);
  await act(letter, "discard");
});

async function bury(count) {
  const ids = Array.from({ length: count }, (_, index) => `dlv_${String(index).padStart(20, "0")}`);
  for (const id of ids) await rig.bury("queued", id);
  return ids;
}

test("dead letters are listed by page, the newest first, and kept for thirty days", async () => {
  const ids = await bury(5);
  const seen = [];
  for (let query = "?limit=2"; ; ) {
    const { dead_letters, next_cursor } = await letters(query);
    assert.ok(dead_letters.length <= 2);
    seen.push(...dead_letters);
    if (!next_cursor) break;
    query = `?limit=2&cursor=${next_cursor}`;
  }
  assert.deepEqual(seen.map(({ id }) => id).sort(), ids);
  assert.deepEqual(seen.map(({ dead_at }) => dead_at), seen.map(({ dead_at }) => dead_at).sort().reverse());
  // None was tried: that is said, too.
  assert.deepEqual([seen[0].attempts, seen[0].last_status, seen[0].last_reason], [0, null, null]);
  assert.equal((await rig.manage("GET", `${LETTERS}?limit=0`)).status, 422);
  assert.equal((await rig.manage("GET", `${LETTERS}?cursor=x`)).status, 422);

  const object = "__object/DEAD_LETTERS/queued";
  assert.ok((await rig.hooksHandle(`${object}/__alarm_at`)) > Date.now());
  await rig.hooksHandle("__clock", 29 * DAY);
  await rig.hooksHandle(`${object}/__alarm`);
  assert.equal((await letters()).dead_letters.length, 5);
  await rig.hooksHandle("__clock", 31 * DAY);
  await rig.hooksHandle(`${object}/__alarm`);
  assert.deepEqual((await letters()).dead_letters, []);
});

test("burying twice is burying once", async () => {
  const [id] = await bury(1);
  await bury(1);
  assert.deepEqual((await letters()).dead_letters.map((letter) => letter.id), [id]);
  await act({ id }, "discard");
});

test("sources are listed as they are configured", async () => {
  const answer = await rig.manage("GET", "/v1/webhooks");
  const [queue, direct] = answer.body.sources;
  assert.deepEqual(queue, {
    source: "queued",
    provider: "standard-webhooks",
    mode: "queue",
    body_authenticated: true,
    replays: "refuse-same-id",
    told_apart_by: "signed_id",
    keep_bodies_hours: 0,
    event_type: "json:type",
    event_type_authenticated: true,
    verification: "enforce",
    upstreams: [{ upstream: "events", path: "/events/queued", types: [] }],
    notes: queue.notes,
  });
  assert.deepEqual([direct.source, direct.mode, direct.body_authenticated], ["waited-for", "direct", false]);
});

test("who may see and do what", async () => {
  const [id] = await bury(1);
  const reader = await rig.operator("*", ["webhooks:read"]);
  const writer = await rig.operator("*", ["webhooks:write"]);
  const tenant = await rig.operator("acme", ["webhooks:read", "webhooks:write"]);
  const code = async (method, path, key) => (await rig.manage(method, path, undefined, { key: key.key })).code;
  assert.equal(await code("GET", LETTERS, reader), undefined);
  assert.equal(await code("GET", LETTERS, writer), "INSUFFICIENT_SCOPE");
  assert.equal(await code("GET", "/v1/webhooks", tenant), "TENANT_NOT_ALLOWED");
  assert.equal(await code("GET", LETTERS, tenant), "TENANT_NOT_ALLOWED");
  assert.equal(await code("POST", `${LETTERS}/${id}/redrive`, reader), "INSUFFICIENT_SCOPE");
  assert.equal(await code("POST", `${LETTERS}/${id}/discard`, tenant), "TENANT_NOT_ALLOWED");
  assert.equal(await code("GET", "/v1/webhooks/unknown/dead-letters", reader), "SOURCE_NOT_FOUND");
  assert.equal(await code("POST", `${LETTERS}/${id}/discard`, writer), undefined);
});
