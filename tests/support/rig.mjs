// A stack of real workers for one test file: two edges side by side, the management worker with its ledgers and feed,
// the worker of the limiters, that which sends events, and the demo upstream. Between feed, limiters and routers and
// their callers are shims that fail on command.
//
// Every part is the deployed one, in workerd; only faults are added. The workers are the crates' builds (`npm run
// build`). The configuration is tests/fixtures/keystile.toml with the changes of the test file.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { Readable } from "node:stream";

import { createTestHarness } from "wrangler";

import { buildConfig } from "../../scripts/build.mjs";
import { inRoot } from "../../scripts/tools.mjs";
import { checkAnswer } from "./contract.mjs";
import { stack } from "./stack.mjs";

export const SECRET = Buffer.alloc(32, 1).toString("base64");
/** A change of that configuration: a source of webhooks whose events are queued. */
const UPSTREAM = '[[upstreams]]\nname = "api"\nservice = "UPSTREAM"\n';
export const WITH_SOURCE = {
  [UPSTREAM]: `${UPSTREAM}
[[webhooks]]
source = "queued"
provider = "standard-webhooks"
secrets = ["STANDARD_SECRET"]
upstream = "api"
signing_secret = "EVENTS_SECRET"
mode = "queue"
`,
};
/** In place of the table `[edge]`: a rate limit and two quotas, which hold for every key. */
export const WITH_LIMITS = `
[[rate_limits]]
name = "per-second"
limit = 20
window_seconds = 1
[[quotas]]
name = "daily"
limit = 1000
period = "day"
[[quotas]]
name = "monthly"
limit = 1000
period = "month"
per = "tenant"
[limits]
rate_limits = ["per-second"]
quotas = ["daily", "monthly"]

[edge]`;
export const ROOT_KEY = "ksroot_" + "r".repeat(43);

/**
 * Starts a stack.
 *   name        the name of the test file, for its build directory
 *   toml        the configuration, by default tests/fixtures/keystile.toml
 *   settings    lines of it to replace: {"max_staleness_ms = 2000": "…"}
 *   secret      KEYSTILE_SECRET
 *   edges       {name: {kv: "shared" | "empty" | "stale" | "down" | "hang", handles: whether it is the edge of
 *               edge_with_handles.js, counts and points: whether it is that of edge_with_counts.js or edge_with_points.js, upstream: the worker behind
               UPSTREAM, by default the demo}}
 *   handles     whether the management worker is the one of manage_with_faults.js
 *   hooks       {vars}: adds the worker that receives webhooks, with these secrets
 *   services    more workers: their configurations, as wrangler's
 *   pages       whether the management worker serves the pages of build/www; it is the first worker then
 */
export async function startRig({ name, toml = inRoot("tests", "fixtures", "keystile.toml"), settings = {}, secret = SECRET, edges = { edge1: {}, edge2: {} }, handles = false, hooks, services, pages = false }) {
  const config = await configModule(name, toml, settings);
  const options = (secrets) => stack({ config, secret, rootKey: ROOT_KEY, edges, handles, hooks, services, pages, ...secrets });
  const server = createTestHarness(options({}));
  const { url } = await server.listen();
  return new Rig(server, url, Object.keys(edges), options);
}

class Rig {
  constructor(server, url, edges, options) {
    this.server = server;
    /** The address of the first worker: the management worker, if there are no edges or with `pages`. */
    this.url = url;
    this.edges = edges;
    this.options = options;
  }

  /** Restarts every worker, with another KEYSTILE_SECRET or KEYSTILE_ROOT_KEY: {secret, rootKey}. Storage stays. */
  async restart(secrets = {}) {
    await this.server.update(this.options(secrets));
  }

  close() {
    return this.server.close();
  }

  /** Sends a request to an edge. `key` is sent as Bearer. */
  async edge(name, target, { key, headers = {}, method = "GET", body, redirect = "manual" } = {}) {
    const sent = { ...headers };
    if (key !== undefined) sent.Authorization = `Bearer ${key}`;
    const response = await this.server
      .getWorker(name)
      .fetch(new URL(target, "http://edge.example"), { method, headers: sent, body, redirect });
    return read(response);
  }

