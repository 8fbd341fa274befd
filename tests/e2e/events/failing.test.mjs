// Endpoints that fail for long, are paused, disabled, tested or removed: what becomes of their events.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { ALLOW_LOOPBACK, senderOf, signers, startReceiver } from "../../support/receiver.mjs";
import { eventually, startRig } from "../../support/rig.mjs";

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];
/** The waits after each attempt but the last, each a tenth longer, and what an attempt takes. */
const WAITS = [5_000, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR].map((wait) => wait * 1.1 + 1_000);
const DEPLOYMENT = "/v1/event-endpoints";
const of = (tenant) => `/v1/tenants/${tenant}/event-endpoints`;

let rig, receiver, sender;
before(async () => {
  [rig, receiver] = await Promise.all([
    startRig({ name: "event-failing", edges: {}, handles: true, settings: ALLOW_LOOPBACK }),
    startReceiver(),
  ]);
  sender = senderOf(rig);
});
after(async () => {
  await rig.close();
  await receiver.close();
});
afterEach(() => {
  receiver.answer = () => 204;
  return sender.later(0);
});

async function endpoint(name, tenant = name, fields = {}) {
  const list = tenant ? of(tenant) : DEPLOYMENT;
  const { body, text } = await rig.manage("POST", list, { url: receiver.url(`/${name}`), ...fields });
  assert.ok(body.id, text);
  return { ...body, path: `${list}/${body.id}`, arrived: () => receiver.at(`/${name}`) };
}
const get = async (path) => (await rig.manage("GET", path)).body;
const attempts = async ({ path }, query = "") => (await get(`${path}/attempts${query}`)).attempts;
const letters = async ({ path }) => (await get(`${path}/dead-letters`)).dead_letters;
const patch = async ({ path }, fields) => {
  const answer = await rig.manage("PATCH", path, fields);
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
};
const types = (arrived) => arrived.map(({ body }) => body.type);
const arrives = (endpoint, count) =>
  eventually(() => (assert.equal(endpoint.arrived().length, count), endpoint.arrived()), { within: 20_000 });
/** The state of an endpoint once it is this. */
const becomes = ({ path }, expected) =>
  eventually(async () => {
    const { status, state } = await get(path);
    const shown = { status, ...state };
    for (const [name, value] of Object.entries(expected)) assert.deepEqual(shown[name], value, name);
    return shown;
  });
/** Waits for so many attempts. */
const tried = (endpoint, count) =>
  eventually(async () => assert.equal((await attempts(endpoint, "?limit=100")).length, count), { within: 20_000 });
/** Has so many events wait, as if they had come already. */
function wait({ id }, rows) {
  const many = `WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ${rows})`;
  const event = `'{"id":"' || printf('evt_%020d', n) || '","type":"key.created","body":"{}"}'`;
  const insert = `INSERT INTO queue (event, lane, numbered, received_at, head, due_at, attempts)
    ${many} SELECT printf('evt_%020d', n), n, ${event}, ${Date.now()}, 1, 0, 0 FROM n`;
  return sender.sql("EVENT_ENDPOINT", id, insert);
}

test("after ten attempts an event is a dead letter, and the key's next one goes on", async () => {
  const at = await endpoint("dead");
  receiver.answer = ({ body }) => (body.type === "key.created" ? 500 : 204);
  const key = await rig.create("dead");
  await rig.manage("PATCH", `/v1/tenants/dead/keys/${key.id}`, { name: "later" });
  let now = 0;
  await tried(at, 1);
  for (const [made, wait] of WAITS.entries()) {
    now += wait;
    await sender.later(now, at.id);
    // The next event comes as soon as the last attempt has failed.
    await tried(at, made + 2 + (made === WAITS.length - 1 ? 1 : 0));
  }
  const [letter] = await letters(at);
  const [first] = at.arrived();
  assert.deepEqual([letter.event, letter.type, letter.key, letter.tenant], [first.id, "key.created", key.id, "dead"]);
  assert.deepEqual([letter.attempts, letter.last_status, letter.reason], [10, 500, "attempts_failed"]);
  assert.equal(new Set(at.arrived().slice(0, 10).map(({ id }) => id)).size, 1, "ten attempts, one id");
  assert.equal(at.arrived()[10].body.type, "key.updated");
  // Sent again on demand, then discarded.
  const redrive = `${at.path}/dead-letters/${letter.event}/redrive`;
  assert.equal((await rig.manage("POST", redrive)).status, 200);
  await tried(at, 12);
  assert.deepEqual(await letters(at), []);
  receiver.answer = () => 204;
  await sender.later(now + WAITS[0], at.id);
  await tried(at, 13);
  const delivered = (await attempts(at, `?event=${letter.event}`))[0];
  assert.equal(delivered.outcome, "delivered");
  assert.equal(at.arrived().at(-1).id, letter.event);
  assert.equal((await rig.manage("POST", redrive)).code, "DEAD_LETTER_NOT_FOUND");
});

