// The parts of a delivery, as they cross into the modules.

/** Method, URL and headers as one text, with only the headers of these names if they are given. */
export function head({ method = "POST", url = "", headers }, names) {
  let text = checked(method) + "\0" + checked(url);
  const add = (name, value) => {
    if (typeof value === "string") text += "\0" + checked(name) + "\0" + checked(value);
    else if (Array.isArray(value)) for (const each of value) add(name, each);
    else if (value !== undefined && value !== null) throw new TypeError(`The header ${name} is no text and no list of texts.`);
  };
  if (typeof headers !== "object" || headers === null) throw new TypeError(HEADERS);
  if (names && headers instanceof Headers) {
    for (const name of names) add(name, headers.get(name));
  } else if (typeof headers[Symbol.iterator] === "function") {
    for (const pair of headers) {
      if (!Array.isArray(pair) || pair.length !== 2) throw new TypeError(HEADERS);
      add(...pair);
    }
  } else {
    for (const name of Object.keys(headers)) {
      if (!names || names.includes(name.toLowerCase())) add(name, headers[name]);
    }
  }
  return text;
}

const HEADERS = "`headers` is a Headers, a list of pairs, or an object.";

function checked(text) {
  if (typeof text !== "string" || text.includes("\0")) throw new TypeError("A method, URL or header is no text without NUL.");
  return text;
}

const encoder = new TextEncoder();
const NOTHING = new Uint8Array();
/**
 * The buffer in which short texts are encoded. A body is gathered last and copied into the module before anything else
 * is encoded, so the buffer is free again. A body that is kept across a wait is longer than the buffer.
 */
const scratch = new Uint8Array(4095);

/** The body's bytes. Buffers of other realms, such as a test runner's, are accepted. */
export function bytes(body) {
  if (body instanceof Uint8Array) return body;
  if (typeof body === "string") {
    if (3 * body.length > scratch.length) return encoder.encode(body);
    return scratch.subarray(0, encoder.encodeInto(body, scratch).written);
  }
  if (body === undefined || body === null) return NOTHING;
  if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  if (Object.prototype.toString.call(body) === "[object ArrayBuffer]") return new Uint8Array(body);
  // An object would have to be serialised again, and its bytes would differ.
  throw new TypeError("`body` is the bytes as they came: a Uint8Array, an ArrayBuffer, or a string.");
}

/** Seconds since 1970; the clock's by default. */
export function seconds(now = Date.now() / 1000) {
  const at = Object.prototype.toString.call(now) === "[object Date]" ? now.getTime() / 1000 : now;
  if (typeof at !== "number" || !(Math.abs(at) < 1e11)) throw new TypeError("`now` is in seconds since 1970, or a Date.");
  return at;
}
