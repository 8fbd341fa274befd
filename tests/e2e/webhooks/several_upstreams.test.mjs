// Several upstreams of a source, chosen by an event's type, and two secrets to sign with at once.

import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { after, afterEach, before, test } from "node:test";

import { inRoot } from "../../../scripts/tools.mjs";
import { eventually, sleep, startRig } from "../../support/rig.mjs";
import { secret, standard } from "../../support/standard_webhooks.mjs";

const STANDARD = secret("standard");
const NEW = secret("new");
const OLD = secret("old");
const AUDIT = secret("audit");
const vars = {
  STANDARD_SECRET: STANDARD,
  EVENTS_NEW: NEW,
  EVENTS_OLD: OLD,
  AUDIT_SECRET: AUDIT,
  GITHUB_SECRET: "github's",
};

let rig;
before(async () => {
  const toml = inRoot("tests", "fixtures", "webhook_fanout.toml");
  rig = await startRig({ name: "several_upstreams", toml, edges: { edge1: {} }, hooks: { vars } });
});
after(() => rig.close());
afterEach(async () => {
  await rig.eventsAnswer({});
  await rig.hooksHandle("__queue", "ok");
  await rig.events();
});

const post = (source, body, headers) => rig.edge("edge1", `/hooks/${source}`, { method: "POST", body, headers });
const event = (type, more = {}) => JSON.stringify({ type, ...more });

const github = (type, body, id) =>
  post("direct", body, {
    "X-GitHub-Event": type,
    "X-GitHub-Delivery": id,
    "X-Hub-Signature-256": `sha256=${createHmac("sha256", vars.GITHUB_SECRET).update(body).digest("hex")}`,
  });

/** All that the upstreams got until there were `count` of it, by path. */
async function delivered(count) {
  const events = [];
  await eventually(
    async () => {
      events.push(...(await rig.events()));
      assert.ok(events.length >= count, `${events.length} of ${count} events`);
    },
    { within: 15_000 },
  );
  return events
    .map((event) => ({ ...event, body: Buffer.from(event.body, "base64") }))
    .sort((a, b) => (a.path < b.path ? 1 : -1));
}

/** Holds that the event is signed by these secrets, in their order. */
function isSigned({ body, headers }, ...keys) {
  const { "webhook-id": id, "webhook-timestamp": at, "webhook-signature": signature } = headers;
  assert.equal(signature, keys.map((key) => standard(body, { key, id, at })["webhook-signature"]).join(" "));
}

const LETTERS = "/v1/webhooks/fan/dead-letters";
const letters = async () => (await rig.manage("GET", LETTERS)).body.dead_letters;

async function theLetter() {
  return eventually(
    async () => {
      const [letter] = await letters();
      assert.ok(letter, "not dead yet");
      return letter;
    },
    { within: 30_000, every: 200 },
  );
}

test("each upstream that takes the type gets the event, once, signed with its secrets", async () => {
  const body = event("invoice.paid");
  const headers = standard(body);
  const answer = await post("fan", body, headers);
  assert.deepEqual([answer.status, answer.body], [202, { status: "queued" }], answer.text);
  const [billing, audit] = await delivered(2);
  assert.deepEqual([billing.path, audit.path], ["/billing", "/audit"]);
  isSigned(billing, NEW, OLD);
  isSigned(audit, AUDIT);
  assert.equal(billing.headers["webhook-id"], audit.headers["webhook-id"]);
  assert.equal(billing.headers["keystile-webhook-event-type"], "invoice.paid");
  assert.equal(audit.headers["keystile-webhook-event-type"], "invoice.paid");

  const again = await post("fan", body, headers);
  assert.deepEqual([again.status, again.body], [200, { status: "duplicate" }]);
  await sleep(1_500);
  assert.deepEqual(await rig.events(), []);
});

test("an event of another type, or of none, goes to the upstream that takes all", async () => {
  for (const body of [event("invoice"), event("Invoice.paid"), "no JSON", "{}"]) {
    assert.equal((await post("fan", body, standard(body))).status, 202);
    const events = await delivered(1);
    assert.deepEqual(events.map(({ path }) => path), ["/audit"], body);
  }
});

