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

/// Fetches the document at an address: its Cache-Control, its ETag, and its text, as one string. If it is the one with
/// this `etag` (empty if none is known), only the first part. Throws if the answer isn't 200, or has more than `limit`
/// bytes. A redirect is not followed: the address is the one that the configuration names. GitHub refuses requests
/// without a User-Agent.
export async function fetchKeys(url, timeoutMs, limit, etag) {
  const headers = { Accept: "application/jwk-set+json, application/json", "User-Agent": "keystile" };
  if (etag) headers["If-None-Match"] = etag;
  const response = await fetch(url, {
    headers,
    redirect: "manual",
    cache: "no-store",
    signal: AbortSignal.timeout(timeoutMs),
  });
  const cacheControl = response.headers.get("Cache-Control") ?? "";
  if (etag && response.status === 304) return cacheControl;
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
  return [cacheControl, response.headers.get("ETag") ?? "", text].join(SEPARATOR);
}

// WebCrypto's keys, by the bytes that they were imported from: an import costs more than checking a short message.
// There are as many as sources could have.
const keys = new Map();
const MAX_KEYS = 128;
const MAX_KEY_BYTES = 1024;

const idOf = (use, key) => (key.length > MAX_KEY_BYTES ? undefined : [use, String.fromCharCode(...key)].join());

function remember(id, imported) {
  if (id === undefined) return;
  if (keys.size >= MAX_KEYS && !keys.has(id)) keys.delete(keys.keys().next().value);
  keys.set(id, imported);
}

const encoder = new TextEncoder();
/// The length of SHA-256's block, bytes.
const BLOCK_BYTES = 64;
/// The length of a body from which hashing pieces is faster than copying them into one, bytes.
const IN_PIECES_FROM = 512 * 1024;

/// The HMAC-SHA256 of a text and the bytes after it. WebCrypto's is the fastest for short messages, and takes them in
/// one piece alone. A long one is not copied.
export async function hmac(key, before, body) {
  const text = encoder.encode(before);
  if (body.length >= IN_PIECES_FROM) return hmacOfPieces(key, text, body);
  const message = new Uint8Array(text.length + body.length);
  message.set(text);
  message.set(body, text.length);
  const id = idOf("sign", key);
  let imported = keys.get(id);
  if (!imported) {
    imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    remember(id, imported);
  }
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, message));
}

/// The same by RFC 2104.
async function hmacOfPieces(key, ...pieces) {
  const block = new Uint8Array(BLOCK_BYTES);
  block.set(key.length > BLOCK_BYTES ? new Uint8Array(await crypto.subtle.digest("SHA-256", key)) : key);
  const inner = await sha256(block.map((byte) => byte ^ 0x36), ...pieces);
  return new Uint8Array(await sha256(block.map((byte) => byte ^ 0x5c), new Uint8Array(inner)));
}

async function sha256(...pieces) {
  const stream = new crypto.DigestStream("SHA-256");
  const writer = stream.getWriter();
  const written = pieces.map((piece) => writer.write(piece));
  written.push(writer.close());
  await Promise.all(written);
  return stream.digest;
}

/// Whether a signature is good. Throws if the key can't be read.
///
/// The bytes are views of the caller's memory, valid until the first `await`. So the message is copied if the key has
/// still to be imported. Otherwise only WebCrypto copies it.
export function check(name, hash, namedCurve, keyFormat, key, signature, message) {
  const parameters = { name, hash, namedCurve };
  const id = idOf([name, hash], key);
  const known = keys.get(id);
  if (known) return crypto.subtle.verify(parameters, known, signature, message);
  const [signed, bytes] = [signature.slice(), message.slice()];
  return crypto.subtle.importKey(keyFormat, key, parameters, false, ["verify"]).then((imported) => {
    remember(id, imported);
    return crypto.subtle.verify(parameters, imported, signed, bytes);
  });
}
