// JavaScript that all workers share: texts that cross between WebAssembly and JavaScript in one piece, and responses
// that Rust makes.

/** The separator of such a text's parts. */
export const SEPARATOR = "\0";

// The statuses whose responses can have no body.
const BODILESS = new Set([204, 205, 304]);

/** Names and values, as `crossing::join` joined them. */
export function pairs(joined) {
  const parts = joined === "" ? [] : joined.split(SEPARATOR);
  const pairs = [];
  for (let i = 0; i + 1 < parts.length; i += 2) pairs.push([parts[i], parts[i + 1]]);
  return pairs;
}

/** A response that Rust makes. */
export function respond(status, headers, body) {
  return new Response(BODILESS.has(status) ? null : body, { status, headers: pairs(headers) });
}