test("an endpoint that says it is gone is disabled, the others hear of it once, and its events are dead letters until it is active again", async () => {
  const [gone, other, all] = [await endpoint("gone"), await endpoint("gone-other", "gone"), await endpoint("gone-all", null, { types: ["endpoint.disabled"] })];
  receiver.answer = ({ path }) => (path === "/gone" ? 410 : 204);
  await rig.create("gone");
  await becomes(gone, { status: "disabled", dead_letters: 1, waiting: 0 });
  const { attempts: [last] } = (await rig.manage("GET", `${gone.path}/attempts`)).body;
  assert.deepEqual([last.status, last.next_attempt_at], [410, null]);
  const told = (await eventually(() => (assert.ok(types(other.arrived()).includes("endpoint.disabled")), other.arrived()))).find(({ body }) => body.type === "endpoint.disabled");
  assert.deepEqual(told.body.data, { tenant: "gone", endpoint: { id: gone.id, url: `${receiver.url("")}/…` } });
  const [everywhere] = await arrives(all, 1);
  assert.deepEqual([everywhere.id, everywhere.text], [told.id, told.text]);
  await rig.create("gone");
  await becomes(gone, { dead_letters: 2 });
  assert.deepEqual((await letters(gone)).map(({ reason, attempts }) => [reason, attempts]), [["endpoint_disabled", 0], ["endpoint_disabled", 1]]);
  const [{ event }] = await letters(gone);
  for (const which of ["redrive", `${event}/redrive`]) {
    const refused = await rig.manage("POST", `${gone.path}/dead-letters/${which}`);
    assert.deepEqual([refused.status, refused.code], [409, "ENDPOINT_DISABLED"], which);
  }
  assert.equal((await letters(gone)).length, 2);
  // Another change leaves it disabled.
  await patch(gone, { description: "of before" });
  await rig.manage("POST", `${gone.path}/secret/rotate`, {});
  await becomes(gone, { status: "disabled" });
  await sender.alarm("EVENT_ENDPOINT", gone.id);
  receiver.answer = () => 204;
  await patch(gone, { status: "active" });
  await becomes(gone, { status: "active" });
  assert.equal((await rig.manage("POST", `${gone.path}/dead-letters/redrive`)).body.redriven, 2);
  await arrives(gone, 3);
  assert.equal(types(other.arrived()).filter((type) => type === "endpoint.disabled").length, 1, "one disabling, one event");
  await rig.manage("DELETE", all.path);
});

test("what is asked right after a change of an endpoint finds the change", async () => {
  // Nothing comes of any alarm.
  await rig.senderHandle("__fail", "DELETE FROM seen WHERE at");
  try {
    for (const tenant of ["prompt", null]) {
      const at = await endpoint("prompt", tenant);
      assert.equal((await rig.manage("POST", `${at.path}/test`)).body.outcome, "delivered");
      const letter = `evt_${"0".repeat(20)}`;
      await sender.sql("EVENT_ENDPOINT", at.id, "UPDATE own SET state = json_set(state, '$.health.disabled_at', 1)");
      await sender.sql("EVENT_ENDPOINT", at.id, `INSERT INTO dead_letters
        (event, lane, numbered, received_at, attempts, reason, buried_at)
        VALUES ('${letter}', '', '{"id":"${letter}","type":"key.created","body":"{}"}', 0, 0, 'endpoint_disabled', ${Date.now()})`);
      const redrive = () => rig.manage("POST", `${at.path}/dead-letters/${letter}/redrive`);
      assert.equal((await redrive()).code, "ENDPOINT_DISABLED");
      assert.equal((await patch(at, { status: "active" })).status, "active");
      const { status, body } = await redrive();
      assert.deepEqual([status, body.status], [200, "queued"]);
      await rig.manage("DELETE", at.path);
    }
  } finally {
    await rig.senderHandle("__fail", null);
  }
});

test("five days of failures alone disable an endpoint", async () => {
  const [at, other] = [await endpoint("days"), await endpoint("days-other", "days", { types: ["endpoint.disabled"] })];
  receiver.answer = ({ path }) => (path === "/days" ? 503 : 204);
  await rig.create("days");
  await tried(at, 1);
  await sender.later(1.9 * DAY, at.id);
  await tried(at, 2);
  await sender.later(3.8 * DAY, at.id);
  await rig.create("days");
  await tried(at, 4);
  await becomes(at, { status: "active" });
  await sender.later(5 * DAY + MINUTE, at.id);
  const shown = await becomes(at, { status: "disabled", waiting: 0, dead_letters: 2 });
  assert.ok(Date.parse(shown.disabled_at) - Date.parse(shown.failing_since) >= 5 * DAY);
  await arrives(other, 1);
});

