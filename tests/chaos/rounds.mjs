// Rounds of SIGKILL over the stack of `npm start`. In each round clients change keys and senders deliver webhooks,
// until the whole process group is killed at a moment of chance. The next start has to keep all that was acknowledged:
//
// - each acknowledged change of a key is there, and nothing else but what was being asked for at the kill;
// - the audit log has an entry for each version of each key;
// - edge and ledger agree on every key, those with a change in flight too, and revoked keys are refused at once;
// - each webhook that was acknowledged in mode `direct` had reached its upstream, and is a duplicate the next time;
// - each that was acknowledged in mode `queue` reaches its upstream or is a dead letter;
// - each version of each key comes to the endpoint of events, under one id, and those of a key in order.
//
// That of the queue has an exception that is the local runtime's own: its queues are in its memory, so events that wait for
// their batch at the kill are gone. On Cloudflare a queue is durable. So after a kill only events count that had had
// QUEUE_SETTLES_MS; the last burst ends without a kill, and all of it counts.

import assert from "node:assert/strict";
import { appendFileSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { inRoot } from "../../scripts/tools.mjs";
import { eventually } from "../support/rig.mjs";
import { prepareIn } from "../support/local_stack.mjs";
import { secret } from "../support/standard_webhooks.mjs";
import { Customers } from "./customers.mjs";
import { Events } from "./events.mjs";
import { Recorder, Senders } from "./senders.mjs";

const CLIENTS = 8;
/** A batch waits a second for more events, and a busy machine takes its time. */
const QUEUE_SETTLES_MS = 5_000;
const AGREE_MS = 30_000;

/** Runs the rounds in `home`. Returns what was counted; throws at the first broken promise. */
export async function chaos({ home, rounds, seconds, say = () => {} }) {
  const recorder = await Recorder.listen();
  const events = await Events.listen();
  appendFileSync(path.join(home, ".dev.vars"), `CHAOS_SENDER="${secret("chaos")}"\n`);
  const { start } = await prepareIn(home, configuration(recorder.url));
  const customers = new Customers();
  const senders = new Senders(recorder);
  let running = await start();
  try {
    await events.subscribe(apiOf(running.stack));
    for (let round = 1; round <= rounds; round += 1) {
      const api = apiOf(running.stack);
      const busy = burst(api, customers, senders);
      await delay(seconds * 1000 * (0.5 + Math.random() / 2));
      const killedAt = Date.now();
      await running.kill();
      busy.stop();
      await busy.ended;
      running = await start();
      await holds(apiOf(running.stack), customers, senders, events, killedAt - QUEUE_SETTLES_MS);
      say(`round ${round}: ${summary(customers, senders, events)}`);
    }
    const api = apiOf(running.stack);
    const busy = burst(api, customers, senders);
    await delay(seconds * 500);
    busy.stop();
    await busy.ended;
    senders.countFrom(Date.now() - seconds * 500);
    await holds(api, customers, senders, events, Infinity);
    say(`without a kill: ${summary(customers, senders, events)}`);
    return { ...customers.counts(), ...senders.counts(), ...events.counts() };
  } finally {
    await running.stop();
    recorder.close();
    await events.close();
  }
}

/** Clients and senders, one request at a time each, until told to stop or the stack is gone. */
function burst(api, customers, senders) {
  const going = { on: true };
  const ended = Promise.all([
    ...Array.from({ length: CLIENTS }, (_, client) => customers.work(api, client, going)),
    ...["direct", "queued"].map((source) => senders.work(api, source, going)),
  ]);
  return { stop: () => (going.on = false), ended };
}

async function holds(api, customers, senders, events, deliveredBefore) {
  await customers.refusesTheRevoked(api);
  await customers.kept(api);
  await customers.audited(api);
  await eventually(() => customers.agree(api), { within: AGREE_MS, every: 500 });
  await senders.directAreKnown(api);
  await eventually(() => senders.queuedArrived(api, deliveredBefore), { within: AGREE_MS, every: 500 });
  await eventually(() => events.came(customers.all()), { within: AGREE_MS, every: 500 });
}

const summary = (customers, senders, events) =>
  Object.entries({ ...customers.counts(), ...senders.counts(), ...events.counts() })
    .map(([what, count]) => `${count} ${what}`)
    .join(", ");

/** The demo's configuration, with imported keys and two sources whose events go to the recorder. */
function configuration(recorder) {
  const source = (name, more = "") =>
    `[[webhooks]]\nsource = "${name}"\nprovider = "standard-webhooks"\nsecrets = ["CHAOS_SENDER"]\n` +
    `upstream = "recorder"\nsigning_secret = "CHAOS_EVENTS"\n${more}`;
  const demo = readFileSync(inRoot("keystile.toml"), "utf8");
  return [
    demo.replace('prefix = "demo"', 'prefix = "demo"\nallow_imported = ["sk_chaos_"]'),
    `[[upstreams]]\nname = "recorder"\nurl = "${recorder}"\n`,
    "[events]\nallow_loopback = true\n",
    source("direct"),
    source("queued", 'mode = "queue"\nretry_seconds = 1\n'),
  ].join("\n");
}

/** Requests to the stack. An answer is {status, body}; without one, because the stack was killed, `undefined`. */
function apiOf({ edge, manage, root_key }) {
  const ask = async (url, { method = "GET", headers = {}, body } = {}) => {
    try {
      const answer = await fetch(url, { method, headers, body, signal: AbortSignal.timeout(20_000) });
      const text = await answer.text();
      const isJson = /^application\/(problem\+)?json/.test(answer.headers.get("content-type"));
      return { status: answer.status, body: isJson ? JSON.parse(text) : text };
    } catch {
      return undefined;
    }
  };
  const asRoot = { Authorization: `Bearer ${root_key}`, "Content-Type": "application/json" };
  const asJson = (body) => (body === undefined ? undefined : JSON.stringify(body));
  const must = async (asked) => {
    const answer = await asked;
    assert.ok(answer && answer.status < 300, `the restarted stack answers ${JSON.stringify(answer)}`);
    return answer.body;
  };
  const post = (url, headers, body) => ask(url, { method: "POST", headers, body });
  const manageApi = (method, target, body) =>
    ask(`${manage}${target}`, { method, headers: asRoot, body: asJson(body) });
  return {
    /** Changes something; the answer may be missing. */
    change: manageApi,
    /** Reads something of a stack that runs. */
    read: (target) => must(manageApi("GET", target)),
    verify: (key) => must(post(`${edge}/keystile/v1/verify`, asRoot, asJson({ key }))),
    deliver: (source, headers, body) =>
      post(`${edge}/hooks/${source}`, { ...headers, "Content-Type": "application/json" }, body),
  };
}
