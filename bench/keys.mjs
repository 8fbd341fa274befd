// Keys that are stored without the management API, as docs/design/golden-vectors.md computes them: a million by the API
// would take hours.

import { createHash, createHmac, randomBytes } from "node:crypto";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const TAG_CHARACTERS = 6;

const mac = (key, ...texts) => texts.reduce((hmac, text) => hmac.update(text), createHmac("sha256", key)).digest();
/** HKDF-SHA256 without salt, one block. */
const subkey = (secret, label) => mac(mac(Buffer.alloc(32), secret), `keystile/v1/${label}\x01`);

/** Mints keys of a tenant under a KEYSTILE_SECRET. */
export class Mint {
  constructor(secret, { prefix, tenant, scopes }) {
    const bytes = Buffer.from(secret, "base64");
    this.of = Object.fromEntries(["tag/api", "lookup", "seal"].map((label) => [label, subkey(bytes, label)]));
    Object.assign(this, { prefix, tenant, scopes });
  }

  /** A key with its digest, its record, and its address and value in KV. */
  mint() {
    const untagged = `${this.prefix}_live_${base62(32)}`;
    const key = untagged + this.#tag(untagged);
    const digest = createHash("sha256").update(key).digest();
    const record = JSON.stringify({
      v: 1,
      min_reader: 1,
      id: `key_${base62(20)}`,
      version: 1,
      subject: { api_key: { tenant: this.tenant, environment: "live" } },
      state: "active",
      name: "benchmark",
      display: key.slice(0, -34),
      scopes: this.scopes,
      created_at: Date.now(),
    });
    const address = `k1/${mac(this.of.lookup, digest).toString("base64url")}`;
    const value = `1.${mac(this.of.seal, address, "\0", record).toString("base64url")}.${record}`;
    return { key, digest: digest.toString("hex"), tenant: this.tenant, record, address, value };
  }

  #tag(text) {
    let number = mac(this.of["tag/api"], text).readBigUInt64BE();
    let tag = "";
    for (let place = 0; place < TAG_CHARACTERS; place += 1) {
      tag = ALPHABET[Number(number % 62n)] + tag;
      number /= 62n;
    }
    return tag;
  }
}

/** Nearly without bias, which no measurement notices. */
const base62 = (length) => [...randomBytes(length)].map((byte) => ALPHABET[byte % 62]).join("");