test("a failure after days in which nothing was sent disables no endpoint", async () => {
  const at = await endpoint("quiet");
  receiver.answer = () => 503;
  await rig.create("quiet");
  await tried(at, 1);
  await sender.later(6 * DAY, at.id);
  await tried(at, 2);
  const { failing_since } = await becomes(at, { status: "active", waiting: 1 });
  assert.ok(Date.parse(failing_since) > Date.now() + 5 * DAY, failing_since);
  // A pause begins the time of failures anew, too.
  await patch(at, { status: "paused" });
  await patch(at, { status: "active" });
  await becomes(at, { status: "active", failing_since: null });
});

test("a paused endpoint keeps its events for three days, and sends them when it is active", async () => {
  const at = await endpoint("paused");
  await patch(at, { status: "paused" });
  await rig.create("paused");
  await becomes(at, { status: "paused", waiting: 1 });
  assert.deepEqual(at.arrived(), []);
  await sender.later(2 * DAY);
  await rig.create("paused");
  await becomes(at, { waiting: 2 });
  await sender.later(3 * DAY + MINUTE, at.id);
  await becomes(at, { waiting: 1, dead_letters: 1 });
  assert.equal((await letters(at))[0].reason, "paused_too_long");
  // It sleeps until the next event has waited for three days.
  const due = (await rig.senderHandle(`__object/EVENT_ENDPOINT/${at.id}/__alarm_at`)).body;
  assert.ok(due > Date.now() + 1.9 * DAY, new Date(due).toISOString());
  await patch(at, { status: "active" });
  await arrives(at, 1);
  assert.equal((await rig.manage("POST", `${at.path}/dead-letters/redrive`)).body.redriven, 1);
  await arrives(at, 2);
});

test("more events than may wait are dead letters, of which the oldest go", async () => {
  const at = await endpoint("full");
  await patch(at, { status: "paused" });
  await wait(at, 9_999);
  await rig.create("full");
  await becomes(at, { waiting: 10_000, dead_letters: 0 });
  await rig.create("full");
  await becomes(at, { waiting: 10_000, dead_letters: 1 });
  assert.equal((await letters(at))[0].reason, "too_many_waiting");
  await sender.later(3 * DAY + MINUTE, at.id);
  await becomes(at, { waiting: 0, dead_letters: 10_000 });
  const first = await sender.sql("EVENT_ENDPOINT", at.id, "SELECT event FROM dead_letters WHERE reason = 'too_many_waiting'");
  assert.deepEqual(first, [], "the one that was buried first");
  const { body } = await rig.manage("GET", `${at.path}/dead-letters?limit=100`);
  assert.equal(body.dead_letters.length, 100);
  await sender.later(34 * DAY, at.id);
  await becomes(at, { dead_letters: 0 });
});

test("more events than dead letters are kept are not dropped without a word", async () => {
  const at = await endpoint("many-dropped");
  await patch(at, { status: "paused" });
  await becomes(at, { status: "paused" });
  await wait(at, 10_007);
  await sender.later(3 * DAY + MINUTE, at.id);
  await becomes(at, { waiting: 0, dead_letters: 10_000 });
  assert.match(JSON.stringify(rig.server.getLogs()), /dead_letters_dropped[^}]*letters\W+7\b/);
});

test("a test is sent once, also to a paused endpoint, and shows its outcome", async () => {
  const at = await endpoint("tested", "tested", { types: ["key.revoked"] });
  await patch(at, { status: "paused" });
  receiver.answer = () => 418;
  const { status, body } = await rig.manage("POST", `${at.path}/test`);
  assert.deepEqual([status, body.type, body.status, body.outcome, body.next_attempt_at], [200, "endpoint.test", 418, "refused", null]);
  const [arrival] = at.arrived();
  assert.deepEqual([arrival.id, arrival.body.type, arrival.body.data.endpoint.id], [body.event, "endpoint.test", at.id]);
  assert.deepEqual(signers(arrival, [at.secret]), [0]);
  assert.equal((await attempts(at))[0].event, body.event);
  await sender.later(DAY, at.id);
  assert.equal(at.arrived().length, 1);
});

test("an endpoint that was deleted gets nothing more, and nothing is left of it", async () => {
  const at = await endpoint("deleted");
  receiver.answer = () => 500;
  await rig.create("deleted");
  await tried(at, 1);
  await rig.manage("DELETE", at.path);
  await eventually(async () => assert.deepEqual(await sender.sql("EVENT_ENDPOINT", at.id, "SELECT numbered FROM queue"), []));
  // Terms that were on their way come too late.
  const [{ state }] = await sender.sql("EVENT_ENDPOINT", at.id, "SELECT state FROM own");
  assert.equal(state.includes(receiver.url("")), false);
  receiver.answer = () => 204;
  await rig.create("deleted");
  await sender.later(HOUR, at.id);
  assert.equal(at.arrived().length, 1);
  // Events that are handed over all the same are dropped, and the log says so.
  const event = { id: `evt_${"7".repeat(20)}`, type: "key.created", body: "{}" };
  await rig.senderHandle(`__object/EVENT_ENDPOINT/${at.id}/deliver`, { events: [event] });
  assert.match(JSON.stringify(rig.server.getLogs()), new RegExp(`${at.id}[^}]*events_dropped`));
});
