// The package's functions. They gather a delivery's parts so that it crosses into the module once; the module decides.

import { Engine, providers as known, sign as signed } from "./bindings.js";
import { bytes, head, seconds } from "./delivery.js";

/**
 * The platform's own HMAC, set by the entry. It is faster than the module's from `long` bytes on. `check` is one that
 * answers synchronously; WebCrypto's does not.
 */
const platform = { long: 32 * 1024, check: undefined };

/** Sets the platform's HMAC. For the entries alone. */
export const onPlatform = (has) => Object.assign(platform, has);

/** The module's own limit, repeated here so that no longer body is copied into it. */
const BODY_LIMIT = 8 * 1024 * 1024;

/** The bits of a verdict. The bits from the ninth on are the index of the secret. */
const VALID = 1;
const BODY_AUTHENTICATED = 2;
const TIMESTAMP = 4;
const EVENT_ID = 8;
const EVENT_TYPE = 32;
const REPLAY_KEYS = 16;

export class Verifier {
  /** The engine, until it is freed. */
  #held;
  /** The names of the headers that the scheme reads; undefined if they depend on the delivery. */
  #headers;
  #bodyLimit;
  /** True once WebCrypto has the keys. Before that, the promise of the import if it was begun. */
  #importing;

  constructor(scheme, secrets, { jwks, ...options } = {}) {
    const texts = Array.isArray(secrets) && secrets.every((secret) => typeof secret === "string");
    if (!texts) throw new TypeError("`secrets` is a list of strings.");
    if (jwks !== undefined && !Array.isArray(jwks?.keys)) throw new TypeError("`jwks` is a set of keys: { keys: […] }.");
    // The engine reads a set of keys where it reads a key.
    const keys = jwks === undefined ? secrets : [...secrets, JSON.stringify(jwks)];
    const written = [JSON.stringify(scheme) ?? "null", keys, JSON.stringify(options)];
    this.#held = new Engine(...written, platform.long, platform.check);
    this.#headers = this.#engine.headers();
    this.#bodyLimit = options.body_limit ?? BODY_LIMIT;
  }

  verify(delivery, now) {
    return this.#judge(head(delivery, this.#headers), seconds(now), bytes(delivery.body));
  }

  async verifyAsync(delivery, now) {
    const [text, at, body] = [head(delivery, this.#headers), seconds(now), bytes(delivery.body)];
    const here = body.length < platform.long || body.length > this.#bodyLimit || platform.check;
    if (here || !globalThis.crypto?.subtle) return this.#judge(text, at, body);
    if (this.#importing === true) return this.#ask(text, at, body);
    // The caller may change the body while this waits, so the body is copied now.
    const copy = body.slice();
    try {
      await (this.#importing ??= this.#importKeys());
    } catch {
      this.#importing = undefined;
      return this.#judge(text, at, copy);
    }
    return this.#ask(text, at, copy);
  }

  handshake(delivery, now) {
    const [text, at, body] = [head(delivery, this.#headers), seconds(now), bytes(delivery.body)];
    if (!this.#engine.has_handshakes() || body.length > this.#bodyLimit) return undefined;
    const answer = this.#engine.handshake(text, body, at);
    return answer === undefined ? undefined : JSON.parse(answer);
  }

  free() {
    this.#held?.free();
    this.#held = undefined;
  }

  /** The engine's own error after `free` would be about a pointer. */
  get #engine() {
    if (this.#held === undefined) throw new Error("This Verifier was freed by `free()`. Make a new one, or free it after its last delivery.");
    return this.#held;
  }

  #judge(text, at, body) {
    if (body.length > this.#bodyLimit) return this.#verdict(this.#engine.too_large());
    return this.#verdict(this.#engine.verify(text, body, at));
  }

  async #ask(text, at, body) {
    const asked = this.#engine.ask(text, body, at);
    const promises = asked.promises();
    // There is usually one.
    const answers = promises.length === 1 ? [await answered(promises[0])] : await Promise.all(promises.map(answered));
    return this.#verdict(this.#engine.settle(asked, answers));
  }

  /** The engine's last verdict. */
  #verdict(bits) {
    const engine = this.#engine;
    if (!(bits & VALID)) return { valid: false, code: engine.code(), status: engine.status(), detail: engine.detail() };
    const verdict = {
      valid: true,
      code: "OK",
      secret_index: bits >>> 8,
      body_authenticated: (bits & BODY_AUTHENTICATED) !== 0,
    };
    if (bits & TIMESTAMP) verdict.timestamp = engine.timestamp();
    if (bits & EVENT_ID) verdict.event_id = engine.event_id();
    if (bits & EVENT_TYPE) verdict.event_type = engine.event_type();
    if (bits & REPLAY_KEYS) verdict.replay_keys = engine.replay_keys();
    return verdict;
  }

  async #importKeys() {
    const imported = this.#engine.hmac_keys().map(([hash, key]) =>
      crypto.subtle.importKey("raw", key, { name: "HMAC", hash }, false, ["verify"]),
    );
    this.#engine.set_keys(await Promise.all(imported));
    this.#importing = true;
  }
}

export function verify(scheme, secrets, delivery, { now, ...options } = {}) {
  const verifier = new Verifier(scheme, secrets, options);
  try {
    return verifier.verify(delivery, now);
  } finally {
    verifier.free();
  }
}

export function sign(scheme, secret, delivery, eventId, { now, ...options } = {}) {
  if (typeof secret !== "string") throw new TypeError("`secret` is a string.");
  if (eventId !== undefined && typeof eventId !== "string") throw new TypeError("`eventId` is a string.");
  const written = [JSON.stringify(scheme) ?? "null", secret, head(delivery), bytes(delivery.body)];
  return JSON.parse(signed(...written, eventId, JSON.stringify(options), seconds(now)));
}

export function providers() {
  return JSON.parse(known());
}

/** A failed check proves nothing. */
async function answered(promise) {
  try {
    return await promise;
  } catch {
    return false;
  }
}
