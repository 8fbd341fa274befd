// Repeats: what is handed on again, under which id, and what isn't.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, afterEach, before, test } from "node:test";

import { inRoot } from "../../../scripts/tools.mjs";
import { startRig } from "../../support/rig.mjs";
import { refused, seconds, secret, standard } from "../../support/standard_webhooks.mjs";

const vars = {
  STANDARD_SECRET: secret("standard"),
  EVENTS_SECRET: secret("events"),
  GITHUB_SECRET: "github's secret",
  DROPBOX_SECRET: "dropbox's secret",
  TOKEN: "the token itself",
  ADYEN_KEY: "0a".repeat(32),
};
/** The answer to a claim of something new. */
const NEW = { claimed: "new", repeats: 0, same_bytes: false, number: 0 };

let rig;
before(async () => {
  const toml = inRoot("tests", "fixtures", "webhooks.toml");
  rig = await startRig({ name: "repeats", toml, edges: { edge1: {} }, hooks: { vars } });
});
after(() => rig.close());
afterEach(async () => {
  await rig.eventsAnswer({});
  await rig.hooksHandle("__clock", 0);
  await rig.events();
});

const hmac = (key, message, encoding = "hex") => createHmac("sha256", key).update(message).digest(encoding);

const post = (source, body, headers) => rig.edge("edge1", `/hooks/${source}`, { method: "POST", body, headers });

async function theOneEvent() {
  const events = await rig.events();
  assert.equal(events.length, 1);
  return events[0];
}

test("a repeated delivery is answered as such, and not handed on again", async () => {
  const headers = standard("{}", { id: "msg_repeated" });
  assert.equal((await post("standard", "{}", headers)).status, 200);
  await theOneEvent();
  const again = await post("standard", "{}", headers);
  assert.deepEqual([again.status, again.body], [200, { status: "duplicate" }]);
  // The sender's own retry is signed anew, under the same id.
  const retried = await post("standard", "{}", standard("{}", { id: "msg_repeated", at: seconds() + 1 }));
  assert.deepEqual([retried.status, retried.body], [200, { status: "duplicate" }]);
  assert.deepEqual(await rig.events(), []);
  // Another source's is another delivery.
  assert.equal((await post("nowhere", "{}", headers)).status, 502);
});

test("the same bytes under another id are handed on and marked", async () => {
  const body = '{"action":"opened"}';
  const headers = (id) => ({ "X-Hub-Signature-256": `sha256=${hmac(vars.GITHUB_SECRET, body)}`, "X-GitHub-Delivery": id });
  assert.equal((await post("github", body, { ...headers("one"), "X-GitHub-Event": "workflow_dispatch" })).status, 200);
  const first = await theOneEvent();
  assert.equal(first.headers["keystile-webhook-event-id"], "one");
  assert.ok(!("x-hub-signature-256" in first.headers));
  assert.ok(!("keystile-webhook-repeat" in first.headers));
  assert.equal((await post("github", body, { ...headers("two"), "Keystile-Webhook-Repeat": "no" })).status, 200);
  const second = await theOneEvent();
  assert.equal(second.headers["keystile-webhook-repeat"], "bytes");
  assert.notEqual(second.headers["webhook-id"], first.headers["webhook-id"]);
  for (const id of ["one", "two"]) {
    assert.deepEqual((await post("github", body, headers(id))).body, { status: "duplicate" }, "the sender repeats it");
  }
});

test("one id for two events of a second loses none of them", async () => {
  const ids = new Set();
  for (const body of ['{"order":1}', '{"order":2}']) {
    const proof = { "X-Hub-Signature-256": `sha256=${hmac(vars.GITHUB_SECRET, body)}`, "X-GitHub-Delivery": "same" };
    assert.equal((await post("github", body, proof)).status, 200);
    ids.add((await theOneEvent()).headers["webhook-id"]);
  }
  assert.equal(ids.size, 2);
});

test("two sources whose senders choose the same id get two ids", async () => {
  const headers = standard("{}", { id: "msg_of_both" });
  const ids = [];
  for (const source of ["standard", "standard-two"]) {
    assert.equal((await post(source, "{}", headers)).status, 200);
    ids.push((await theOneEvent()).headers["webhook-id"]);
  }
  assert.notEqual(ids[0], ids[1]);
});

