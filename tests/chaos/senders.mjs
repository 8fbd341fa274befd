// Senders of webhooks, and the upstream that their events are for. It runs in this process, which nobody kills.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import http from "node:http";

import { secret, standard } from "../support/standard_webhooks.mjs";

const BODY = '{"type":"lead.created"}';

/** The upstream: remembers the ids of the events that it took. */
export class Recorder {
  #server;
  #taken = new Map();

  static async listen() {
    const recorder = new Recorder();
    recorder.#server = http.createServer((request, response) => {
      const id = request.headers["keystile-webhook-event-id"];
      recorder.#taken.set(id, (recorder.#taken.get(id) ?? 0) + 1);
      request.resume().on("end", () => response.writeHead(204).end());
    });
    recorder.#server.listen(0, "127.0.0.1");
    await once(recorder.#server, "listening");
    return recorder;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  has(id) {
    return this.#taken.has(id);
  }

  close() {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

export class Senders {
  #recorder;
  #acknowledged = { direct: [], queued: [] };
  #from = 0;
  #forgotten = 0;

  constructor(recorder) {
    this.#recorder = recorder;
  }

  counts() {
    const { direct, queued } = this.#acknowledged;
    return {
      "direct deliveries": direct.length,
      "queued events": queued.length,
      "events that the local queue forgot": this.#forgotten,
    };
  }

  /** A sender: one delivery after the other. */
  async work(api, source, going) {
    while (going.on) {
      const id = `msg_${randomUUID()}`;
      const answer = await this.#deliver(api, source, id);
      if (!answer || answer.status >= 500) return;
      assert.equal(answer.status, source === "queued" ? 202 : 204, JSON.stringify(answer.body));
      if (source === "direct") assert.ok(this.#recorder.has(id), `${id} was acknowledged before its upstream had it`);
      this.#acknowledged[source].push({ id, at: Date.now() });
    }
  }

  #deliver(api, source, id) {
    return api.deliver(source, standard(BODY, { key: secret("chaos"), id }), BODY);
  }

  /** Each delivery that was acknowledged is a duplicate when it comes again. */
  async directAreKnown(api) {
    for (const event of this.#acknowledged.direct.filter(({ known }) => !known)) {
      const answer = await this.#deliver(api, "direct", event.id);
      const said = `${event.id} was delivered before the kill: ${JSON.stringify(answer)}`;
      assert.deepEqual(answer?.body, { status: "duplicate" }, said);
      event.known = true;
    }
  }

  /** From here on all events count. */
  countFrom(time) {
    this.#from = time;
  }

  /** Each event that was acknowledged before a time, and not before `countFrom`, arrived or is a dead letter. */
  async queuedArrived(api, before) {
    const { dead_letters } = await api.read("/v1/webhooks/queued/dead-letters?limit=200");
    const dead = new Set(dead_letters.map(({ event_id }) => event_id));
    const missing = this.#acknowledged.queued.filter(({ id }) => !this.#recorder.has(id) && !dead.has(id));
    const counted = missing.filter(({ at, forgotten }) => at >= this.#from && at < before && !forgotten);
    assert.deepEqual(counted, [], "queued events that neither arrived nor are dead");
    for (const event of missing) event.forgotten = true;
    this.#forgotten = missing.length;
  }
}
