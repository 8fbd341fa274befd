// How events are delivered: signed, in order for each key, again after a failure. The receiver is a server on this
// machine, the workers are real.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { ALLOW_LOOPBACK, senderOf, signers, startReceiver } from "../../support/receiver.mjs";
import { eventually, sleep, startRig } from "../../support/rig.mjs";

const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000];
/** Longer than the wait after the first attempt, with its tenth. */
const AFTER_FIRST = 6 * SECOND;
const DEPLOYMENT = "/v1/event-endpoints";
const of = (tenant) => `/v1/tenants/${tenant}/event-endpoints`;

let rig, receiver, sender;
before(async () => {
  [rig, receiver] = await Promise.all([
    startRig({ name: "event-delivery", edges: {}, handles: true, settings: ALLOW_LOOPBACK }),
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

/** An endpoint whose path says its name. */
async function endpoint(name, tenant = name, fields = {}) {
  const list = tenant ? of(tenant) : DEPLOYMENT;
  const { body, text } = await rig.manage("POST", list, { url: receiver.url(`/${name}`), ...fields });
  assert.ok(body.id, text);
  return { ...body, path: `${list}/${body.id}`, arrived: () => receiver.at(`/${name}`) };
}
const path = (tenant, key, action = "") => `/v1/tenants/${tenant}/keys/${key.id}${action && `/${action}`}`;
const rename = (tenant, key, name) => rig.manage("PATCH", path(tenant, key), { name });
const attempts = async ({ path }) => (await rig.manage("GET", `${path}/attempts`)).body.attempts;
const types = (arrived) => arrived.map(({ body }) => body.type);
const arrives = (endpoint, count) =>
  eventually(() => (assert.equal(endpoint.arrived().length, count), endpoint.arrived()), { within: 20_000 });

test("a key's events arrive in order, signed, with what GET shows of the key", async () => {
  const at = await endpoint("signed");
  const key = await rig.create("signed", { metadata: { plan: "pro" } });
  await rename("signed", key, "another");
  await rig.manage("POST", path("signed", key, "revoke"), {});
  const arrived = await arrives(at, 3);
  assert.deepEqual(types(arrived), ["key.created", "key.updated", "key.revoked"]);
  assert.deepEqual(arrived.map(({ body }) => body.data.sequence), [1, 2, 3]);
  for (const arrival of arrived) {
    assert.deepEqual(signers(arrival, [at.secret]), [0]);
    assert.match(arrival.id, /^evt_[0-9A-Za-z]{20}$/);
    assert.equal(arrival.headers["content-type"], "application/json");
    assert.ok(Math.abs(Number(arrival.headers["webhook-timestamp"]) - arrival.at / 1_000) < 5);
    assert.equal(arrival.body.data.tenant, "signed");
  }
  const { body: shown } = await rig.manage("GET", path("signed", key));
  assert.deepEqual(arrived[2].body.data.key.revoked_at, shown.revoked_at);
  assert.deepEqual(arrived[0].body.data.key.metadata, { plan: "pro" });
  assert.equal(arrived[0].text.includes(key.key), false, "the text of a key is in no event");
  const altered = { ...arrived[0], text: arrived[0].text.replace("signed", "sIgned") };
  assert.deepEqual(signers(altered, [at.secret]), []);
});

test("signatures by Ed25519 verify with the public key", async () => {
  const at = await endpoint("pair", "pair", { signature: "v1a" });
  await rig.create("pair");
  const [arrival] = await arrives(at, 1);
  assert.match(arrival.headers["webhook-signature"], /^v1a,/);
  assert.deepEqual(signers(arrival, [at.public_key]), [0]);
});

test("a failed event is sent again under its id, freshly signed, and holds up the events of its key alone", async () => {
  const at = await endpoint("failing");
  const [bad, good] = [await rig.create("failing"), await rig.create("failing")];
  await arrives(at, 2);
  receiver.answer = ({ body }) => (body.data.key?.id === bad.id ? 500 : 204);
  await rename("failing", bad, "first");
  await rename("failing", bad, "second");
  await rename("failing", good, "other");
  await arrives(at, 4);
  await sleep(500);
  const [failed, next] = at.arrived().slice(2).sort((a) => (a.body.data.key.id === bad.id ? -1 : 1));
  assert.equal(at.arrived().length, 4, "the second change waits behind the first");
  assert.deepEqual([failed.body.data.key.name, next.body.data.key.name], ["first", "other"]);
  await sender.later(AFTER_FIRST, at.id);
  const again = (await arrives(at, 5))[4];
  assert.deepEqual([again.id, again.text], [failed.id, failed.text]);
  assert.notEqual(again.headers["webhook-timestamp"], failed.headers["webhook-timestamp"]);
  assert.deepEqual(signers(again, [at.secret]), [0]);
  receiver.answer = () => 204;
  await sender.later(AFTER_FIRST + 6 * MINUTE, at.id);
  const last = (await arrives(at, 7)).slice(5);
  assert.deepEqual(last.map(({ body }) => body.data.key.name), ["first", "second"]);
  const made = (await attempts(at)).filter(({ event }) => event === failed.id).reverse();
  assert.deepEqual(made.map(({ status, outcome }) => [status, outcome]), [[500, "refused"], [500, "refused"], [204, "delivered"]]);
  const wait = Date.parse(made[0].next_attempt_at) - Date.parse(made[0].at) - made[0].duration_ms;
  assert.ok(wait >= 4_500 && wait <= 5_500, `${wait} ms`);
  assert.equal(made[2].next_attempt_at, null);
});

test("a slow endpoint holds up no other, and has four requests at most", async () => {
  const [slow, fast] = [await endpoint("slow", "speeds"), await endpoint("fast", "speeds")];
  let release;
  const held = new Promise((resolve) => (release = resolve));
  receiver.most = 0;
  receiver.answer = ({ path }) => (path === "/slow" ? held.then(() => 204) : 204);
  for (let made = 0; made < 6; made += 1) await rig.create("speeds");
  await arrives(fast, 6);
  assert.equal(slow.arrived().length, 4);
  release();
  await arrives(slow, 6);
});

test("redirects are not followed, and a receiver says when it wants to be asked again", async () => {
  const at = await endpoint("answers");
  const elsewhere = receiver.url("/elsewhere");
  receiver.answer = ({ path }) => (path === "/answers" ? { status: 307, headers: { Location: elsewhere } } : 204);
  await rig.create("answers");
  await eventually(async () => assert.deepEqual((await attempts(at)).map(({ outcome, status }) => [outcome, status]), [["redirected", 307]]));
  assert.deepEqual(receiver.at("/elsewhere"), []);
  receiver.answer = () => ({ status: 503, headers: { "Retry-After": "7200" } });
  await sender.later(AFTER_FIRST, at.id);
  const waitOf = ({ at, next_attempt_at, duration_ms }) => Date.parse(next_attempt_at) - Date.parse(at) - duration_ms;
  assert.equal(waitOf((await attempts(at))[0]), 2 * HOUR);
  await sender.later(HOUR, at.id);
  assert.equal(at.arrived().length, 2);
  receiver.answer = () => ({ status: 429, headers: { "Retry-After": "1" } });
  await sender.later(2 * HOUR + AFTER_FIRST, at.id);
  const wait = waitOf((await attempts(at))[0]);
  assert.ok(wait >= 27 * MINUTE && wait <= 33 * MINUTE, "never sooner than the schedule");
});

test("of an answer 64 KiB are read at most, whatever it is, and nothing of it is kept", async () => {
  const at = await endpoint("long", "long");
  receiver.answer = () => ({ status: 200, body: "secret of theirs".repeat(1_000_000) });
  await rig.create("long");
  await eventually(async () => assert.equal((await attempts(at))[0]?.outcome, "delivered"));
  receiver.answer = () => ({ status: 500, body: "secret of theirs" });
  await rig.create("long");
  await eventually(async () => assert.equal((await attempts(at))[0]?.status, 500));
  for (const table of ["own", "queue", "attempts", "dead_letters", "seen"]) {
    const rows = await sender.sql("EVENT_ENDPOINT", at.id, `SELECT * FROM ${table}`);
    assert.equal(JSON.stringify(rows).includes("theirs"), false, table);
  }
});

test("an attempt ends after 15 seconds", async () => {
  const at = await endpoint("hanging");
  receiver.answer = () => ({ status: 204, wait: 60_000 });
  const key = await rig.create("hanging");
  await arrives(at, 1);
  await sleep(15_500);
  const [attempt] = await eventually(async () => (assert.equal((await attempts(at)).length, 1), attempts(at)));
  assert.deepEqual([attempt.outcome, attempt.status], ["timeout", null]);
  assert.ok(attempt.duration_ms >= 14_900 && attempt.duration_ms < 17_000, `${attempt.duration_ms} ms`);
  // The answer's head came in time, and that is what counts.
  receiver.answer = () => ({ status: 204 });
  await sender.later(AFTER_FIRST + 16_000, at.id);
  await eventually(async () => assert.equal((await attempts(at))[0].outcome, "delivered"));
  assert.ok(key.id);
});

test("an address that is refused is refused when it is set, and at each attempt", async () => {
  for (const url of ["https://10.0.0.1/", "http://127.0.0.2:8080/", "https://metadata.internal/", "https://[::ffff:7f00:1]/"]) {
    assert.equal((await rig.manage("POST", of("addresses"), { url })).status, 422, url);
  }
  const at = await endpoint("addresses");
  // As if it had been set under other rules.
  const set = "UPDATE own SET state = json_set(state, '$.terms.url', 'https://10.0.0.1/')";
  await sender.sql("EVENT_ENDPOINT", at.id, set);
  await rig.create("addresses");
  await eventually(async () => assert.equal((await attempts(at))[0]?.outcome, "forbidden_address"));
  assert.deepEqual(at.arrived(), []);
});

test("endpoints of the deployment get the events of all tenants, those of a tenant only their own, each the types it asks for", async () => {
  const all = await endpoint("everywhere", null);
  const revoked = await endpoint("revoked", null, { types: ["key.revoked"] });
  const [one, two] = [await endpoint("one"), await endpoint("two")];
  const key = await rig.create("one");
  await rig.create("two");
  await rig.manage("POST", path("one", key, "revoke"), {});
  const [[created], [other]] = [await arrives(one, 2), await arrives(two, 1)];
  assert.deepEqual(types(await arrives(revoked, 1)), ["key.revoked"]);
  const everywhere = await arrives(all, 3);
  assert.deepEqual(everywhere.map(({ id }) => id).sort(), [created.id, one.arrived()[1].id, other.id].sort());
  assert.deepEqual(signers(everywhere[0], [all.secret, one.secret]), [0]);
  assert.equal(everywhere.find(({ id }) => id === created.id).text, created.text);
  assert.ok(two.arrived().every(({ body }) => body.data.tenant === "two"));
  for (const { path } of [all, revoked]) assert.ok([200, 204].includes((await rig.manage("DELETE", path)).status));
});

test("a secret that was replaced signs beside the new one until its time", async () => {
  const at = await endpoint("rotated");
  const { body: rotated } = await rig.manage("POST", `${at.path}/secret/rotate`, { overlap_seconds: 3_600 });
  const both = [rotated.secret, at.secret];
  await rig.create("rotated");
  const [arrival] = await arrives(at, 1);
  assert.equal(arrival.headers["webhook-signature"].split(" ").length, 2);
  assert.deepEqual(signers(arrival, both), [0, 1]);
  await sender.later(HOUR + SECOND);
  await rig.create("rotated");
  assert.deepEqual(signers((await arrives(at, 2))[1], both), [0]);
});
