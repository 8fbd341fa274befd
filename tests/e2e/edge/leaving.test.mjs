// A caller who leaves: the call of the upstream ends, too, whether it has answered or not.

import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { after, before, test } from "node:test";

import { inRoot } from "../../../scripts/tools.mjs";
import { eventually, startRig } from "../../support/rig.mjs";

let rig;
let upstream;
let key;
/** The calls that have come to the upstream, by path, and whether each has ended. */
const calls = new Map();

before(async () => {
  upstream = http.createServer((request, response) => {
    const call = { ended: false, finish: () => response.end("data: last\n\n") };
    calls.set(request.url, call);
    response.on("close", () => (call.ended = true));
    if (request.url === "/odd/silent") return;
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.write("data: first\n\n");
  });
  await once(upstream.listen(0, "127.0.0.1"), "listening");
  const settings = { 'service = "ODD"': `url = "http://127.0.0.1:${upstream.address().port}"` };
  const caller = {
    name: "caller",
    main: inRoot("tests", "support", "workers", "leaving_caller.js"),
    services: [{ binding: "EDGE", service: "edge1" }],
  };
  rig = await startRig({ name: "leaving", edges: { edge1: {} }, settings, services: [caller] });
  ({ key } = await rig.create());
});
after(async () => {
  upstream?.closeAllConnections();
  upstream?.close();
  await rig?.close();
});

/** Calls the edge, and leaves after this time. */
async function leave(path, after) {
  const body = JSON.stringify({ path, key, after });
  return (await rig.server.getWorker("caller").fetch("http://caller/", { method: "POST", body })).json();
}
const ended = (path) => eventually(() => assert.ok(calls.get(path).ended, "the upstream's call goes on"), { within: 5_000 });

test("before the upstream has answered", async () => {
  const left = leave("/odd/silent", 1_000);
  await eventually(() => assert.equal(calls.get("/odd/silent")?.ended, false));
  assert.deepEqual(await left, { came: "", left: true });
  await ended("/odd/silent");
});

test("while a stream of events comes; others' calls of the same upstream go on", async () => {
  const staying = leave("/odd/staying", 60_000);
  await eventually(() => assert.ok(calls.has("/odd/staying")));
  assert.deepEqual(await leave("/odd/leaving", 1_000), { came: "data: first\n\n", left: true });
  await ended("/odd/leaving");
  assert.ok(!calls.get("/odd/staying").ended);
  calls.get("/odd/staying").finish();
  assert.deepEqual(await staying, { came: "data: first\n\ndata: last\n\n", left: false });
});
