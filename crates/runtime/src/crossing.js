// What the JavaScript of all workers shares: texts that cross between WebAssembly
// and JavaScript in one piece, and responses that are made in Rust.

/** Between the parts of such a text. */
export const SEPARATOR = "\0";

// Answers of these can have no body.
const BODILESS = new Set([204, 205, 304]);

/** Names and values, as `crossing::join` joined them. */
export function pairs(joined) {
  const parts = joined === "" ? [] : joined.split(SEPARATOR);
  const pairs = [];
  for (let i = 0; i + 1 < parts.length; i += 2) pairs.push([parts[i], parts[i + 1]]);
  return pairs;
}

/** A response that was made in Rust. */
export function respond(status, headers, body) {
  return new Response(BODILESS.has(status) ? null : body, { status, headers: pairs(headers) });
}