  /**
   * Sends a request to the management API, as root unless another operator key is given. The answer must be in
   * docs/reference/openapi.json.
   */
  async manage(method, target, body, { key = ROOT_KEY, headers = {}, raw } = {}) {
    const sent = { ...headers };
    if (key !== null) sent.Authorization = `Bearer ${key}`;
    if (body !== undefined && !sent["Content-Type"]) sent["Content-Type"] = "application/json";
    const response = await this.server.getWorker("manage").fetch(new URL(target, "http://manage.example"), {
      method,
      headers: sent,
      body: raw ?? (body === undefined ? undefined : JSON.stringify(body)),
    });
    const answer = await read(response);
    checkAnswer(method, target, answer);
    return answer;
  }

  /**
   * Sends a request to the first worker over a socket and lets the test control the body: `write(text)` sends more of
   * it, `end(text)` the rest. `answer` is the response, which may come before that. An answer of the management worker
   * must be in docs/reference/openapi.json.
   */
  slowly(method, target, { key = ROOT_KEY, headers = {} } = {}) {
    const credential = key === null ? {} : { Authorization: `Bearer ${key}` };
    // Node sends a body of DELETE only if it is told so.
    const sent = { ...credential, "Content-Type": "application/json", "Transfer-Encoding": "chunked", ...headers };
    const outgoing = http.request(new URL(target, this.url), { method, headers: sent });
    const answer = new Promise((resolve, reject) => {
      outgoing.on("error", reject);
      const check = async (incoming) => {
        const body = Readable.toWeb(incoming);
        const answer = await read(new Response(body, { status: incoming.statusCode, headers: incoming.headers }));
        if (!this.edges.length) checkAnswer(method, target, answer);
        resolve(answer);
      };
      outgoing.on("response", (incoming) => check(incoming).catch(reject));
    });
    // An answer that is not awaited, or a worker that hung up, fails no test.
    answer.catch(() => {});
    return {
      answer,
      write: (text) => new Promise((resolve) => outgoing.write(text, resolve)),
      end: (text) => (outgoing.end(text), answer),
      abandon: () => outgoing.destroy(),
    };
  }

  /** Creates a key and returns the answer's body. */
  async create(tenant = "acme", fields = {}) {
    const answer = await this.manage("POST", `/v1/tenants/${tenant}/keys`, {
      name: "a key",
      scopes: ["read:leads"],
      ...fields,
    });
    assert.equal(answer.status, 201, answer.text);
    return answer.body;
  }

  /** Creates an operator's key. */
  async operator(tenant, scopes) {
    const answer = await this.manage("POST", "/v1/operators", { name: `${tenant} operator`, tenant, scopes });
    assert.equal(answer.status, 201, answer.text);
    return answer.body;
  }

  /** Sets the feed's behaviour for "edges", "relays" or "ledgers" from now on: "ok", "down", "hang", or {late: ms}. */
  async feed(whose, mode) {
    await this.#shim(`feed/${whose}`, { method: "PUT", body: JSON.stringify(mode) });
  }

  /** The number of calls of "edges", "relays" or "ledgers" to the feed so far, by path. */
  feedCalls(whose) {
    return this.#shim(`feed/${whose}`);
  }

  /** Sets the behaviour of all relays for edges from now on, like `feed`. */
  async relay(mode) {
    await this.#shim("relay/edges", { method: "PUT", body: JSON.stringify(mode) });
  }

  /** The number of calls of edges to relays so far, by path. */
  relayCalls() {
    return this.#shim("relay/edges");
  }

  /** Kills a relay, as the runtime may at any time: all that it knows is lost. */
  async evictRelay(name) {
    await this.server.getWorker("manage").evictDurableObject("RELAY", { name });
  }

  /** With `handles`: the number of calls of relays since the last call of this, by name. */
  async relaysCalled() {
    return (await this.server.getWorker("manage").fetch("http://manage.example/__relays_called")).json();
  }

  /** With `handles`: sets the behaviour of relays by name: "down" or "hang". Those that aren't named are well. */
  relays(modes) {
    return this.#handle("__relays", modes);
  }

