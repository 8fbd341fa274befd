// A ledger whose keys are changed by the management API, and what is known of the changes.

import assert from "node:assert/strict";

import { keyHash } from "../../tests/support/feed_entries.mjs";

/** Keys that are disabled and enabled in turn, and how often one of them is changed. */
const CHANGED = 100;
const CHANGE_EVERY_MS = 100;
/** One of so many changes is of scopes, which only the record tells. */
const PATCH_EACH = 50;
const SCOPES = ["read:leads"];

/** A ledger's keys, and their changes: `{digest, version, sent, answered, effective}`, by `performance.now()`. */
export class Ledger {
  constructor(stack) {
    this.stack = stack;
    this.changes = [];
    this.patched = new Set();
    this.running = [];
  }

  async createKeys() {
    const create = async () => {
      const body = { name: "benchmark", scopes: SCOPES };
      const { id, key } = await this.stack.manage("POST", "/v1/tenants/acme/keys", body);
      return { id, digest: keyHash(key), version: 1, disabled: false };
    };
    this.keys = [];
    for (let count = 0; count < CHANGED; count += 1) this.keys.push(await create());
  }

  /** Changes keys until then. */
  begin(end) {
    let number = 0;
    const timer = setInterval(() => {
      if (performance.now() > end) return clearInterval(timer);
      this.running.push(this.change(this.keys[number % CHANGED], number % PATCH_EACH === 0));
      number += 1;
    }, CHANGE_EVERY_MS);
  }

  async change(key, isPatch) {
    key.version += 1;
    const change = { digest: key.digest, version: key.version, sent: performance.now() };
    if (isPatch) this.patched.add(nameOf({ key: key.digest, version: key.version }));
    const path = `/v1/tenants/acme/keys/${key.id}`;
    const scopes = key.version % 2 ? SCOPES : [...SCOPES, "write:leads"];
    if (!isPatch) key.disabled = !key.disabled;
    const answer = isPatch
      ? await this.stack.manage("PATCH", path, { scopes })
      : await this.stack.manage("POST", `${path}/${key.disabled ? "disable" : "enable"}`, {});
    change.answered = performance.now();
    change.effective = change.answered + Date.parse(answer.effective_by) - Date.now();
    assert.ok(Number.isFinite(change.effective), JSON.stringify(answer));
    this.changes.push(change);
  }

  /** Waits until all changes are effective. */
  async done() {
    await Promise.all(this.running);
    const last = this.changes.reduce((latest, { effective }) => Math.max(latest, effective), 0);
    await new Promise((resolve) => setTimeout(resolve, last + 1_000 - performance.now()));
  }

  keyInUse() {
    return (this.changes.at(-1) ?? this.keys[0]).digest;
  }

  isPatched(entry) {
    return this.patched.has(nameOf(entry));
  }
}

const nameOf = ({ key, version }) => `${key} ${version}`;