test("what one upstream never takes is a dead letter of its own, and sent again to that one alone", async () => {
  await rig.eventsAnswer({ paths: { "/billing": { status: 503 } } });
  const body = event("invoice.voided");
  assert.equal((await post("fan", body, standard(body))).status, 202);
  const letter = await theLetter();
  assert.deepEqual(
    [letter.upstream, letter.path, letter.event_type, letter.last_status],
    ["billing", "/billing", "invoice.voided", 503],
  );
  const paths = (await rig.events()).map(({ path }) => path);
  assert.deepEqual(paths.filter((path) => path === "/audit").length, 1);
  assert.deepEqual(paths.filter((path) => path === "/billing").length, letter.attempts);

  await rig.eventsAnswer({});
  assert.equal((await rig.manage("POST", `${LETTERS}/${letter.id}/redrive`)).status, 200);
  const [late] = await delivered(1);
  assert.deepEqual([late.path, late.headers["webhook-id"]], ["/billing", letter.webhook_id]);
  isSigned(late, NEW, OLD);
  await sleep(1_500);
  assert.deepEqual(await rig.events(), []);
  assert.deepEqual(await letters(), []);
});

test("each upstream has a delivery of its own in the list, and a replay goes to that one alone", async () => {
  await rig.eventsAnswer({ paths: { "/billing": { status: 503 } } });
  const headers = standard(event("invoice.late"));
  assert.equal((await post("fan", event("invoice.late"), headers)).status, 202);
  const letter = await theLetter();
  const list = `/v1/webhooks/fan/deliveries?event_id=${headers["webhook-id"]}`;
  const kept = await eventually(
    async () => {
      const { deliveries } = (await rig.manage("GET", list)).body;
      const outcomes = Object.fromEntries(deliveries.map(({ upstream, outcome }) => [upstream, outcome]));
      assert.deepEqual(outcomes, { "billing/billing": "dead", "audit/audit": "delivered" });
      assert.equal(deliveries.find(({ outcome }) => outcome === "dead").id, letter.id);
      return deliveries.find(({ body_kept_until }) => body_kept_until);
    },
    { within: 10_000 },
  );
  assert.equal(kept.upstream, "audit/audit");
  await rig.events();
  assert.equal((await rig.manage("POST", `/v1/webhooks/fan/deliveries/${kept.id}/replay`)).status, 200);
  const [again] = await delivered(1);
  assert.deepEqual([again.path, again.headers["keystile-webhook-replay"]], ["/audit", "operator"]);
  isSigned(again, AUDIT);
  assert.equal((await rig.manage("POST", `${LETTERS}/${letter.id}/discard`)).status, 200);
});

test("an event whose upstream was taken out of the file ends as a dead letter, and says why", async () => {
  const id = `dlv_${randomBytes(10).toString("hex")}`;
  const envelope = {
    id,
    source: "fan",
    webhook_id: "fan_1",
    event_id: null,
    timestamp: null,
    body_authenticated: true,
    received_at: Date.now(),
    request_id: "req_4bTzV9cXk07Hq2mN1pRs",
    headers: [],
    body: { inline: "" },
    upstream: { name: "gone", path: "/" },
  };
  await rig.hooksHandle("__object/DEAD_LETTERS/fan/bury", { envelope });
  assert.equal((await rig.manage("POST", `${LETTERS}/${id}/redrive`)).status, 200);
  const letter = await theLetter();
  assert.equal(letter.upstream, "gone");
  assert.match(letter.last_reason, /has this upstream no more/);
  assert.deepEqual(await rig.events(), []);
  assert.equal((await rig.manage("POST", `${LETTERS}/${id}/discard`)).status, 200);
});

