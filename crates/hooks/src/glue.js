// The worker's work on requests, responses and WebCrypto in JavaScript, each function in one crossing. No delivery is
// judged here.

import { readBody } from "#runtime/body.js";
import { record, SEPARATOR } from "#runtime/crossing.js";

/// The parts of a request that are read, as one string: time, method, URL, then names and values of headers.
export function describe(request) {
  const parts = [Date.now(), request.method, request.url];
  for (const [name, value] of request.headers) parts.push(name, value);
  return parts.join(SEPARATOR);
}

/// Posts an event to an upstream, and returns its response. `fetcher` is a service binding, or undefined for a URL.
export function post(fetcher, url, headers, body, timeoutMs) {
  const init = {
    method: "POST",
    headers: record(headers),
    body,
    redirect: "manual",
    signal: AbortSignal.timeout(timeoutMs),
  };
  return fetcher ? fetcher.fetch(url, init) : fetch(url, init);
}

/// The upstream's response for the sender: status, body, and the headers that say how to read the body. The sender gets
/// no other header.
export function passOn(response, headers) {
  const passed = new Headers(record(headers));
  for (const name of ["Content-Type", "Content-Language", "Retry-After"]) {
    const value = response.headers.get(name);
    if (value !== null) passed.set(name, value);
  }
  return new Response(response.body, { status: response.status, headers: passed });
}

/// Discards a response whose body is not read.
export function discard(response) {
  response.body?.cancel().catch(() => {});
}

// The bytes of the bodies that the isolate may hold. An isolate has 128 MB, and a body is in it twice while it is verified.
const MOST_HELD = 32 * 1024 * 1024;
// No delivery takes longer, milliseconds. The platform may end a request whose room nobody leaves then.
const LONGEST_HELD_MS = 120_000;
const rooms = new Set();

/** The room that one body takes, until `leave`. */
export class Room {
  #since = Date.now();
  #bytes = 0;

  constructor() {
    rooms.add(this);
  }

  /** Takes more of it. Returns whether there is so much. A room that was left takes nothing. */
  take(bytes) {
    if (!rooms.has(this)) return false;
    if (Room.#held() + bytes > MOST_HELD) Room.#forgetOld();
    if (Room.#held() + bytes > MOST_HELD) return false;
    this.#bytes += bytes;
    return true;
  }

  leave() {
    rooms.delete(this);
  }

  static #held() {
    let held = 0;
    for (const room of rooms) held += room.#bytes;
    return held;
  }

  static #forgetOld() {
    const oldest = Date.now() - LONGEST_HELD_MS;
    for (const room of rooms) if (room.#since < oldest) rooms.delete(room);
  }
}

/** Forgets the bodies of an instance that ended by a trap. */
export function vacate() {
  rooms.clear();
}

/// Fetches the document at an address: its Cache-Control and its text, as one string. Throws if the answer isn't 200, or
/// has more than `limit` bytes. A redirect is not followed: the address is the one that the configuration names.
export async function fetchKeys(url, timeoutMs, limit) {
  const response = await fetch(url, {
    headers: { Accept: "application/jwk-set+json, application/json" },
    redirect: "manual",
    cache: "no-store",
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (response.status !== 200) {
    discard(response);
    throw new Error(`it answered ${response.status}`);
  }
  const body = await readBody(response, limit, timeoutMs);
  if (typeof body === "string") {
    discard(response);
    throw new Error(`its answer is ${body}`);
  }
  const text = new TextDecoder("utf-8", { fatal: true }).decode(body);
  return (response.headers.get("Cache-Control") ?? "") + SEPARATOR + text;
}

// WebCrypto's keys, by the bytes that they were imported from: an import costs more than checking a short message.
// There are as many as sources could have.
const keys = new Map();
const MAX_KEYS = 128;
const MAX_KEY_BYTES = 1024;

/// Whether a signature is good. Throws if the key can't be read.
///
/// The bytes are views of the caller's memory, valid until the first `await`. So the message is copied if the key has
/// still to be imported. Otherwise only WebCrypto copies it.
export function check(name, hash, namedCurve, keyFormat, key, signature, message) {
  const parameters = { name, hash, namedCurve };
  const id = key.length > MAX_KEY_BYTES ? undefined : [name, hash, String.fromCharCode(...key)].join();
  const known = keys.get(id);
  if (known) return crypto.subtle.verify(parameters, known, signature, message);
  const [signed, bytes] = [signature.slice(), message.slice()];
  return crypto.subtle.importKey(keyFormat, key, parameters, false, ["verify"]).then((imported) => {
    if (keys.size >= MAX_KEYS && !keys.has(id)) keys.delete(keys.keys().next().value);
    if (id !== undefined) keys.set(id, imported);
    return crypto.subtle.verify(parameters, imported, signed, bytes);
  });
}