  /** Sets the limiters' behaviour for "edges" or "ledgers" from now on, like `feed`. */
  async limiter(mode, whose = "edges") {
    await this.#shim(`limiter/${whose}`, { method: "PUT", body: JSON.stringify(mode) });
  }

  /** The number of calls of "edges" or "ledgers" to the limiters so far, by path. */
  limiterCalls(whose = "edges") {
    return this.#shim(`limiter/${whose}`);
  }

  /** Sets the behaviour of the routers of events from now on: "ok", "down", or "silent", which takes them and doesn't say so. */
  async router(mode) {
    await this.#shim("router", { method: "PUT", body: JSON.stringify(mode) });
  }

  /** The batches of events that the router of a tenant was given so far. */
  async routed(tenant) {
    return (await this.#shim("router"))[tenant] ?? [];
  }

  async #shim(name, question) {
    const response = await this.server.getWorker("shim").fetch(`http://shim/${name}`, question);
    assert.equal(response.status, 200, name);
    return response.json();
  }

  /** Sends a request to a handle of limiter_with_handles.js. */
  async limiterHandle(path, body = null) {
    const question = { method: "POST", body: JSON.stringify(body) };
    return read(await this.server.getWorker("limiter").fetch(`http://limiter.example/${path}`, question));
  }

  /** Sends a request to a handle of sender_with_handles.js. */
  async senderHandle(path, body = null) {
    const question = { method: "POST", body: JSON.stringify(body) };
    return read(await this.server.getWorker("sender").fetch(`http://sender.example/${path}`, question));
  }

  /** The data points that an edge with `points`, the management worker with `handles`, or the sender wrote since the last call. */
  async points(worker) {
    return (await this.server.getWorker(worker).fetch(`http://${worker}.example/__points`)).json();
  }

  /** Kills an object of the sender, as the runtime may at any time: "EVENT_ROUTER" or "EVENT_ENDPOINT". */
  async evictSender(binding, name) {
    await this.server.getWorker("sender").evictDurableObject(binding, { name });
  }

  /** Kills a tenant's limiter, as the runtime may at any time. */
  async evictLimiter(tenant) {
    await this.server.getWorker("limiter").evictDurableObject("LIMITER", { name: tenant });
  }

  /** Kills a tenant's ledger, as the runtime may at any time: its memory is lost, its storage stays. */
  async evictLedger(tenant) {
    const manage = this.server.getWorker("manage");
    await manage.evictDurableObject("LEDGER", { name: tenant });
  }

  /** With `handles`: moves the clock of the management worker's isolate by this many milliseconds. */
  clock(offset) {
    return this.#handle("__clock", offset);
  }

  /** With `handles`: sets whether the deadline of bodies ends after a tenth of a second. */
  hurry(whether) {
    return this.#handle("__hurry", whether);
  }

  /** With `handles`: makes SQL that contains this text fail, or none if the text is null. */
  failing(text) {
    return this.#handle("__fail", text);
  }

  /** With `handles`: sets whether ledgers can be reached. */
  ledgers(mode) {
    return this.#handle("__ledgers", mode);
  }

  /** With `handles`: the number of calls of ledgers since the last call of this, by path. */
  async ledgerCalls() {
    return (await this.server.getWorker("manage").fetch("http://manage.example/__ledger_calls")).json();
  }

  /**
   * With `handles`: sets whether the overview can be reached: "ok", "down", or "silent", which takes reports and doesn't
   * answer them.
   */
  overview(mode) {
    return this.#handle("__overview", mode);
  }

  /**
   * Makes another worker call a method of the first edge (EDGE), of its entrypoint (GUARD) or of a ledger (LEDGER) by RPC;
   * returns the outcome.
   */
  async rpc(binding, method) {
    const body = JSON.stringify({ binding, method });
    return (await this.server.getWorker("rpc-caller").fetch("http://caller/", { method: "POST", body })).json();
  }