test("without an id the same bytes are handed on each time, each under an id of its own, and marked", async () => {
  const body = '{"list_folder":{"accounts":["dbid:1"]}}';
  const headers = { "X-Dropbox-Signature": hmac(vars.DROPBOX_SECRET, body) };
  const send = () => post("dropbox", body, headers);
  const ids = [];
  for (let time = 0; time < 3; time += 1) {
    assert.equal((await send()).status, 200);
    const event = await theOneEvent();
    assert.equal(event.headers["keystile-webhook-repeat"], time === 0 ? undefined : "bytes");
    ids.push(event.headers["webhook-id"]);
  }
  assert.equal(new Set(ids).size, 3);
  // The upstream fails: the sender's next attempt is the same event, and has its id.
  await rig.eventsAnswer({ status: 503 });
  assert.equal((await send()).status, 503);
  const failed = await theOneEvent();
  await rig.eventsAnswer({});
  assert.equal((await send()).status, 200);
  const retried = await theOneEvent();
  assert.equal(retried.headers["webhook-id"], failed.headers["webhook-id"]);
  assert.ok(!ids.includes(retried.headers["webhook-id"]));
  // Two at once are two events.
  await rig.eventsAnswer({ wait: 300 });
  const both = await Promise.all([send(), send()]);
  assert.deepEqual(both.map(({ status }) => status), [200, 200]);
  const events = await rig.events();
  assert.equal(new Set(events.map((event) => event.headers["webhook-id"])).size, 2);
});

test("a source may refuse the same bytes, whatever their id", async () => {
  const body = '{"action":"closed"}';
  const headers = (id) => ({ "X-Hub-Signature-256": `sha256=${hmac(vars.GITHUB_SECRET, body)}`, "X-GitHub-Delivery": id });
  assert.equal((await post("github-strict", body, headers("one"))).status, 200);
  await theOneEvent();
  for (const id of ["one", "two"]) {
    assert.deepEqual((await post("github-strict", body, headers(id))).body, { status: "duplicate" });
  }
});

test("of two claims of the same bytes the one that fails gives its number to the next", async () => {
  const call = (path, by) =>
    rig.hooksHandle(`__object/DELIVERIES/dropbox%2F97/${path}`, { items: [[]], bytes: "b", by, remember_ms: 3_600_000 });
  const { number: first, ...rest } = await call("claim", "req_1");
  assert.deepEqual({ ...rest, number: 0 }, NEW);
  const numbered = (index) => ({ ...NEW, same_bytes: true, number: first + index });
  assert.deepEqual(await call("claim", "req_2"), numbered(1));
  await call("done", "req_2");
  await call("release", "req_1");
  assert.deepEqual(await call("claim", "req_3"), numbered(0));
  await call("done", "req_3");
  assert.deepEqual(await call("claim", "req_4"), numbered(2));
  await rig.hooksHandle("__clock", 61_000);
  assert.deepEqual(await call("claim", "req_5"), numbered(3), "its upstream may have what nobody came back for");
  // Once all is forgotten, numbers begin anew, and none comes again.
  await rig.hooksHandle("__clock", 3 * 3_600_000);
  const { number: later, same_bytes } = await call("claim", "req_6");
  assert.ok(later > first + 3 && !same_bytes);
});

test("a token that is sent as it is proves each delivery, and each is handed on", async () => {
  for (let time = 0; time < 2; time += 1) {
    assert.equal((await post("token", "{}", { "X-Token": vars.TOKEN })).status, 200);
    const event = await theOneEvent();
    assert.equal(event.headers["keystile-webhook-body-authenticated"], "false");
    assert.equal(event.headers["keystile-webhook-provider"], "own");
    assert.match(event.headers["webhook-id"], /^token_[\w-]{24}$/);
    assert.ok(!("x-token" in event.headers));
  }
  refused(await post("token", "{}", { "X-Token": "another" }), 401, "NO_MATCH");
});

