// The package's functions. What came is gathered here, so that it crosses into
// the module once; the module decides.

import { Engine, providers as known, sign as signed } from "./bindings.js";

/**
 * What the platform has beside the module, as the entry says: from `long` bytes
 * on its HMAC is faster. `check` has one that answers at once; WebCrypto's
 * doesn't.
 */
const platform = { long: 32 * 1024, check: undefined };

/** For the entries. */
export const onPlatform = (has) => Object.assign(platform, has);

/** A verdict's bits. From the ninth on it is the number of the secret. */
const VALID = 1;
const BODY_AUTHENTICATED = 2;
const TIMESTAMP = 4;
const EVENT_ID = 8;
const REPLAY_KEYS = 16;

export class Verifier {
  #engine;
  /** The names of the headers that it reads; undefined if that depends on the delivery. */
  #headers;
  /** True once WebCrypto has the keys; until then the promise of it. */
  #importing;

  constructor(scheme, secrets, options = {}) {
    const texts = Array.isArray(secrets) && secrets.every((secret) => typeof secret === "string");
    if (!texts) throw new TypeError("`secrets` is a list of strings.");
    this.#engine = new Engine(JSON.stringify(scheme) ?? "null", secrets, JSON.stringify(options), platform.long, platform.check);
    this.#headers = this.#engine.headers();
  }

  verify(delivery, now = Date.now() / 1000) {
    return this.#verdict(this.#engine.verify(head(delivery, this.#headers), bytes(delivery.body), now));
  }

  async verifyAsync(delivery, now = Date.now() / 1000) {
    const body = bytes(delivery.body);
    if (body.length < platform.long || platform.check || !globalThis.crypto?.subtle) return this.verify(delivery, now);
    if (this.#importing !== true) await (this.#importing ??= this.#importKeys());
    const asked = this.#engine.ask(head(delivery, this.#headers), body, now);
    const answers = asked.promises();
    // There is one, as a rule.
    for (const [index, answer] of answers.entries()) answers[index] = await answer;
    return this.#verdict(this.#engine.settle(asked, answers));
  }

  handshake(delivery, now = Date.now() / 1000) {
    const answer = this.#engine.handshake(head(delivery, this.#headers), bytes(delivery.body), now);
    return answer === undefined ? undefined : JSON.parse(answer);
  }

  /** The verdict that the engine has just come to. */
  #verdict(bits) {
    const engine = this.#engine;
    if (!(bits & VALID)) return { valid: false, code: engine.code(), detail: engine.detail() };
    const verdict = {
      valid: true,
      code: "OK",
      secret_index: bits >>> 8,
      body_authenticated: (bits & BODY_AUTHENTICATED) !== 0,
    };
    if (bits & TIMESTAMP) verdict.timestamp = engine.timestamp();
    if (bits & EVENT_ID) verdict.event_id = engine.event_id();
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
  return new Verifier(scheme, secrets, options).verify(delivery, now);
}

export function sign(scheme, secret, delivery, eventId, { now = Date.now() / 1000, ...options } = {}) {
  const written = [JSON.stringify(scheme) ?? "null", secret, head(delivery), bytes(delivery.body)];
  return JSON.parse(signed(...written, eventId, JSON.stringify(options), now));
}

export function providers() {
  return JSON.parse(known());
}

/** Method, URL and headers as one text; of the headers those with these names, or all. */
function head({ method = "POST", url = "", headers }, names) {
  let text = checked(method) + "\0" + checked(url);
  const add = (name, value) => {
    if (typeof value === "string") text += "\0" + checked(name) + "\0" + checked(value);
    else if (Array.isArray(value)) for (const each of value) add(name, each);
  };
  if (names && headers instanceof Headers) {
    for (const name of names) add(name, headers.get(name));
  } else if (typeof headers?.[Symbol.iterator] === "function" && typeof headers !== "string") {
    for (const [name, value] of headers) add(name, value);
  } else if (typeof headers === "object" && headers !== null) {
    for (const name in headers) if (!names || names.includes(name.toLowerCase())) add(name, headers[name]);
  } else {
    throw new TypeError("`headers` is a Headers, a list of pairs, or an object.");
  }
  return text;
}

function checked(text) {
  if (typeof text !== "string" || text.includes("\0")) throw new TypeError("A method, URL or header is no text without NUL.");
  return text;
}

const encoder = new TextEncoder();
const NOTHING = new Uint8Array();

function bytes(body) {
  if (body instanceof Uint8Array) return body;
  if (typeof body === "string") return encoder.encode(body);
  if (body === undefined || body === null) return NOTHING;
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  // An object would have to be written again, and its bytes would be others.
  throw new TypeError("`body` is the bytes as they came: a Uint8Array, an ArrayBuffer, or a string.");
}
