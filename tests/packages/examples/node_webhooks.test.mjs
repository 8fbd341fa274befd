// examples/node-webhooks: the server, and its script that sends to it.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { after, before, beforeEach, test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

import { install } from "./example.mjs";

const SECRETS = ["whsec_of_the_test", "whsec_that_it_replaces"];

let example, server, handle;
const handled = [];
before(async () => {
  example = install("node-webhooks");
  const { receiver } = await import(pathToFileURL(example.file("server.mjs")));
  server = receiver({ secrets: SECRETS, handle: (event) => handle(event) }).listen(0, "127.0.0.1");
  await once(server, "listening");
});
after(() => {
  server?.close();
  example?.remove();
});
beforeEach(() => {
  handled.length = 0;
  handle = (event) => handled.push(event.id);
});

async function post(body, { signed = body, secret = SECRETS[0], at = Date.now() / 1000, path = "/webhooks/stripe", method = "POST" } = {}) {
  const time = Math.floor(at);
  const signature = createHmac("sha256", secret).update(`${time}.${signed}`).digest("hex");
  const headers = { "Stripe-Signature": `t=${time},v1=${signature}` };
  const response = await fetch(`http://127.0.0.1:${server.address().port}${path}`, { method, headers, body });
  return [response.status, await response.text()];
}
const event = (id) => JSON.stringify({ id, type: "invoice.paid" });

test("a genuine event is handled, once", async () => {
  for (const secret of SECRETS) assert.deepEqual(await post(event("evt_once"), { secret }), [200, ""]);
  assert.deepEqual(handled, ["evt_once"]);
});

test("a forged one, an old one and one that another secret signed are refused, and not handled", async () => {
  assert.deepEqual(await post(event("evt_a"), { signed: event("evt_b") }), [401, "NO_MATCH"]);
  assert.deepEqual(await post(event("evt_a"), { secret: "whsec_of_nobody" }), [401, "NO_MATCH"]);
  assert.deepEqual(await post(event("evt_a"), { at: Date.now() / 1000 - 3600 }), [401, "TIMESTAMP_TOO_OLD"]);
  assert.deepEqual(handled, []);
});

test("what couldn't be handled is handled when it comes again", async (t) => {
  t.mock.method(console, "error", () => {});
  handle = () => {
    throw new Error("the database is down");
  };
  assert.deepEqual(await post(event("evt_again")), [500, ""]);
  handle = (event) => handled.push(event.id);
  assert.deepEqual(await post(event("evt_again")), [200, ""]);
  assert.deepEqual(handled, ["evt_again"]);
});

test("too long, another path, another method", async () => {
  assert.equal((await post("x".repeat(300_000)))[0], 413);
  assert.equal((await post(event("evt_c"), { path: "/" }))[0], 404);
  assert.equal((await post(event("evt_c"), { method: "PUT" }))[0], 405);
});

test("the script's delivery is taken, and its forged one is refused", async () => {
  const env = { ...process.env, PORT: String(server.address().port), STRIPE_WEBHOOK_SECRET: SECRETS[0] };
  const send = async (...args) => (await promisify(execFile)(process.execPath, [example.file("send.mjs"), ...args], { env })).stdout;
  assert.equal(await send("--forged"), "401 NO_MATCH\n");
  assert.equal(await send(), "200 \n");
  assert.deepEqual(handled, ["evt_1"]);
});
