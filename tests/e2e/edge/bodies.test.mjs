// What a body costs: memory in proportion to its bytes, however small its chunks,
// and no more time than its deadline, wherever a worker reads one.

import assert from "node:assert/strict";
import net from "node:net";
import { after, before, describe, test } from "node:test";

import { EDGE_ENDPOINTS, EDGE_WITH_BODY, OPERATIONS_WITH_BODY, takesBody, targetOf } from "../../support/bodies.mjs";
import { eventually, ROOT_KEY, sleep, startRig, WITH_SOURCE } from "../../support/rig.mjs";
import { MIB, runtimeMemory } from "../../support/runtime_memory.mjs";

const SECRET = `whsec_${Buffer.alloc(24, 7).toString("base64")}`;
const STACKS = {
  edge: { edges: { edge1: {} }, settings: WITH_SOURCE, hooks: { vars: { STANDARD_SECRET: SECRET, EVENTS_SECRET: SECRET } } },
  manage: { edges: {}, hooks: {}, settings: { 'prefix = "knq"': 'prefix = "knq"\nallow_imported = ["sk_live_"]', ...WITH_SOURCE } },
};
/** Where bodies are read: by which worker's socket, and how. */
const PLACES = [
  { stack: "edge", method: "POST", target: "/hooks/queued" },
  ...EDGE_WITH_BODY.map((target) => ({ stack: "edge", method: "POST", target })),
  ...OPERATIONS_WITH_BODY.map((operation) => ({ stack: "manage", method: operation.method, target: targetOf(operation) })),
];

const rigs = {};
before(async () => {
  for (const [name, options] of Object.entries(STACKS)) rigs[name] = await startRig({ name: `bodies-${name}`, ...options });
});
after(() => Promise.all(Object.values(rigs).map((rig) => rig.close())));

/** A connection on which a body has begun in chunks. */
async function begun({ stack, method, target }, key = ROOT_KEY) {
  const { hostname, port } = new URL(rigs[stack].url);
  const socket = net.connect(port, hostname).setNoDelay();
  let received = "";
  socket.on("data", (data) => (received += data)).on("error", () => {});
  const headers = [
    ...["Host: x", "Transfer-Encoding: chunked", "Content-Type: application/json", "Sec-Fetch-Site: same-origin"],
    `Authorization: Bearer ${key}`,
  ];
  socket.write(`${method} ${target} HTTP/1.1\r\n${headers.join("\r\n")}\r\n\r\n`);
  return {
    send: (text) => new Promise((resolve) => socket.write(text, resolve)),
    received: () => received,
    close: () => socket.destroy(),
  };
}

test("an endpoint of the edge reads a body if, and only if, the tests of bodies try it", async () => {
  // Whoever reads this says that it is no JSON.
  const answerTo = ({ method, path }, key) =>
    rigs.edge.slowly(method, path, { key, headers: { "Content-Length": 1 } }).end("{");
  for (const endpoint of EDGE_ENDPOINTS) {
    const answers = [await answerTo(endpoint, ROOT_KEY), await answerTo(endpoint, (await rigs.edge.create()).key)];
    const name = `${endpoint.method} ${endpoint.path}`;
    assert.ok(answers.some(({ status }) => ![401, 403].includes(status)), `${name} lets neither operator nor key in`);
    const reads = answers.some(({ status, body }) => status === 400 && body?.code === "MALFORMED_JSON");
    assert.equal(reads, takesBody(endpoint), `${name}: see WITHOUT_BODY of tests/support/bodies.mjs`);
  }
});

describe("200,000 chunks of one byte are held in little memory:", () => {
  const held = async (place, chunks) => {
    const senders = [];
    for (let sender = 0; sender < 20; sender += 1) {
      senders.push(await begun(place));
      await senders.at(-1).send("1\r\n \r\n".repeat(chunks));
    }
    await sleep(300);
    const memory = runtimeMemory();
    senders.forEach(({ close }) => close());
    await sleep(300);
    return memory;
  };
  // The memory that as many requests take anyway.
  before(async () => {
    for (const stack of Object.keys(STACKS)) await held(PLACES.find((place) => place.stack === stack), 100);
  });
  for (const place of PLACES) {
    test(`${place.stack} ${place.method} ${place.target}`, async () => {
      const few = await held(place, 100);
      const grown = ((await held(place, 10_000)) - few) / MIB;
      console.log(`${place.target}: ${grown.toFixed(0)} MiB more for 200,000 chunks than for 2,000`);
      assert.ok(grown < 100, `${grown.toFixed(0)} MiB more`);
    });
  }
});

test("a body that doesn't come to its end is given up after 30 seconds, everywhere", async () => {
  const started = Date.now();
  await Promise.all(
    PLACES.map(async (place) => {
      const sender = await begun(place);
      await sender.send("1\r\n{\r\n");
      // Status and body may come one after the other.
      const answer = /HTTP\/1\.1 408[^]*"code":"BODY_TIMEOUT"/;
      await eventually(() => assert.match(sender.received(), answer, place.target), { within: 40_000 });
      assert.ok(Date.now() - started > 29_000, `${place.target} gave up early`);
      sender.close();
    }),
  );
});

test("a body is whole whatever its chunks, and too long a byte over the limit", async () => {
  const place = { stack: "manage", method: "POST", target: "/v1/tenants/acme/keys" };
  const body = JSON.stringify({ name: "in chunks", scopes: ["read:leads"] });
  for (const size of [1, 7, body.length]) {
    const sender = await begun(place);
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
