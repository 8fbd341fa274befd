// Recent deliveries: what is listed of them, and events that an operator has delivered once more.

import assert from "node:assert/strict";
import { createHmac, randomBytes, randomUUID } from "node:crypto";
import { after, afterEach, before, test } from "node:test";

import { inRoot } from "../../../scripts/tools.mjs";
import { eventually, sleep, startRig } from "../../support/rig.mjs";
import { secret, standard } from "../../support/standard_webhooks.mjs";

const STANDARD = secret("standard");
const EVENTS = secret("events");
const HOUR = 3_600_000;

let rig;
before(async () => {
  const toml = inRoot("tests", "fixtures", "webhook_deliveries.toml");
  const vars = { STANDARD_SECRET: STANDARD, EVENTS_SECRET: EVENTS };
  rig = await startRig({ name: "webhook_deliveries", toml, edges: { edge1: {} }, hooks: { vars } });
});
after(() => rig.close());
afterEach(async () => {
  await rig.eventsAnswer({});
  await rig.hooksHandle("__clock", 0);
  await rig.hooksHandle("__queue", "ok");
  await rig.hooksHandle("__deliveries", "ok");
  await rig.hooksHandle("__bodies", "ok");
  await rig.events();
});

const post = (source, body, headers = standard(body)) =>
  rig.edge("edge1", `/hooks/${source}`, { method: "POST", body, headers });

