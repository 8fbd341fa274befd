// A receiver of events: an HTTP server on this machine that answers as a test says, and a check of signatures by the
// specification of Standard Webhooks, without our own engine.

import { createHmac, createPublicKey, timingSafeEqual, verify } from "node:crypto";
import { once } from "node:events";
import http from "node:http";

/**
 * Passes redirects on to the workers of a stack, as the platform does. The harness makes their requests in this process by
 * fetch, which follows redirects unless it is told not to.
 */
function passRedirectsOn() {
  const follow = globalThis.fetch;
  globalThis.fetch = (url, init) => {
    if (init?.url !== url) return follow(url, init);
    const { method, headers, body, signal } = init;
    return follow(url, { method, headers, body, signal, duplex: "half", redirect: "manual" });
  };
}
passRedirectsOn();

/** The line of the configuration that lets events go to this machine. */
export const ALLOW_LOOPBACK = { "[usage]": "[events]\nallow_loopback = true\n\n[usage]" };

/**
 * Starts a receiver. `answer` says what it answers to an arrival: a status, or {status, headers, body, wait}, with a wait
 * in milliseconds, also as a promise. It can be replaced at any time.
 */
export async function startReceiver(answer = () => 204) {
  const receiver = new Receiver(answer);
  await receiver.open();
  return receiver;
}

class Receiver {
  #server;
  #port = 0;
  /** What arrived so far: {path, id, at, headers, text, body}; `body` is the event, `at` when it came. */
  arrived = [];
  /** The requests that have yet to be answered, and the most there ever were at once. */
  open_now = 0;
  most = 0;

  constructor(answer) {
    this.answer = answer;
  }

  /** Listens, at the same port as before. */
  async open() {
    if (this.#server?.listening) return;
    this.#server = http.createServer((request, response) => this.#take(request, response));
    await once(this.#server.listen(this.#port, "127.0.0.1"), "listening");
    this.#port = this.#server.address().port;
  }

  /** Stops listening: connections are refused until `open`. */
  async close() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  url(path = "/") {
    return `http://127.0.0.1:${this.#port}${path}`;
  }

  /** What arrived at a path. */
  at(path) {
    return this.arrived.filter((arrival) => arrival.path === path);
  }

  async #take(request, response) {
    this.open_now += 1;
    this.most = Math.max(this.most, this.open_now);
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const { headers, url: path } = request;
    const arrival = { path, id: headers["webhook-id"], at: Date.now(), headers, text, body: JSON.parse(text) };
    this.arrived.push(arrival);
    const answered = await this.answer(arrival);
    const { status, headers: sent = {}, body, wait = 0 } = typeof answered === "number" ? { status: answered } : answered;
    if (wait) await new Promise((resolve) => setTimeout(resolve, wait));
    this.open_now -= 1;
    response.writeHead(status, sent);
    response.end(body);
  }
}

/** The prefix of a public key of Ed25519 in SPKI (RFC 8410). */
const SPKI = Buffer.from("302a300506032b6570032100", "hex");

/** Which of these keys, `whsec_…` or `whpk_…`, signed an arrival: their places. */
export function signers({ headers, text }, keys) {
  const message = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${text}`;
  const signatures = headers["webhook-signature"].split(" ").map((each) => each.split(","));
  const signed = (key) => {
    const bytes = Buffer.from(key.slice(key.indexOf("_") + 1), "base64");
    return signatures.some(([version, signature]) => {
      const given = Buffer.from(signature, "base64");
      if (key.startsWith("whpk_") && version === "v1a") {
        const publicKey = createPublicKey({ key: Buffer.concat([SPKI, bytes]), format: "der", type: "spki" });
        return verify(null, Buffer.from(message), publicKey, given);
      }
      const expected = createHmac("sha256", bytes).update(message).digest();
      return key.startsWith("whsec_") && version === "v1" && given.length === expected.length && timingSafeEqual(given, expected);
    });
  };
  return keys.flatMap((key, place) => (signed(key) ? [place] : []));
}

/** The sender of a stack: its clock and its objects. */
export const senderOf = (rig) => ({
  /** Moves its clock by this many milliseconds, and has these endpoints do what is due. */
  async later(ms, ...endpoints) {
    await rig.senderHandle("__clock", ms);
    for (const endpoint of endpoints) await this.alarm("EVENT_ENDPOINT", endpoint);
  },
  /** Has an object do what is due. */
  alarm: (binding, name) => rig.senderHandle(`__object/${binding}/${name}/__alarm`),
  /** Runs SQL in an object. */
  async sql(binding, name, statement) {
    const { body } = await rig.senderHandle(`__object/${binding}/${name}/__sql`, statement);
    if (body.error) throw new Error(`${body.error}: ${statement}`);
    return body.rows;
  },
});