test("genuine items of several batches make no new one", async () => {
  const item = (pspReference) => {
    const signature = hmac(Buffer.from(vars.ADYEN_KEY, "hex"), `${pspReference}:::::::`, "base64");
    return { NotificationRequestItem: { pspReference, additionalData: { hmacSignature: signature } } };
  };
  const send = (...references) => post("adyen", JSON.stringify({ live: "true", notificationItems: references.map(item) }));
  assert.equal((await send("one", "two")).status, 200);
  const batch = await theOneEvent();
  assert.equal((await send("three")).status, 200);
  const single = await theOneEvent();
  assert.notEqual(batch.headers["webhook-id"], single.headers["webhook-id"]);
  for (const again of [["two", "one"], ["one", "three"], ["three"], ["two", "two"]]) {
    assert.deepEqual((await send(...again)).body, { status: "duplicate" }, again.join());
  }
  assert.deepEqual(await rig.events(), []);
  assert.ok(!("keystile-webhook-repeats" in batch.headers));
  // Held up for those that were seen, a batch would take what is new with it.
  assert.equal((await send("four", "two", "one")).status, 200);
  assert.equal((await theOneEvent()).headers["keystile-webhook-repeats"], "2");
  assert.deepEqual((await send("four")).body, { status: "duplicate" });
  // An upstream that fails gives all of it back.
  await rig.eventsAnswer({ status: 503 });
  assert.equal((await send("five", "six")).status, 503);
  await rig.eventsAnswer({});
  await rig.events();
  assert.equal((await send("six")).status, 200);
  await rig.events();
  assert.equal((await send("five", "six")).status, 200);
  assert.equal((await theOneEvent()).headers["keystile-webhook-repeats"], "1");
});

test("of two at once one is handed on, and the other is told to come again", async () => {
  await rig.eventsAnswer({ wait: 500 });
  const headers = standard("{}", { id: "msg_at_once" });
  const answers = await Promise.all([post("standard", "{}", headers), post("standard", "{}", headers)]);
  const [taken, waits] = answers.toSorted((a, b) => a.status - b.status);
  assert.equal(taken.status, 200);
  refused(waits, 409, "IN_PROGRESS");
  const retryAfter = Number(waits.headers.get("retry-after"));
  assert.ok(retryAfter > 0 && retryAfter <= 60);
  await theOneEvent();
});

test("a claim that nobody came back for ends after a minute", async () => {
  const claim = (by) =>
    rig.hooksHandle("__object/DELIVERIES/standard%2F99/claim", { items: [["k"]], bytes: null, by, remember_ms: 3_600_000 });
  assert.deepEqual(await claim("req_1"), NEW);
  assert.equal((await claim("req_2")).claimed, "in_progress");
  await rig.hooksHandle("__clock", 61_000);
  assert.deepEqual(await claim("req_2"), NEW);
  // A request that came too late can't give back another's claim.
  await rig.hooksHandle("__object/DELIVERIES/standard%2F99/release", { items: [["k"]], bytes: null, by: "req_1", remember_ms: 1 });
  assert.equal((await claim("req_3")).claimed, "in_progress");
});

test("a delivery is remembered for as long as the source says, then its row goes", async () => {
  const object = "__object/DELIVERIES/standard%2F98";
  const question = { items: [["k"]], bytes: "b", by: "req_1", remember_ms: 72 * 3_600_000 };
  const rows = () => rig.hooksHandle(`${object}/__sql`, "SELECT key FROM deliveries UNION SELECT bytes FROM same_bytes");
  await rig.hooksHandle(`${object}/claim`, question);
  await rig.hooksHandle(`${object}/done`, question);
  assert.deepEqual(await rig.hooksHandle(`${object}/claim`, question), { claimed: "seen" });
  assert.ok((await rig.hooksHandle(`${object}/__alarm_at`)) > Date.now());
  await rig.hooksHandle("__clock", 71 * 3_600_000);
  await rig.hooksHandle(`${object}/__alarm`);
  assert.deepEqual(await rows(), [{ key: "b" }, { key: "k" }]);
  assert.deepEqual(await rig.hooksHandle(`${object}/claim`, question), { claimed: "seen" });
  await rig.hooksHandle("__clock", 73 * 3_600_000);
  await rig.hooksHandle(`${object}/__alarm`);
  assert.deepEqual(await rows(), []);
  assert.deepEqual(await rig.hooksHandle(`${object}/claim`, question), NEW);
});