async function list(source, query = {}) {
  const answer = await rig.manage("GET", `/v1/webhooks/${source}/deliveries?${new URLSearchParams(query)}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
}

/** The one delivery of an event, once it is as it should be. */
const listed = (source, event_id, expected = {}) =>
  eventually(
    async () => {
      const { deliveries } = await list(source, { event_id });
      assert.equal(deliveries.length, 1, JSON.stringify(deliveries));
      for (const [name, value] of Object.entries(expected)) assert.equal(deliveries[0][name], value, name);
      return deliveries[0];
    },
    { within: 30_000, every: 200 },
  );

const isKept = (source, event_id) =>
  eventually(async () => {
    const found = await listed(source, event_id);
    assert.ok(found.body_kept_until, "the body is not kept yet");
    return found;
  });

const replay = (source, { id }, options) =>
  rig.manage("POST", `/v1/webhooks/${source}/deliveries/${id}/replay`, undefined, options);

/** The upstream's next event. */
async function arrived() {
  let found;
  await eventually(
    async () => {
      [found] = await rig.events();
      assert.ok(found, "no event");
    },
    { within: 15_000 },
  );
  return { ...found, body: Buffer.from(found.body, "base64") };
}

test("a delivered event is listed with its facts, and without its body", async () => {
  const begun = Date.now();
  const headers = standard("the body", { id: "msg_facts" });
  const answer = await post("facts", "the body", headers);
  assert.equal(answer.status, 200, answer.text);
  const [event] = await rig.events();
  const { id, received_at, ...facts } = await listed("facts", "msg_facts");
  assert.match(id, /^dlv_/);
  assert.ok(Date.parse(received_at) >= begun - 1 && Date.parse(received_at) <= Date.now());
  assert.deepEqual(facts, {
    body_kept_until: null,
    bytes: 8,
    duplicates: 0,
    event_id: "msg_facts",
    event_type: null,
    outcome: "delivered",
    replayed_at: null,
    request_id: answer.headers.get("keystile-request-id"),
    same_bytes: false,
    status: event ? 200 : undefined,
    upstream: null,
    webhook_id: event.headers["webhook-id"],
  });
});

test("what is refused is not recorded, and a duplicate only counted", async () => {
  const headers = standard("once", { id: "msg_once" });
  assert.equal((await post("facts", "twice", headers)).status, 401);
  assert.deepEqual((await list("facts", { event_id: "msg_once" })).deliveries, []);
  assert.equal((await post("facts", "once", headers)).status, 200);
  for (let again = 0; again < 2; again += 1) {
    assert.deepEqual((await post("facts", "once", headers)).body, { status: "duplicate" });
  }
  await listed("facts", "msg_once", { duplicates: 2, outcome: "delivered" });
});

test("a failure is listed until the sender's retry takes its place", async () => {
  await rig.eventsAnswer({ status: 503 });
  const headers = standard("retry", { id: "msg_retry" });
  assert.equal((await post("facts", "retry", headers)).status, 503);
  const failed = await listed("facts", "msg_retry", { outcome: "failed", status: 503 });
  await rig.eventsAnswer({});
  assert.equal((await post("facts", "retry", headers)).status, 200);
  const delivered = await listed("facts", "msg_retry", { outcome: "delivered", status: 200 });
  assert.equal(delivered.webhook_id, failed.webhook_id);
});

test("events of the same bytes without an id are each listed, and marked", async () => {
  const bytes = Buffer.from(STANDARD);
  const body = randomUUID();
  const headers = { "X-Dropbox-Signature": createHmac("sha256", bytes).update(body).digest("hex") };
  for (let count = 0; count < 2; count += 1) {
    const answer = await post("nameless", body, headers);
    assert.equal(answer.status, 200, answer.text);
  }
  const { deliveries } = await list("nameless");
  assert.deepEqual(deliveries.map(({ same_bytes, event_id }) => [same_bytes, event_id]), [[true, null], [false, null]]);
});

test("an event in the queue is listed as queued, then as delivered or dead", async () => {
  await rig.eventsAnswer({ wait: 3_000 });
  const headers = standard("slow", { id: "msg_slow" });
  assert.equal((await post("queued", "slow", headers)).status, 202);
  await listed("queued", "msg_slow", { outcome: "queued", status: null });
  await listed("queued", "msg_slow", { outcome: "delivered", status: 200 });

  await rig.eventsAnswer({ status: 500 });
  assert.equal((await post("queued", "dies", standard("dies", { id: "msg_dies" }))).status, 202);
  const dead = await listed("queued", "msg_dies", { outcome: "dead", status: null });
  const { dead_letters } = (await rig.manage("GET", "/v1/webhooks/queued/dead-letters")).body;
  assert.ok(dead_letters.some(({ id }) => id === dead.id), "the dead letter has the id of the delivery");
  await rig.eventsAnswer({});
  const letters = "/v1/webhooks/queued/dead-letters";
  assert.equal((await rig.manage("POST", `${letters}/${dead.id}/redrive`)).status, 200);
  await listed("queued", "msg_dies", { outcome: "delivered", status: 200 });
});

test("what can't be queued is listed as failed", async () => {
  await rig.hooksHandle("__queue", "down");
  const headers = standard("no queue", { id: "msg_no_queue" });
  assert.equal((await post("queued", "no queue", headers)).status, 503);
  await listed("queued", "msg_no_queue", { outcome: "failed", status: null });
});

test("an event is handed on though nobody can be told of its end", async () => {
  await rig.hooksHandle("__deliveries", "deaf at the end");
  assert.equal((await post("queued", "untold", standard("untold", { id: "msg_untold" }))).status, 202);
  assert.equal((await arrived()).body.toString(), "untold");
  await sleep(1_500);
  assert.deepEqual(await rig.events(), [], "it is not repeated for that");
  await listed("queued", "msg_untold", { outcome: "queued" });
});

test("pages lead through all objects by time, also where times are equal", async () => {
  // All in one millisecond, and in every object.
  const received_at = Date.now();
  const remembered = [];
  for (const object of [0, 1, 2, 3, 4, 5, 6, 7, "batches"]) {
    for (let count = 0; count < 2; count += 1) {
      const id = `dlv_${randomBytes(10).toString("hex")}`;
      const facts = { webhook_id: `facts_${id}`, event_type: "page", received_at, request_id: "req_4bTzV9cXk07Hq2mN1pRs" };
      const delivery = { id, ...facts, bytes: 1, outcome: "delivered", status: 200, until: received_at + HOUR };
      await rig.hooksHandle(`__object/DELIVERIES/facts%2F${object}/settle`, { delivery });
      remembered.push(id);
    }
  }
  const seen = [];
  for (let query = { event_type: "page", limit: 5 }; ; ) {
    const { deliveries, next_cursor } = await list("facts", query);
    assert.ok(deliveries.length <= 5);
    seen.push(...deliveries.map(({ id }) => id));
    if (next_cursor === null) break;
    query = { ...query, cursor: next_cursor };
  }
  assert.deepEqual(seen, remembered.sort().reverse());
});

test("deliveries are found by id, outcome and time", async () => {
  await rig.eventsAnswer({ status: 500 });
  await post("facts", "found", standard("found", { id: "msg_found" }));
  const found = await listed("facts", "msg_found");
  const ids = async (query) => (await list("facts", { limit: 200, ...query })).deliveries.map(({ id }) => id);
  assert.deepEqual(await ids({ webhook_id: found.webhook_id }), [found.id]);
  assert.ok((await ids({ outcome: "failed" })).includes(found.id));
  assert.ok(!(await ids({ outcome: "delivered" })).includes(found.id));
  assert.ok((await ids({ since: found.received_at })).includes(found.id));
  assert.ok(!(await ids({ until: found.received_at })).includes(found.id));
  assert.deepEqual(await ids({ event_id: "msg_found", outcome: "dead" }), []);
  for (const query of ["outcome=lost", "since=yesterday", "cursor=x", "limit=0", "event_id=", "colour=blue"]) {
    const answer = await rig.manage("GET", `/v1/webhooks/facts/deliveries?${query}`);
    assert.deepEqual([answer.status, answer.code], [422, "INVALID_REQUEST"], query);
  }
});

test("a list without one of its objects is no list", async () => {
  await rig.hooksHandle("__deliveries", "down");
  const answer = await rig.manage("GET", "/v1/webhooks/facts/deliveries");
  assert.deepEqual([answer.status, answer.code], [503, "DEPENDENCY_UNAVAILABLE"]);
});

test("a retry that is settled before it is recorded takes the place of its failure", async () => {
  const object = "__object/DELIVERIES/facts%2F4";
  const [first, second] = [1, 2].map(() => `dlv_${randomBytes(10).toString("hex")}`);
  const now = Date.now();
  const facts = { webhook_id: `facts_${first}`, request_id: "req_none", bytes: 1, until: now + HOUR };
  const settle = (delivery) => rig.hooksHandle(`${object}/settle`, { delivery: { ...facts, ...delivery } });
  await settle({ id: first, received_at: now - 2_000, outcome: "failed" });
  await settle({ id: second, received_at: now - 1_000, outcome: "delivered", status: 200, body_until: now + HOUR });
  const { deliveries } = await list("facts", { webhook_id: facts.webhook_id });
  assert.deepEqual(deliveries.map(({ id, outcome, status }) => [id, outcome, status]), [[second, "delivered", 200]]);
  assert.ok(deliveries[0].body_kept_until);
});

test("deliveries are forgotten with remember_hours, and by number", async () => {
  const object = "__object/DELIVERIES/facts%2F3";
  const rows = async () => (await rig.hooksHandle(`${object}/__sql`, "SELECT count(*) AS count FROM recent"))[0].count;
  const now = Date.now();
  // More than an object remembers: the next one makes it drop the oldest.
  await rig.hooksHandle(
    `${object}/__sql`,
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 11500)
     INSERT INTO recent (webhook_id, upstream, id, received_at, request_id, bytes, same_bytes, outcome, until)
     SELECT 'facts_' || i, '', 'dlv_' || printf('%020d', i), ${now - 20_000} + i, 'req_none', 1, 0, 'failed', ${now + HOUR} FROM n`,
  );
  assert.ok((await rows()) >= 11_500);
  // An instance counts rows once for a thousand writes, and again after its alarm.
  await rig.hooksHandle(`${object}/__alarm`);
  const id = `dlv_${randomBytes(10).toString("hex")}`;
  const facts = { webhook_id: `facts_${id}`, received_at: Date.now(), request_id: "req_none", bytes: 1 };
  const delivery = { id, ...facts, outcome: "delivered", status: 200, until: now + HOUR };
  await rig.hooksHandle(`${object}/settle`, { delivery });
  assert.equal(await rows(), 10_000);
  const [{ oldest }] = await rig.hooksHandle(`${object}/__sql`, "SELECT min(received_at) AS oldest FROM recent");
  assert.ok(oldest > now - 20_000 + 1_000, "the oldest went");

  assert.equal((await list("facts", { webhook_id: "facts_11000" })).deliveries.length, 1);
  await rig.hooksHandle("__clock", 2 * HOUR);
  assert.deepEqual((await list("facts", { webhook_id: "facts_11000" })).deliveries, [], "its time is over");
  await rig.hooksHandle(`${object}/__alarm`);
  await rig.hooksHandle(`${object}/__alarm`);
  assert.ok((await rows()) < 100, "what was remembered for longer stays");
});

