// What a body costs: memory in proportion to its bytes, however small its chunks,
// and no more time than its deadline, wherever a worker reads one.

import assert from "node:assert/strict";
import net from "node:net";
import { after, before, describe, test } from "node:test";

import { eventually, sleep, startRig, WITH_SOURCE } from "../../support/rig.mjs";
import { MIB, runtimeMemory } from "../../support/runtime_memory.mjs";

const SECRET = `whsec_${Buffer.alloc(24, 7).toString("base64")}`;
const STACKS = {
  edge: { edges: { edge1: {} }, settings: WITH_SOURCE, hooks: { vars: { STANDARD_SECRET: SECRET, EVENTS_SECRET: SECRET } } },
  manage: { edges: {}, settings: { 'prefix = "knq"': 'prefix = "knq"\nallow_imported = ["sk_live_"]' } },
};
/** Where bodies are read, and by which worker's socket. */
const PLACES = [
  ["edge", "/hooks/queued"],
  ["edge", "/keystile/v1/verify"],
  ["edge", "/keystile/v1/webhooks/verify"],
  ["manage", "/v1/tenants/acme/keys"],
  ["manage", "/v1/tenants/acme/keys/import"],
];

const rigs = {};
before(async () => {
  for (const [name, options] of Object.entries(STACKS)) rigs[name] = await startRig({ name: `bodies-${name}`, ...options });
});
after(() => Promise.all(Object.values(rigs).map((rig) => rig.close())));

const authorized = async (stack) => `Bearer ${(await rigs[stack].operator("*", ["verify", "keys:write"])).key}`;

/** A connection on which a body has begun in chunks. */
async function begun(stack, target, authorization) {
  const { hostname, port } = new URL(rigs[stack].url);
  const socket = net.connect(port, hostname).setNoDelay();
  let received = "";
  socket.on("data", (data) => (received += data)).on("error", () => {});
  const headers = ["Host: x", "Transfer-Encoding: chunked", "Content-Type: application/json", `Authorization: ${authorization}`];
  socket.write(`POST ${target} HTTP/1.1\r\n${headers.join("\r\n")}\r\n\r\n`);
  return {
    send: (text) => new Promise((resolve) => socket.write(text, resolve)),
    received: () => received,
    close: () => socket.destroy(),
  };
}

describe("200,000 chunks of one byte are held in little memory:", () => {
  for (const [stack, target] of PLACES) {
    test(`${stack} ${target}`, async () => {
      const authorization = await authorized(stack);
      const held = async (chunks) => {
        const senders = [];
        for (let sender = 0; sender < 20; sender += 1) {
          senders.push(await begun(stack, target, authorization));
          await senders.at(-1).send("1\r\n \r\n".repeat(chunks));
        }
        await sleep(500);
        const memory = runtimeMemory();
        senders.forEach(({ close }) => close());
        await sleep(500);
        return memory;
      };
      // The memory that as many requests take anyway.
      await held(100);
      const few = await held(100);
      const grown = ((await held(10_000)) - few) / MIB;
      console.log(`${target}: ${grown.toFixed(0)} MiB more for 200,000 chunks than for 2,000`);
      assert.ok(grown < 100, `${grown.toFixed(0)} MiB more`);
    });
  }
});

test("a body that doesn't come to its end is given up after 30 seconds, everywhere", async () => {
  const started = Date.now();
  await Promise.all(
    PLACES.map(async ([stack, target]) => {
      const sender = await begun(stack, target, await authorized(stack));
      await sender.send("1\r\n{\r\n");
      // Status and body may come one after the other.
      const answer = /HTTP\/1\.1 408[^]*"code":"BODY_TIMEOUT"/;
      await eventually(() => assert.match(sender.received(), answer, target), { within: 40_000 });
      assert.ok(Date.now() - started > 29_000, `${target} gave up early`);
      sender.close();
    }),
  );
});

test("a body is whole whatever its chunks, and too long a byte over the limit", async () => {
  const authorization = await authorized("manage");
  const body = JSON.stringify({ name: "in chunks", scopes: ["read:leads"] });
  for (const size of [1, 7, body.length]) {
    const sender = await begun("manage", "/v1/tenants/acme/keys", authorization);
    for (let at = 0; at < body.length; at += size) {
      const piece = body.slice(at, at + size);
      await sender.send(`${piece.length.toString(16)}\r\n${piece}\r\n`);
    }
    await sender.send("0\r\n\r\n");
    await eventually(() => assert.match(sender.received(), /HTTP\/1\.1 201/));
    sender.close();
  }
  const padded = (length) => body + " ".repeat(length - body.length);
  const post = (raw) =>
    rigs.manage.manage("POST", "/v1/tenants/acme/keys", undefined, { raw, headers: { "Content-Type": "application/json" } });
  assert.equal((await post(padded(65_536))).status, 201);
  assert.equal((await post(padded(65_537))).code, "BODY_TOO_LARGE");
});
