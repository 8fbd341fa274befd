// What the worker does with requests, responses and WebCrypto in JavaScript:
// each in one crossing. No delivery is judged here.

import { pairs, SEPARATOR } from "#runtime/crossing.js";

/// What is read of a request, as one string: time, method, URL, then names and
/// values of headers.
export function describe(request) {
  const parts = [Date.now(), request.method, request.url];
  for (const [name, value] of request.headers) parts.push(name, value);
  return parts.join(SEPARATOR);
}

/// Posts an event to an upstream, and returns its response. `fetcher` is a
/// service binding, or undefined for a URL.
export function post(fetcher, url, headers, body, timeoutMs) {
  const init = {
    method: "POST",
    headers: pairs(headers),
    body,
    redirect: "manual",
    signal: AbortSignal.timeout(timeoutMs),
  };
  return fetcher ? fetcher.fetch(url, init) : fetch(url, init);
}

/// The upstream's response as the sender gets it: status, body, and what says
/// how to read it. Of its other headers none is the sender's business.
export function passOn(response, headers) {
  const passed = new Headers(pairs(headers));
  for (const name of ["Content-Type", "Content-Language", "Retry-After"]) {
    const value = response.headers.get(name);
    if (value !== null) passed.set(name, value);
  }
  return new Response(response.body, { status: response.status, headers: passed });
}

/// Lets go of a response whose body nobody reads.
export function discard(response) {
  response.body?.cancel().catch(() => {});
}

// Keys as WebCrypto has them, by what they were made of: importing one costs
// more than checking a short message with it. As many as sources could have.
const keys = new Map();
const MAX_KEYS = 128;
const MAX_KEY_BYTES = 1024;

/// Whether a signature is good. Throws if the key can't be read.
///
/// The bytes are views of the caller's memory, good until the first `await`.
/// So a key's first message is copied, and later ones only by WebCrypto.
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
