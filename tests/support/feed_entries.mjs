// The entries of the feed's log, as its answers carry them: postcard's binary form, in base64
// (`feed::entry` of keystile-core).

import { createHash } from "node:crypto";

const sha256 = (text) => createHash("sha256").update(text).digest("hex");

const STATES = ["active", "disabled", "revoked"];
/** The name of a key in entries: its digest. */
export const keyHash = sha256;
/** The name of a tenant in the entries of a log. */
export const tenantHash = (epoch, tenant) => sha256(`${epoch}\0${tenant}`).slice(0, 16);

/** The entries of keys: [{key, version, state, expires_at}]. */
export function keyEntries(text) {
  return read(text, (reader) => {
    const entry = { key: reader.hex(32), version: reader.number(), state: STATES[reader.number()] };
    return { ...entry, expires_at: reader.number() === 1 ? reader.signed() : null };
  });
}

/** The entries of tenants: [{tenant, version, suspended}]. */
export function tenantEntries(text) {
  return read(text, (reader) => ({ tenant: reader.hex(8), version: reader.number(), suspended: reader.number() === 1 }));
}

function read(text, entry) {
  const reader = new Reader(Buffer.from(text, "base64"));
  return Array.from({ length: reader.number() }, () => entry(reader));
}

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  hex(count) {
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at).toString("hex");
  }

  big() {
    let [number, shift] = [0n, 0n];
    for (;;) {
      const byte = this.bytes[this.at++];
      number |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return number;
      shift += 7n;
    }
  }

  number() {
    return Number(this.big());
  }

  /** A number in zigzag form. */
  signed() {
    const number = this.big();
    return Number(number & 1n ? -(number >> 1n) - 1n : number >> 1n);
  }
}
