// Long bodies of webhooks: they share an isolate's room, which those that stop coming lose to others. Each is held
// twice at most, and stored for each of several upstreams.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import http from "node:http";
import net from "node:net";
import { after, afterEach, before, test } from "node:test";

import { inRoot } from "../../../scripts/tools.mjs";
import { eventually, sleep, startRig } from "../../support/rig.mjs";
import { MIB } from "../../support/runtime_memory.mjs";
import { secret, standard } from "../../support/standard_webhooks.mjs";

/** The longest body of the source. An isolate has room for 32 MiB of them. */
const LONGEST = 20 * MIB;
/** Longer than a body may take for a part of its room. */
const STALLED_MS = 3_000;
/** Longer than a block of SHA-256. */
const LONG_SECRET = `whsec_${Buffer.alloc(96, "long").toString("base64")}`;
const TAKEN = /^HTTP\/1\.1 20\d /;
const REFUSED = /^HTTP\/1\.1 503 [^]*Retry-After: \d/i;

/** The upstream: by path, the length and the digest of each body that it got and of what its signature should cover. */
const upstream = http.createServer(async (request, response) => {
  const hash = createHash("sha256");
  const { "webhook-id": id, "webhook-timestamp": at, "webhook-signature": signature } = request.headers;
  const chunks = [];
  for await (const chunk of request) {
    hash.update(chunk);
    chunks.push(chunk);
  }
  const key = request.url === "/long-secret" ? LONG_SECRET : secret("events");
  const genuine = standard(Buffer.concat(chunks), { key, id, at })["webhook-signature"] === signature;
  taken.push({ path: request.url, digest: hash.digest("hex"), genuine });
  response.end();
});
const taken = [];

let rig;
before(async () => {
  await new Promise((listening) => upstream.listen(0, "127.0.0.1", listening));
  rig = await startRig({
    name: "webhook_long_bodies",
    toml: inRoot("tests", "fixtures", "webhook_long_bodies.toml"),
    settings: { "http://127.0.0.1:1": `http://127.0.0.1:${upstream.address().port}` },
    edges: { edge1: {} },
    hooks: { vars: { STANDARD_SECRET: secret("standard"), EVENTS_SECRET: secret("events"), LONG_SECRET } },
  });
});
after(async () => {
  await rig.close();
  upstream.closeAllConnections();
  upstream.close();
});

const senders = [];
afterEach(() => {
  senders.splice(0).forEach(({ close }) => close());
  taken.splice(0);
});

const digestOf = (body) => createHash("sha256").update(body).digest("hex");

/** A sender with a connection of its own, which announces this body, and sends as much of it as it is told. */
function sender(body, source = "direct") {
  const { hostname, port } = new URL(rig.url);
  const socket = net.connect(port, hostname).setNoDelay();
  let received = "";
  socket.on("data", (data) => (received += data)).on("error", () => {});
  const headers = { Host: "x", "Content-Length": body.length, ...standard(body) };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`POST /hooks/${source} HTTP/1.1\r\n${head.join("")}\r\n`);
  let sent = 0;
  const made = {
    send: (bytes) => new Promise((written) => socket.write(body.subarray(sent, (sent += bytes)), written)),
    received: () => received,
    close: () => socket.destroy(),
  };
  senders.push(made);
  return made;
}

let bodies = 0;
const body = (length = LONGEST) => Buffer.alloc(length, `${(bodies += 1)},`);

/** As long as two of them leave no room for the longest. */
const HALF = 14 * MIB;

/** Strangers who take the room, and stop. */
async function stalled() {
  const strangers = [sender(body(HALF)), sender(body(HALF))];
  await Promise.all(strangers.map(({ send }) => send(9 * MIB)));
  return strangers;
}

const answered = ({ received }, pattern, within = 20_000) =>
  eventually(() => assert.match(received(), pattern), { within });

test("bodies that stop coming lose their room to a genuine delivery, and their senders hear of it", async () => {
  const strangers = await stalled();
  await sleep(STALLED_MS);
  const genuine = sender(body());
  await genuine.send(LONGEST);
  await answered(genuine, TAKEN);
  for (const stranger of strangers) await answered(stranger, REFUSED, 2_000);
});

test("a short body that pauses keeps its place, since it takes no room", async () => {
  const [slow, long] = [body(10_000), body(HALF)];
  const short = sender(slow);
  await short.send(4_000);
  const strangers = await stalled();
  await sleep(STALLED_MS);
  const genuine = sender(long);
  await genuine.send(HALF);
  await answered(genuine, TAKEN);
  await short.send(6_000);
  await answered(short, TAKEN);
  assert.ok(strangers.length > 0);
});

