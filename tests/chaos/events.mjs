// The receiver of events of all tenants, in this process, which nobody kills, and what it may rely on.

import assert from "node:assert/strict";

import { startReceiver } from "../support/receiver.mjs";

const ENDPOINTS = "/v1/event-endpoints";

export class Events {
  #receiver;

  static async listen() {
    const events = new Events();
    events.#receiver = await startReceiver();
    return events;
  }

  /** Has the stack send events here. */
  async subscribe(api) {
    const answer = await api.change("POST", ENDPOINTS, { url: this.#receiver.url("/events") });
    assert.equal(answer?.status, 201, JSON.stringify(answer));
  }

  counts() {
    return { events: new Set(this.#receiver.arrived.map(({ id }) => id)).size };
  }

  /** Each version of each key came as an event under one id, and those of a key first came in order. */
  came(keys) {
    const [ids, sequences] = [new Set(), new Map()];
    for (const { id, body } of this.#receiver.arrived) {
      if (ids.has(id) || !body.data.key) continue;
      ids.add(id);
      const { key, sequence } = body.data;
      const before = sequences.get(key.id) ?? 0;
      assert.equal(sequence, before + 1, `event ${id} of ${key.id}`);
      sequences.set(key.id, sequence);
    }
    for (const { id, known } of keys) {
      assert.equal(sequences.get(id) ?? 0, known.version, `${id} has ${known.version} versions, each of which is an event`);
    }
  }

  close() {
    return this.#receiver.close();
  }
}
