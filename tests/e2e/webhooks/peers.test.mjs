// Senders and upstreams of webhooks that are slow, or vanish: each event is
// handed on once, and what was not taken passes at the sender's next attempt.
// The upstream is a server of the test's own; what it does is what a test says.

import assert from "node:assert/strict";
import http from "node:http";
import { after, afterEach, before, test } from "node:test";

import { inRoot } from "../../../scripts/tools.mjs";
import { eventually, sleep, startRig } from "../../support/rig.mjs";
import { secret, standard } from "../../support/standard_webhooks.mjs";

/** What upstreams have here, and what they have in earnest. */
const PATIENCE_MS = 1_500;
const DEPLOYED_PATIENCE_MS = 25_000;
/** When a sender hangs up: the upstream has the event by then. */
const HANGS_UP_AFTER_MS = 500;
const BODY = '{"type":"paid"}';

/** The upstream: what it got so far, and what it does with a request. */
const upstream = http.createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  taken.push({ id: request.headers["keystile-webhook-event-id"], body: Buffer.concat(chunks).toString() });
  await does(response);
});
const taken = [];
const answer = (status) => (response) => response.writeHead(status).end();
const never = () => {};
const hangUp = (response) => response.destroy();
let does = answer(200);

let rig;
before(async () => {
  await new Promise((listening) => upstream.listen(0, "127.0.0.1", listening));
  rig = await startRig({
    name: "webhook_peers",
    toml: inRoot("tests", "fixtures", "webhook_peers.toml"),
    settings: { "http://127.0.0.1:1": `http://127.0.0.1:${upstream.address().port}` },
    edges: { edge1: {} },
    hooks: { vars: { STANDARD_SECRET: secret("standard"), EVENTS_SECRET: secret("events") } },
  });
});
after(async () => {
  await rig.close();
  upstream.closeAllConnections();
  upstream.close();
});
afterEach(async () => {
  does = answer(200);
  await rig.hooksHandle("__patience", null);
  taken.splice(0);
});

/** A delivery: its id, and its headers. */
function delivery() {
  const headers = standard(BODY);
  return { id: headers["webhook-id"], headers };
}

/** Sends it to the end, and waits for the answer. */
async function send({ headers }, source = "direct") {
  const begun = Date.now();
  const answered = await rig.edge("edge1", `/hooks/${source}`, { method: "POST", body: BODY, headers });
  return { ...answered, took: Date.now() - begun };
}

/** Begins to send it over a connection of its own, for the test to write to and to read from as slowly as it likes. */
function connection({ headers }) {
  const length = { "Content-Length": String(BODY.length) };
  const request = http.request(new URL("/hooks/direct", rig.url), { method: "POST", headers: { ...headers, ...length }, agent: false });
  request.on("error", () => {});
  return request;
}

/** Sends it and hangs up while the upstream is at it. */
async function sendAndVanish(sent) {
  const before = taken.length;
  const outcome = await rig.sendAndHangUp("/hooks/direct", { headers: sent.headers, body: BODY, after: HANGS_UP_AFTER_MS });
  assert.equal(outcome, "hung up");
  assert.equal(taken.length, before + 1);
}

/** What is remembered of deliveries: whether each is done, or claimed by a request. */
async function remembered() {
  const ask = (shard, sql) => rig.hooksHandle(`__object/DELIVERIES/direct%2F${shard}/__sql`, sql);
  const rowsOf = async (shard) => {
    // An object that was never asked has no table.
    const [table] = await ask(shard, "SELECT name FROM sqlite_schema WHERE name = 'deliveries'");
    return table ? ask(shard, "SELECT key, claimed_by FROM deliveries") : [];
  };
  const rows = (await Promise.all(Array.from({ length: 8 }, (_, shard) => rowsOf(shard)))).flat();
  return Object.fromEntries(rows.map(({ key, claimed_by }) => [key, claimed_by === null ? "done" : "claimed"]));
}

/** What is remembered of those that came since `before`. */
const since = async (before) => {
  const now = Object.entries(await remembered());
  return now.filter(([key]) => !(key in before)).map(([, state]) => state);
};

const isRefused = ({ status, code, text }) => assert.deepEqual([status, code], [502, "UPSTREAM_UNREACHABLE"], text);
const isTaken = ({ status, text }) => assert.deepEqual([status, text], [200, ""]);
const isDuplicate = ({ status, body, text }) => assert.deepEqual([status, body], [200, { status: "duplicate" }], text);
const ids = () => taken.map(({ id }) => id);

test("an upstream that does not answer in time is 502, and the sender's next attempt passes", async () => {
  const known = await remembered();
  await rig.hooksHandle("__patience", PATIENCE_MS);
  does = never;
  const sent = delivery();
  const first = await send(sent);
  isRefused(first);
  assert.ok(first.took >= PATIENCE_MS && first.took < PATIENCE_MS + 3_000, `${first.took} ms`);
  assert.equal(await rig.hooksHandle("__patience", null), DEPLOYED_PATIENCE_MS);
  assert.deepEqual(await since(known), [], "the claim was given back");

  does = answer(200);
  isTaken(await send(sent));
  isDuplicate(await send(sent));
  assert.deepEqual(taken, [{ id: sent.id, body: BODY }, { id: sent.id, body: BODY }]);
});

