// JavaScript that all workers share: texts that cross between WebAssembly and JavaScript in one piece, and responses
// that Rust makes.

/** The separator of such a text's parts. */
export const SEPARATOR = "\0";

// The statuses whose responses can have no body.
const BODILESS = new Set([204, 205, 304]);

/**
 * Names and values of headers, as `crossing::join` joined them, as one object: the platform reads it in a third of the
 * time that it takes for a list of pairs.
 */
export function record(joined) {
  const parts = joined === "" ? [] : joined.split(SEPARATOR);
  const record = { __proto__: null };
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const name = parts[i];
    const value = parts[i + 1];
    record[name] = name in record ? `${record[name]}, ${value}` : value;
  }
  return record;
}

/** A response that Rust makes. */
export function respond(status, headers, body) {
  return new Response(BODILESS.has(status) ? null : body, { status, headers: record(headers) });
}

/** Writes data points to a dataset of Analytics Engine: of each, an index, four blobs and nine doubles. */
export function writePoints(dataset, text) {
  const parts = text.split(SEPARATOR);
  try {
    for (let at = 0; at + 14 <= parts.length; at += 14) {
      const [index, ...rest] = parts.slice(at, at + 14);
      dataset.writeDataPoint({ indexes: [index], blobs: rest.slice(0, 4), doubles: rest.slice(4).map(Number) });
    }
  } catch (error) {
    console.warn(JSON.stringify({ level: "warn", event: "points_not_written", reason: String(error) }));
  }
}
