// What deliveries and questions about them cost the receiver: time and memory in proportion to their bytes, whatever a
// stranger puts into them. docs/reference/limits.md states the bounds.

import assert from "node:assert/strict";
import http from "node:http";
import { after, before, describe, test } from "node:test";

import { inRoot } from "../../../scripts/tools.mjs";
import { longestWait } from "../../support/longest_wait.mjs";
import { ROOT_KEY, eventually, sleep, startRig } from "../../support/rig.mjs";
import { MIB, runtimeCpu, runtimeMemory } from "../../support/runtime_memory.mjs";
import { seconds, secret, standard } from "../../support/standard_webhooks.mjs";

/** The longest body of these sources, unless they say otherwise. */
const LONGEST = MIB;
/** The time that another caller waits for one of the bodies below, milliseconds; the machine may have other work. */
const WAIT_MS = 1_000;
/** Processor time of one of the bodies below, or of one question at the limit of its work, milliseconds. */
const CPU_MS = 150;
/** Memory that the runtime takes more after all of them. */
const GROWN = 48 * MIB;

/** The upstream: it answers when the test says. */
const waiting = [];
let prompt = true;
const upstream = http.createServer(async (request, response) => {
  for await (const _ of request);
  if (prompt) return response.end();
  waiting.push(response);
});

let rig;
before(async () => {
  await new Promise((listening) => upstream.listen(0, "127.0.0.1", listening));
  rig = await startRig({
    name: "webhook_cost",
    toml: inRoot("tests", "fixtures", "webhook_cost.toml"),
    settings: { "http://127.0.0.1:1": `http://127.0.0.1:${upstream.address().port}` },
    edges: { edge1: {} },
    hooks: {
      vars: {
        STANDARD_SECRET: secret("standard"),
        EVENTS_SECRET: secret("events"),
        PUBLIC_KEY: "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=",
        HEX_KEY: "0a".repeat(32),
      },
    },
  });
});
after(async () => {
  await rig.close();
  upstream.closeAllConnections();
  upstream.close();
});

const post = (source, body, headers = {}) => rig.edge("edge1", `/hooks/${source}`, { method: "POST", body, headers });

/** Another caller, whom the receiver answers at once. */
const other = () => post("nobody", "{}");

/** Does it a few times, and holds what it costs against the bounds. Returns the answer. */
async function costs(what, act) {
  const answer = await act();
  const cpu = await leastCpu(act);
  const wait = await longestWait(act(), other);
  console.log(`${what}: ${answer.status} ${answer.code ?? ""}, ${cpu} ms of the processor, a wait of ${wait.toFixed(0)} ms`);
  assert.ok(answer.status < 500, `${what}: ${answer.text}`);
  assert.ok(cpu < CPU_MS, `${what}: ${cpu} ms of the processor`);
  assert.ok(wait < WAIT_MS, `${what}: another caller waited for ${wait.toFixed(0)} ms`);
  return answer;
}

/** The least that one of three cost: the runtime's other work, such as collecting garbage, only ever adds to it. */
async function leastCpu(act) {
  let least = Infinity;
  for (let time = 0; time < 3; time += 1) {
    const began = runtimeCpu();
    await act();
    least = Math.min(least, runtimeCpu() - began);
  }
  return least;
}

const fill = (before, item, after, length = LONGEST) => before + item.repeat(Math.floor((length - before.length - after.length) / item.length)) + after;
const list = (count, of, separator) => Array.from({ length: count }, (_, index) => of(index)).join(separator);
const signatures = (count, prefix, length) => list(count, (index) => prefix + Buffer.alloc(length, index).toString("base64"), " ");
const item = `{"NotificationRequestItem":{"additionalData":{"hmacSignature":"${Buffer.alloc(32).toString("base64")}"},"pspReference":"x"}}`;
const JSON_SHAPES = {
  "deep lists": fill("", "[", ""),
  "small values": fill('{"a":[', "0,", "0]}"),
  "many members": `{${list(90_000, (index) => `"a${index}":0`, ",")}}`,
  "escapes in a value": fill('{"a":"', "\\u0041", '"}'),
  "escapes in a name": fill('{"', "\\u0041", '":0}'),
  "white space": fill("", " ", "{}"),
};
const FORM = { "Content-Type": "application/x-www-form-urlencoded", "x-twilio-signature": Buffer.alloc(20).toString("base64") };
const MULTIPART = { "Content-Type": "multipart/form-data; boundary=x" };
const id = () => ({ "webhook-id": "msg_1", "webhook-timestamp": String(seconds()) });
/** By name: the source, the body and the headers of a stranger's delivery. */
const FORGED = {
  "one signature": () => ["direct", "x".repeat(LONGEST), { ...id(), "webhook-signature": signatures(1, "v1,", 32) }],
  "90 signatures": () => ["direct", "x".repeat(LONGEST), { ...id(), "webhook-signature": signatures(90, "v1,", 32) }],
  "90 signatures, in mode queue": () => ["queued", "x".repeat(LONGEST), { ...id(), "webhook-signature": signatures(90, "v1,", 32) }],
  "60 signatures by a key pair": () => ["public-key", "x".repeat(LONGEST), { ...id(), "webhook-signature": signatures(60, "v1a,", 64) }],
  "90 signatures of two secrets": () => ["rotated", "x".repeat(LONGEST), { "stripe-signature": `t=${seconds()},${list(90, (index) => `v1=${Buffer.alloc(32, index).toString("hex")}`, ",")}` }],
  "200 headers": () => ["direct", "{}", { ...id(), ...Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`x-${index}`, "v"])) }],
  "a header of 20 KB": () => ["direct", "{}", { ...id(), "webhook-signature": "v1,".padEnd(20_000, "A ") }],
  "a batch of 1,000": () => ["batches", `{"notificationItems":[${list(1_000, () => item, ",")}]}`],
  "a batch of 100,000": () => ["batches", `{"notificationItems":[${list(100_000, () => "{}", ",")}]}`],
  "fields of a form": () => ["form-messages", fill("", "a=1&", ""), FORM],
  "escapes of a form": () => ["form-messages", fill("a=", "%41+", ""), FORM],
  "parts of a form": () => ["forms", `${fill("", '--x\r\nContent-Disposition: form-data; name="f"\r\n\r\nv\r\n', "--x--\r\n")}`, MULTIPART],
  ...Object.fromEntries(
    Object.entries(JSON_SHAPES).flatMap(([name, body]) => ["members", "handshakes"].map((source) => [`${name} for ${source}`, () => [source, body]])),
  ),
};