for (const [source, bytes] of [["direct", 40], ["direct", 300_000], ["queued", 40], ["queued", 300_000]]) {
  test(`an event of ${source} with ${bytes} bytes is delivered once more, as it came`, async () => {
    const body = randomBytes(bytes);
    const headers = { ...standard(body, { id: `msg_${source}_${bytes}` }), "Content-Type": "text/plain", "X-Event": "kept" };
    const answer = await post(source, body, headers);
    assert.ok([200, 202].includes(answer.status), answer.text);
    const first = await arrived();
    assert.equal(first.headers["keystile-webhook-replay"], undefined);
    const delivery = await isKept(source, headers["webhook-id"]);
    const kept = Date.parse(delivery.body_kept_until) - Date.parse(delivery.received_at);
    assert.ok(kept >= 24 * HOUR && kept < 25 * HOUR, `${kept}`);

    const replayed = await replay(source, delivery);
    assert.deepEqual([replayed.status, replayed.body], [200, { id: delivery.id, status: "queued" }], replayed.text);
    const again = await arrived();
    assert.ok(again.body.equals(body));
    assert.equal(again.headers["keystile-webhook-replay"], "operator");
    for (const name of ["webhook-id", "content-type", "x-event", "keystile-request-id", "keystile-webhook-event-id"]) {
      assert.equal(again.headers[name], first.headers[name], name);
    }
    assert.equal(again.path, first.path);
    const { "webhook-id": id, "webhook-timestamp": at, "webhook-signature": signature } = again.headers;
    assert.equal(signature, standard(body, { key: EVENTS, id, at })["webhook-signature"]);
    const after = await listed(source, headers["webhook-id"], { outcome: "delivered", id: delivery.id });
    assert.ok(after.replayed_at, "the list says so");
    assert.equal(after.body_kept_until, delivery.body_kept_until, "and it is not kept for longer");
    const [entry] = (await rig.manage("GET", "/v1/audit?limit=1")).body.entries;
    assert.deepEqual(
      [entry.action, entry.delivery, entry.dead_letter, entry.detail],
      ["delivery_replayed", { source, id: delivery.id }, null, { status: { from: null, to: "queued" } }],
    );
  });
}