test("an event that waited while the source had one upstream goes to that one, wherever the list has it", async () => {
  const envelope = {
    id: `dlv_${randomBytes(10).toString("hex")}`,
    source: "fan",
    webhook_id: "fan_2",
    event_id: null,
    timestamp: null,
    body_authenticated: true,
    received_at: Date.now(),
    request_id: "req_4bTzV9cXk07Hq2mN1pRs",
    headers: [],
    body: { inline: "" },
  };
  for (const [upstream, path] of [
    [{ name: "audit", path: "/audit", only: true }, "/audit"],
    // An earlier version named none.
    [undefined, "/billing"],
  ]) {
    await rig.hooksHandle("__object/DEAD_LETTERS/fan/bury", { envelope: { ...envelope, upstream } });
    assert.equal((await rig.manage("POST", `${LETTERS}/${envelope.id}/redrive`)).status, 200);
    const [event] = await delivered(1);
    assert.equal(event.path, path);
  }
});

test("all messages of an event are queued or none, and the sender's retry brings each once", async () => {
  for (const body of [event("invoice.sent"), event("invoice.sent", { pad: "x".repeat(200_000) })]) {
    await rig.hooksHandle("__queue", "down");
    const headers = standard(body);
    const refused = await post("fan", body, headers);
    assert.deepEqual([refused.status, refused.code], [503, "DEPENDENCY_UNAVAILABLE"]);
    await rig.hooksHandle("__queue", "ok");
    assert.equal((await post("fan", body, headers)).status, 202);
    const events = await delivered(2);
    assert.deepEqual(events.map(({ path }) => path), ["/billing", "/audit"]);
    for (const { body: got } of events) assert.equal(got.toString(), body);
    await sleep(1_500);
    assert.deepEqual(await rig.events(), []);
  }
});

test("in mode direct the type chooses the one upstream, and its answer is the sender's", async () => {
  await rig.eventsAnswer({ paths: { "/audit": { status: 418 }, "/billing": { status: 201 } } });
  assert.equal((await github("push", "{}", "1")).status, 201);
  assert.equal((await github("issues", "{}", "2")).status, 418);
  assert.equal((await github("Push Hook", "{}", "3")).status, 418, "a type may have spaces");
  const [push, ...others] = await delivered(3);
  assert.deepEqual([push, ...others].map(({ path }) => path), ["/billing", "/audit", "/audit"]);
  isSigned(push, NEW);
  const types = others.map(({ headers }) => headers["keystile-webhook-event-type"]);
  assert.deepEqual(types.sort(), ["Push Hook", "issues"]);
});

test("an event that no upstream takes is acknowledged, and not remembered", async () => {
  for (let time = 0; time < 2; time += 1) {
    const answer = await github("ping", '{"zen":"…"}', "4");
    assert.deepEqual([answer.status, answer.body], [200, { status: "ignored" }]);
  }
  assert.deepEqual(await rig.events(), []);
});

test("one of two signing secrets that is not set does not stop the other", async () => {
  const body = JSON.stringify({ type: "other", kind: "by.the.source" });
  assert.equal((await post("rotating", body, standard(body))).status, 200);
  const [event] = await delivered(1);
  isSigned(event, NEW);
  assert.equal(event.headers["keystile-webhook-event-type"], "by.the.source");
});

test("sources are listed with their upstreams and types", async () => {
  const { sources } = (await rig.manage("GET", "/v1/webhooks")).body;
  const fan = sources.find(({ source }) => source === "fan");
  assert.deepEqual(fan.upstreams, [
    { upstream: "billing", path: "/billing", types: ["invoice.*"] },
    { upstream: "audit", path: "/audit", types: [] },
  ]);
  assert.deepEqual([fan.event_type, fan.event_type_authenticated], ["json:type", true]);
  const direct = sources.find(({ source }) => source === "direct");
  assert.deepEqual([direct.event_type, direct.event_type_authenticated], ["header:x-github-event", false]);
  const rotating = sources.find(({ source }) => source === "rotating");
  assert.deepEqual(rotating.upstreams, [{ upstream: "billing", path: "/billing", types: [] }]);
  const verification = Object.fromEntries(sources.map(({ source, verification }) => [source, verification]));
  assert.deepEqual([verification.fan, verification.trial], ["enforce", "log-only"]);
});