test("a stranger's delivery costs little more than its bytes", async () => {
  for (const make of Object.values(FORGED)) await post(...make());
  const memory = runtimeMemory();
  for (const [what, make] of Object.entries(FORGED)) await costs(what, () => post(...make()));
  const grown = runtimeMemory() - memory;
  console.log(`${(grown / MIB).toFixed(0)} MiB more after ${Object.keys(FORGED).length} of them`);
  assert.ok(grown < GROWN, `${(grown / MIB).toFixed(0)} MiB more`);
});

describe("a question at the limit of its work holds deliveries up for a moment:", () => {
  const ask = (question) =>
    rig.edge("edge1", "/keystile/v1/webhooks/verify", {
      key: ROOT_KEY,
      method: "POST",
      body: JSON.stringify({ ...question, body: Buffer.from(question.body).toString("base64") }),
      headers: { "Content-Type": "application/json" },
    });
  const scheme = { signature: "header:x", split: ",", algorithm: "hmac-sha256", encoding: "hex" };
  const two = ["00", "01"].map((byte) => byte.repeat(32)).join();
  const secrets = (count) => Array.from({ length: count }, (_, index) => `secret ${index}`);
  for (const [what, question] of Object.entries({
    "16 secrets": { scheme, secrets: secrets(16), headers: { x: two }, body: "x".repeat(1.45 * MIB) },
    "8 secrets, 2 messages": { scheme: { ...scheme, message: ["1{body}", "2{body}"] }, secrets: secrets(8), headers: { x: two }, body: "x".repeat(1.45 * MIB) },
    "40 members": {
      scheme: { ...scheme, message: list(40, (index) => `{json_or_empty:m${index}}`, "") },
      secrets: ["a"],
      headers: { x: two },
      body: fill('{"a":[', "0,", "0]}", 0.03 * MIB),
    },
    "the longest body": { scheme, secrets: ["a"], headers: { x: two }, body: "x".repeat(8 * MIB) },
  })) {
    test(what, async () => {
      await ask(question);
      const answer = await costs(what, () => ask(question));
      assert.equal(answer.body.code, "NO_MATCH", answer.text);
      // It is at the limit: half as much again is refused.
      if (what !== "the longest body") assert.equal((await ask({ ...question, body: question.body.replace(/^./s, (first) => first + " ".repeat(question.body.length / 2)) })).status, 422);
    });
  }
});

/** Sends a delivery over a connection of its own, until there is an answer. Returns its status, and when to retry. */
async function deliver(source, body) {
  const headers = { ...standard(body), "Content-Length": body.length };
  const request = http.request(new URL(`/hooks/${source}`, rig.url), { method: "POST", headers, agent: false });
  let answered = false;
  const answer = new Promise((resolve) => {
    request.on("response", (response) => {
      answered = true;
      response.resume();
      resolve([response.statusCode, response.headers["retry-after"]].filter(Boolean).join(" "));
    });
    request.on("error", () => {
      answered = true;
      resolve("hung up");
    });
  });
  for (let at = 0; at < body.length && !answered; at += MIB) {
    await new Promise((written) => request.write(body.subarray(at, at + MIB), written));
    await sleep(20);
  }
  if (!answered) request.end();
  return answer;
}

test("eight bodies of 20 MiB at once: as many as fit are handed on, the others are asked to come again", async () => {
  prompt = false;
  const bodies = Array.from({ length: 8 }, (_, index) => Buffer.alloc(20 * MIB, 97 + index));
  const memory = runtimeMemory();
  let peak = 0;
  let done = false;
  const watch = (async () => {
    for (; !done; await sleep(20)) peak = Math.max(peak, runtimeMemory());
  })();
  const answers = bodies.map((body) => deliver("direct", body));
  await eventually(() => assert.ok(waiting.length > 0, "none has arrived"), { within: 20_000 });
  await sleep(1_000);
  waiting.splice(0).forEach((response) => response.end());
  prompt = true;
  const statuses = await Promise.all(answers);
  done = true;
  await watch;
  console.log(`${statuses.join(", ")}: ${((peak - memory) / MIB).toFixed(0)} MiB more at most`);
  assert.ok(statuses.includes("200") && statuses.some((status) => status !== "200"), statuses.join());
  assert.ok(statuses.every((status) => ["200", "503 1"].includes(status)), statuses.join());
  // Each is taken when it comes again.
  for (const [index, body] of bodies.entries()) {
    if (statuses[index] !== "200") assert.equal(await deliver("direct", body), "200");
  }
});
