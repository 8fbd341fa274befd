// A model of an isolate of the edge that always has requests: it polls when `feed::settings` of keystile-core says so.
// It keeps what it is told of keys, and when it was told.

import { keyEntries } from "../../tests/support/feed_entries.mjs";

export const MAX_STALENESS_MS = 2000;
const TIMEOUT_MS = 1000;
const PAUSE_MS = 1000;
/** The share of polls before which an isolate ends, and a cold one takes its place. */
const ENDS = 1 / 100;

export class Isolate {
  /**
   *   ask(path, body)  calls its relay: `{status, text, sent, received}`
   *   keyInUse()       the key that a cold isolate is asked for: its digest
   *   isPatched(entry) whether only the record tells what this entry changed
   */
  constructor({ ask, keyInUse, isPatched }) {
    Object.assign(this, { ask, keyInUse, isPatched });
    /** The lives of this isolate, one after another, each with nothing of the one before. */
    this.lives = [];
    /** Its polls: `{took, age, stale, failed, cold}`, milliseconds; `stale` is the time without a fresh view. */
    this.polls = [];
    /** Whether it got each record that it asked for. */
    this.records = [];
  }

  /** Polls until `isOver()`. */
  async run(isOver) {
    this.begin();
    while (!isOver()) {
      if (this.life.view !== undefined && Math.random() < ENDS) this.begin();
      await until(await this.poll(), isOver);
    }
    this.end();
  }

  begin() {
    if (this.life) this.end();
    this.life = { epoch: null, cursor: 0, seen: new Map(), parts: [], began: undefined, ended: Infinity };
    this.lives.push(this.life);
  }

  /** From then on it serves nobody. */
  end() {
    const now = performance.now();
    this.life.ended = Math.min(now, this.servesUntil(now));
  }

  /** Polls to the last page. Returns the time of the next poll. */
  async poll() {
    const cold = this.life.epoch === null;
    const refreshAfter = refreshAfterMs(Date.now());
    for (;;) {
      const { epoch, cursor } = this.life;
      const key = epoch === null ? this.keyInUse() : undefined;
      const question = { epoch, cursor, max_staleness_ms: MAX_STALENESS_MS, key: key?.slice(0, 16) };
      const { status, text, sent, received } = await this.ask("poll", question);
      const took = received - sent;
      if (status !== 200 || took > TIMEOUT_MS) {
        this.polls.push({ sent, took, failed: true, cold });
        return Math.max(received, sent + Math.min(took, TIMEOUT_MS) + PAUSE_MS);
      }
      const answer = JSON.parse(text);
      if (this.apply(answer, received, key)) continue;
      const stale = Math.max(0, received - this.servesUntil(received));
      this.polls.push({ sent, took, age: received - sent + answer.age_ms, stale, cold });
      this.life.view = sent - answer.age_ms;
      return this.life.view + refreshAfter;
    }
  }

  /** Takes a page. Returns whether more follow. */
  apply({ epoch, cursor, reset, more, keys, key_part: part }, received, key) {
    if (reset) {
      // Another epoch, or a cursor below the log's floor: what it knew is void.
      if (this.life.epoch !== null) this.begin();
      this.life.began = received;
      const entry = part && keyEntries(part.entries).find((each) => each.key === key);
      this.life.parts.push({ key, version: entry?.version ?? 0, received });
    }
    const at = Math.min(received, this.servesUntil(received));
    for (const entry of keyEntries(keys)) {
      const { seen } = this.life;
      if (!seen.has(entry.key)) seen.set(entry.key, []);
      seen.get(entry.key).push({ version: entry.version, at });
      if (this.isPatched(entry)) this.askRecord(entry);
    }
    Object.assign(this.life, { epoch, cursor });
    return more;
  }

  /** The time until which it serves by its view: with an older one it would ask first. `now` if it has none. */
  servesUntil(now) {
    return this.life.view === undefined ? now : this.life.view + MAX_STALENESS_MS;
  }

  async askRecord({ key, version }) {
    const hasRecord = ({ status, text }) => status === 200 && JSON.parse(text).record !== null;
    this.records.push(await this.ask("record", { digest: key, version }).then(hasRecord, () => false));
  }
}

/** `Settings::refresh_after_ms` behind relays, of a poll sent at `sentAt`. */
function refreshAfterMs(sentAt) {
  const half = MAX_STALENESS_MS / 2;
  return half + ((sentAt * 7919) % (half / 2 + 1));
}

/** Waits for a time, in steps, so that the end of the load isn't missed. */
async function until(time, isOver) {
  for (let left = time - performance.now(); left > 0 && !isOver(); left = time - performance.now()) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(left, 500)));
  }
}