test("a trickle does not keep the room", async () => {
  const strangers = await stalled();
  const trickle = setInterval(() => strangers.forEach(({ send }) => send(1)), 50);
  await sleep(STALLED_MS);
  const genuine = sender(body());
  await genuine.send(LONGEST);
  await answered(genuine, TAKEN);
  clearInterval(trickle);
});

test("a body that keeps pace keeps its room, whoever needs it", async () => {
  const [stranger, steady] = [sender(body(HALF)), sender(body(HALF))];
  await stranger.send(9 * MIB);
  let other;
  for (let sent = 1; sent < 14; sent += 1) {
    await steady.send(MIB);
    await sleep(STALLED_MS / 10);
    if (sent === 12) {
      other = sender(body(HALF));
      await other.send(HALF);
    }
  }
  await answered(other, TAKEN);
  await answered(stranger, REFUSED);
  await steady.send(MIB);
  await answered(steady, TAKEN);
});

test("a slow line keeps its room while nobody needs it", async () => {
  const slow = sender(body(MIB));
  await slow.send(MIB / 2);
  await sleep(2 * STALLED_MS);
  await slow.send(MIB / 2);
  await answered(slow, TAKEN);
});

test("a long body is signed again as a short one is, and handed on as it came", async () => {
  for (const [source, path] of [["direct", "/events"], ["long-secret", "/long-secret"]]) {
    for (const length of [0, 1, 1_000, 20_000, 300_000, LONGEST]) {
      const long = body(length);
      const from = sender(long, source);
      await from.send(length);
      await answered(from, TAKEN);
      assert.deepEqual(taken.splice(0), [{ path, digest: digestOf(long), genuine: true }], `${source}: ${length}`);
    }
  }
});

/** Delivers a body to a source. Returns the bytes of bodies that the worker held meanwhile, at most. */
async function held(source, long) {
  await rig.hooksHandle("__held", "begin");
  const from = sender(long, source);
  await from.send(long.length);
  await answered(from, TAKEN);
  return () => rig.hooksHandle("__held");
}

test("a body is in memory twice at most, from the socket to the upstream, the store and the queue", async () => {
  for (const source of ["direct", "kept", "queued"]) {
    const long = body();
    const most = await held(source, long);
    const paths = { direct: 1, kept: 1, queued: 3 }[source];
    await eventually(() => assert.equal(taken.length, paths), { within: 20_000 });
    assert.ok(taken.splice(0).every(({ digest, genuine }) => genuine && digest === digestOf(long)));
    await sleep(500);
    const { now, buffers, module } = await most();
    const times = (bytes) => (bytes / LONGEST).toFixed(2);
    console.log(`${source}: ${times(buffers)} bodies in buffers, ${times(module)} in the module's memory`);
    // While the buffer grows, its beginning is there twice, and the module has no copy yet.
    assert.ok(buffers <= 1.5 * LONGEST, `${source}: ${times(buffers)} bodies`);
    assert.ok(module <= 1.3 * LONGEST, `${source}: ${times(module)} bodies`);
    assert.equal(now, 0, `${source}: buffers are left`);
  }
});

test("a long body for three upstreams is stored for each within seconds, and gone when it is handed on", async () => {
  const long = body();
  const began = Date.now();
  const from = sender(long, "queued");
  await from.send(long.length);
  await answered(from, TAKEN);
  console.log(`queued for three upstreams after ${Date.now() - began} ms`);
  await eventually(() => assert.equal(taken.length, 3), { within: 20_000 });
  assert.deepEqual(taken.map(({ path }) => path).sort(), ["/audit", "/billing", "/events"]);
  assert.ok(taken.every(({ digest, genuine }) => genuine && digest === digestOf(long)));
});

test("what was stored for some upstreams is forgotten if the event was not queued", async () => {
  // The third call fails, so two upstreams have a part already.
  await rig.hooksHandle("__bodies", 2);
  const long = body(2 * MIB);
  const from = sender(long, "queued");
  await from.send(long.length);
  await answered(from, /^HTTP\/1\.1 503 /);
  const stored = await rig.hooksHandle("__bodies", "ok");
  assert.ok(stored.length >= 2, stored.join());
  for (const name of stored) {
    assert.deepEqual(await rig.hooksHandle(`__object/BODIES/${encodeURIComponent(name)}/__keys`), [], name);
  }
});