test("an upstream that is slow but in time has the event, once", async () => {
  await rig.hooksHandle("__patience", PATIENCE_MS);
  does = async (response) => {
    await sleep(PATIENCE_MS / 2);
    answer(200)(response);
  };
  const sent = delivery();
  isTaken(await send(sent));
  isDuplicate(await send(sent));
  assert.deepEqual(ids(), [sent.id]);
});

test("an upstream that hangs up without an answer has not taken the event, and the sender's next attempt passes", async () => {
  does = hangUp;
  const sent = delivery();
  // 502 where the worker itself connects. Here it does so through the harness, which makes this a 500.
  const { status } = await send(sent);
  assert.ok([500, 502].includes(status), `${status}`);
  does = answer(200);
  isTaken(await send(sent));
  isDuplicate(await send(sent));
});

test("an upstream that says 200 has the event, though the rest of its answer never comes", async () => {
  await rig.hooksHandle("__patience", PATIENCE_MS);
  for (const rest of [hangUp, never]) {
    does = (response) => {
      response.writeHead(200, { "Content-Length": "1000" }).write("the beginning");
      setTimeout(() => rest(response), 100);
    };
    const sent = delivery();
    const request = connection(sent);
    const begun = new Promise((resolve) => request.once("response", resolve));
    request.end(BODY);
    const response = await begun;
    assert.equal(response.statusCode, 200);
    isDuplicate(await send(sent));
    response.on("error", () => {});
    request.destroy();
    assert.deepEqual(ids(), [sent.id]);
    taken.splice(0);
  }
});

test("a sender that hangs up while the upstream is at it: the event is handed on once, and that is remembered", async () => {
  const known = await remembered();
  let finish;
  does = async (response) => {
    await new Promise((resolve) => (finish = resolve));
    answer(200)(response);
  };
  const sent = delivery();
  await sendAndVanish(sent);
  await sleep(500);
  assert.deepEqual(await since(known), ["claimed"]);
  const meanwhile = await send(sent);
  assert.deepEqual([meanwhile.status, meanwhile.code], [409, "IN_PROGRESS"]);
  finish();
  await eventually(async () => assert.deepEqual(await since(known), ["done"]));
  isDuplicate(await send(sent));
  assert.deepEqual(taken, [{ id: sent.id, body: BODY }]);
});

test("a sender that hangs up before the upstream refuses: its next attempt passes", async () => {
  const known = await remembered();
  does = async (response) => {
    await sleep(2 * HANGS_UP_AFTER_MS);
    answer(503)(response);
  };
  const sent = delivery();
  await sendAndVanish(sent);
  await eventually(async () => assert.deepEqual(await since(known), []));
  does = answer(200);
  isTaken(await send(sent));
  assert.deepEqual(ids(), [sent.id, sent.id]);
});

test("both vanish: the claim is given back, and the sender's next attempt passes", async () => {
  const known = await remembered();
  await rig.hooksHandle("__patience", PATIENCE_MS);
  does = never;
  const sent = delivery();
  await sendAndVanish(sent);
  assert.deepEqual(await since(known), ["claimed"]);
  await eventually(async () => assert.deepEqual(await since(known), []));
  does = answer(200);
  isTaken(await send(sent));
  isDuplicate(await send(sent));
});

test("a sender that vanishes in the middle of the body: nothing is handed on, and its next attempt passes", async () => {
  const known = await remembered();
  const sent = delivery();
  const half = { headers: sent.headers, body: BODY.slice(0, 5), stalls: true, after: HANGS_UP_AFTER_MS };
  assert.equal(await rig.sendAndHangUp("/hooks/direct", half), "hung up");
  await sleep(500);
  assert.deepEqual([taken, await since(known)], [[], []]);
  isTaken(await send(sent));
});

test("a sender that is slow is waited for", async () => {
  const request = connection(delivery());
  const answered = new Promise((resolve) => request.once("response", resolve));
  for (const character of BODY) {
    request.write(character);
    await sleep(50);
  }
  request.end();
  const response = await answered;
  response.resume();
  assert.equal(response.statusCode, 200);
  assert.deepEqual(taken.map(({ body }) => body), [BODY]);
});

test("in mode queue an upstream that does not answer in time is tried again", async () => {
  await rig.hooksHandle("__patience", PATIENCE_MS);
  does = never;
  const sent = delivery();
  const queued = await send(sent, "queued");
  assert.equal(queued.status, 202, queued.text);
  await eventually(() => assert.equal(taken.length, 1));
  does = answer(200);
  await eventually(() => assert.equal(taken.length, 2), { within: 15_000 });
  assert.deepEqual(ids(), [sent.id, sent.id]);
  isDuplicate(await send(sent, "queued"));
  await sleep(2_000);
  assert.equal(taken.length, 2);
});