  /** With `handles`: calls an object of the management worker directly. */
  async object(binding, name, path, body = null) {
    const response = await this.server.getWorker("manage").fetch(`http://manage.example/__object/${binding}/${name}/${path}`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    return read(response);
  }

  /** With `handles`: runs SQL in a ledger and returns its rows. */
  async sql(ledger, statement) {
    const { body } = await this.object("LEDGER", ledger, "__sql", statement);
    assert.equal(body.error, null, statement);
    return body.rows;
  }

  /** With `handles`: the number of rows that a ledger's statements read since the last call of this. */
  async rowsRead(ledger) {
    return (await this.object("LEDGER", ledger, "__rows_read")).body;
  }

  /** With `handles`: a ledger's statements since the last call of this or of `rowsRead`: [text, rows read, rows written]. */
  async statements(ledger) {
    return (await this.object("LEDGER", ledger, "__statements")).body;
  }

  /** With `handles`: the most rows that a transaction of a ledger wrote since the last call of this, and the longest in ms. */
  async largestTransaction(ledger) {
    return (await this.object("LEDGER", ledger, "__largest_transaction")).body;
  }

  /**
   * With `handles`: makes the management worker's WebAssembly trap in its handler, or in a microtask (`__trap_later`).
   */
  async trap(path = "__trap") {
    const response = await this.server.getWorker("manage").fetch(`http://manage.example/${path}`);
    assert.equal(response.status, 200);
  }

  /**
   * With `handles`: the number of the WebAssembly's instance, which rises with each. It is read without a call into the
   * instance.
   */
  async instance() {
    return (await this.server.getWorker("manage").fetch("http://manage.example/__instance")).json();
  }

  async #handle(path, body) {
    const manage = this.server.getWorker("manage");
    const response = await manage.fetch(`http://manage.example/${path}`, { method: "POST", body: JSON.stringify(body) });
    assert.equal(response.status, 200);
  }

  /** With `hooks`: the events that the upstream of webhooks received since the last call of this, bodies in base64. */
  async events() {
    return (await this.server.getWorker("events-upstream").fetch("http://events/__taken")).json();
  }

  /** With `hooks`: sets that upstream's answer from now on: {status, body, type, wait}. */
  async eventsAnswer(mode) {
    await this.server.getWorker("events-upstream").fetch("http://events/__mode", { method: "PUT", body: JSON.stringify(mode) });
  }

  /**
   * With `hooks` and an edge: a sender posts this, or with `stalls` only its beginning, and hangs up after `after`
   * milliseconds. Returns "hung up", or the status of an earlier answer.
   */
  async sendAndHangUp(path, { headers, body, stalls = false, after }) {
    const question = { method: "POST", body: JSON.stringify({ path, headers, body, stalls, after }) };
    return (await this.server.getWorker("vanishing-sender").fetch("http://sender/", question)).json();
  }

  /**
   * With `hooks`: puts an event among a source's dead letters, as the consumer of that queue does, and returns its id.
   */
  async bury(source, id = `dlv_${randomBytes(10).toString("hex")}`, body = { inline: "" }) {
    const envelope = {
      id,
      source,
      webhook_id: "msg_1",
      event_id: null,
      timestamp: null,
      body_authenticated: true,
      received_at: Date.now(),
      request_id: "req_4bTzV9cXk07Hq2mN1pRs",
      headers: [["content-type", "text/plain"]],
      body,
    };
    await this.hooksHandle(`__object/DEAD_LETTERS/${source}/bury`, { envelope });
    return id;
  }

  /** With `hooks`: a delivery that a source's object remembers; with `kept` its body is kept. Returns the delivery's id. */
  async remember(source, { kept = false, ...facts } = {}) {
    const id = `dlv_${randomBytes(10).toString("hex")}`;
    const received_at = Date.now();
    const until = received_at + 3_600_000;
    const [webhook_id, request_id] = [`${source}_${id}`, "req_4bTzV9cXk07Hq2mN1pRs"];
    if (kept) {
      // The message, and a part of the body, whose bytes are those of this text in JSON.
      const text = "kept";
      const body = { stored: { bytes: JSON.stringify(text).length, parts: 1 } };
      const sent = { id, source, webhook_id, event_id: null, timestamp: null, body_authenticated: true, received_at };
      const message = { ...sent, request_id, headers: [], body };
      await this.hooksHandle(`__object/BODIES/${id}%2Fkept/keep/0/${until}`, message);
      await this.hooksHandle(`__object/BODIES/${id}%2Fkept/keep/1/${until}`, text);
    }
    const delivery = { id, webhook_id, received_at, request_id, bytes: 6, outcome: "delivered", status: 200, until, ...facts };
    if (kept) delivery.body_until = until;
    await this.hooksHandle(`__object/DELIVERIES/${source}%2F0/settle`, { delivery });
    return id;
  }