test("a replay that nobody takes is a dead letter", async () => {
  await post("queued", "again in vain", standard("again in vain", { id: "msg_in_vain" }));
  const delivery = await isKept("queued", "msg_in_vain");
  await rig.eventsAnswer({ status: 500 });
  await rig.events();
  assert.equal((await replay("queued", delivery)).status, 200);
  await listed("queued", "msg_in_vain", { outcome: "dead", id: delivery.id });
  const { dead_letters } = (await rig.manage("GET", "/v1/webhooks/queued/dead-letters")).body;
  assert.ok(dead_letters.some(({ webhook_id }) => webhook_id === delivery.webhook_id));
});

test("a replay is done once for each Idempotency-Key", async () => {
  await post("direct", "once more", standard("once more", { id: "msg_once_more" }));
  const delivery = await isKept("direct", "msg_once_more");
  await rig.events();
  const headers = { "Idempotency-Key": randomUUID() };
  assert.equal((await replay("direct", delivery, { headers })).status, 200);
  const second = await replay("direct", delivery, { headers });
  assert.deepEqual([second.status, second.body.replayed], [200, true], second.text);
  await arrived();
  await sleep(2_500);
  assert.deepEqual(await rig.events(), []);
});

test("what isn't kept can't be replayed, and the answer says so", async () => {
  await post("facts", "not kept", standard("not kept", { id: "msg_not_kept" }));
  const unkept = await replay("facts", await listed("facts", "msg_not_kept"));
  assert.deepEqual([unkept.status, unkept.code], [409, "BODY_NOT_KEPT"]);
  assert.match(unkept.body.detail, /keep_bodies_hours/);
  const unknown = await replay("facts", { id: `dlv_${"0".repeat(20)}` });
  assert.deepEqual([unknown.status, unknown.code], [404, "DELIVERY_NOT_FOUND"]);
  const before = (await rig.manage("GET", "/v1/audit?limit=1")).body.entries[0]?.id;
  await replay("facts", { id: `dlv_${"0".repeat(20)}` });
  assert.equal((await rig.manage("GET", "/v1/audit?limit=1")).body.entries[0]?.id, before, "nothing was done");

  // A failed delivery is its sender's to send again.
  await rig.eventsAnswer({ status: 500 });
  await post("direct", "failed", standard("failed", { id: "msg_failed" }));
  await sleep(500);
  await listed("direct", "msg_failed", { outcome: "failed", body_kept_until: null });
});