  /** With `hooks`: a sender has told this source a secret, the only one that it keeps. Returns the handshake's id. */
  async tell(source) {
    const object = `__object/DEAD_LETTERS/${source}`;
    await this.hooksHandle(`${object}/handshakes`, {});
    await this.hooksHandle(`${object}/__sql`, "DELETE FROM handshakes");
    await this.hooksHandle(`${object}/note-handshake`, { secret: "secret_1", from: null });
    return (await this.manage("GET", `/v1/webhooks/${source}/handshakes`)).body.handshakes[0].id;
  }

  /** With `hooks`: sends a request to a handle of hooks_with_handles.js. */
  async hooksHandle(path, body = null) {
    const response = await this.server.getWorker("hooks").fetch(`http://hooks.example/${path}`, { method: "POST", body: JSON.stringify(body) });
    return (await read(response)).body;
  }

  /** The KV namespace that the management worker writes. */
  async kv() {
    return (await this.server.getWorker("manage").getEnv()).KEYS;
  }

  /** The namespace that edges with kv "stale" read. */
  async staleKv() {
    return (await this.server.getWorker("shim").getEnv()).STALE;
  }

  /** The content of KV by address, once it holds at least `count` records. */
  async snapshot(count = 1) {
    const kv = await this.kv();
    return eventually(async () => {
      const { keys } = await kv.list();
      assert.ok(keys.length >= count, `KV holds ${keys.length} of ${count} records`);
      return Object.fromEntries(await Promise.all(keys.map(async ({ name }) => [name, await kv.get(name)])));
    });
  }

  /** Copies KV's present content into the stale namespace, for good. */
  async freezeStaleKv(count = 1) {
    const stale = await this.staleKv();
    for (const [address, value] of Object.entries(await this.snapshot(count))) await stale.put(address, value);
  }
}

/** A response with its body read: `text`, and `body` if it is JSON. */
async function read(response) {
  const text = await response.text();
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  const timing = /kv=(\d+) feed=(\d+)(?: limit=(\d+))? cache=(\w+)/.exec(response.headers.get("server-timing") ?? "");
  return {
    status: response.status,
    headers: response.headers,
    text,
    body,
    code: body?.code,
    storage: timing && { kv: Number(timing[1]), feed: Number(timing[2]), cache: timing[4] },
    limit: timing?.[3] && Number(timing[3]),
  };
}

/** Retries until `attempt` holds, by default for ten seconds. */
export async function eventually(attempt, { within = 10_000, every = 50 } = {}) {
  const end = Date.now() + within;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > end) throw error;
      await sleep(every);
    }
  }
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until an answer's `effective_by` has passed. */
export async function effective(answer) {
  const at = answer.effective_by ?? answer.body?.effective_by;
  assert.ok(at, `no effective_by in ${JSON.stringify(answer.body ?? answer)}`);
  await sleep(Math.max(0, Date.parse(at) - Date.now()) + 1);
}

/** One key as an import describes it. */
export const importable = () => ({
  digest: randomBytes(32).toString("hex"),
  display: "sk_live_ab12",
  name: "an imported key",
  scopes: ["read:leads"],
});

async function configModule(name, toml, settings) {
  let text = readFileSync(toml, "utf8");
  for (const [from, to] of Object.entries(settings)) {
    assert.ok(text.includes(from), `${toml} has no ${from}`);
    text = text.replace(from, to);
  }
  const directory = inRoot("build", "test", name);
  mkdirSync(directory, { recursive: true });
  const file = path.join(directory, "keystile.toml");
  writeFileSync(file, text);
  return buildConfig({ config: file, configOut: path.join(directory, "config.js") });
}