test("a body is kept for its hours, and then gone", async () => {
  await post("direct", "in time", standard("in time", { id: "msg_in_time" }));
  const { id } = await isKept("direct", "msg_in_time");
  const object = `__object/BODIES/${id}%2Fkept`;
  assert.ok((await rig.hooksHandle(`${object}/__keys`)).length > 0);
  await rig.hooksHandle("__clock", 25 * HOUR);
  await listed("direct", "msg_in_time", { body_kept_until: null });
  assert.equal((await replay("direct", { id })).code, "BODY_NOT_KEPT");
  await rig.hooksHandle(`${object}/__alarm`);
  assert.deepEqual(await rig.hooksHandle(`${object}/__keys`), []);
});

test("an event whose body can't be kept is delivered all the same, at once", async () => {
  await rig.hooksHandle("__bodies", "down");
  for (const [source, status] of [["direct", 200], ["queued", 202]]) {
    const headers = standard("unkept", { id: `msg_unkept_${source}` });
    const answer = await post(source, "unkept", headers);
    assert.equal(answer.status, status, answer.text);
    assert.equal((await arrived()).body.toString(), "unkept");
    await listed(source, headers["webhook-id"], { outcome: "delivered", body_kept_until: null });
  }
});

test("a queue that is down takes no replay, and the log says that nobody knows", async () => {
  await post("direct", "later", standard("later", { id: "msg_later" }));
  const delivery = await isKept("direct", "msg_later");
  await rig.hooksHandle("__queue", "down");
  const answer = await replay("direct", delivery);
  assert.deepEqual([answer.status, answer.code], [503, "DEPENDENCY_UNAVAILABLE"]);
  const [entry] = (await rig.manage("GET", "/v1/audit?limit=1")).body.entries;
  assert.deepEqual([entry.delivery?.id, entry.detail.status.to], [delivery.id, "unknown"]);
  await rig.hooksHandle("__queue", "ok");
  assert.equal((await replay("direct", delivery)).status, 200);
});

test("who may see deliveries, and replay one", async () => {
  const reader = await rig.operator("*", ["webhooks:read"]);
  const writer = await rig.operator("*", ["webhooks:write"]);
  const tenant = await rig.operator("acme", ["webhooks:read", "webhooks:write"]);
  const path = "/v1/webhooks/facts/deliveries";
  const one = `${path}/dlv_${"0".repeat(20)}/replay`;
  const code = async (method, to, { key }) => (await rig.manage(method, to, undefined, { key })).code;
  assert.equal(await code("GET", path, reader), undefined);
  assert.equal(await code("GET", path, writer), "INSUFFICIENT_SCOPE");
  assert.equal(await code("GET", path, tenant), "TENANT_NOT_ALLOWED");
  assert.equal(await code("POST", one, reader), "INSUFFICIENT_SCOPE");
  assert.equal(await code("POST", one, tenant), "TENANT_NOT_ALLOWED");
  assert.equal(await code("POST", one, writer), "DELIVERY_NOT_FOUND");
  assert.equal(await code("GET", "/v1/webhooks/unknown/deliveries", reader), "SOURCE_NOT_FOUND");
});
