// JSON at random, as text and repeatable by its seed: what a parser reads and writes otherwise than it was, and what two
// readers may take for different things.

/** Random numbers from 0 to 1 by a seed (mulberry32). */
export function randomBy(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const TEXTS = ["", "pro", "é", "\u202e", "\u0000", "\ud83d\ude00", '"\\/', "__proto__", "toString", "$", "null", "\u2028", "</script>"];
const NUMBERS = ["0", "-0", "-0.0", "1.0", "1e2", "1E-7", "99.08701741838819", "0.1", "9007199254740993", "18446744073709551615",
  "-9223372036854775808", "123456789012345678901", "1.7976931348623157e308", "5e-324", "0.1234567890123456789"];

/** The text of an object of metadata, with at most `depth` levels. */
export function metadataText(random, depth = 6) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  const number = () => (random() < 0.5 ? pick(NUMBERS) : String((random() - 0.5) * 10 ** Math.floor(random() * 40 - 20)));
  const text = () => JSON.stringify(random() < 0.5 ? pick(TEXTS) : String.fromCodePoint(0x20 + Math.floor(random() * 0xd000)));
  const value = (levels) => {
    const kind = random();
    if (levels > 0 && kind < 0.2) return `[${some(() => value(levels - 1)).join(",")}]`;
    if (levels > 0 && kind < 0.4) return object(levels - 1);
    if (kind < 0.6) return text();
    if (kind < 0.85) return number();
    return pick(["true", "false", "null"]);
  };
  const some = (make) => Array.from({ length: Math.floor(random() * 4) }, make);
  const object = (levels) => {
    const names = [...new Set(some(text))];
    return `{${names.map((name) => `${name}:${value(levels)}`).join(",")}}`;
  };
  return object(depth - 1);
}

/**
 * The value of a text of JSON, in which each number is its text. `JSON.parse` would round it, and so hide that a worker
 * did.
 */
export function exactly(text) {
  return JSON.parse(text, (_, value, context) => {
    if (typeof value !== "number") return value;
    if (context?.source === undefined) throw new Error("this needs Node 21 or later, for the source of JSON.parse");
    return { number: canonical(context.source) };
  });
}

/** A number's digits and power of ten, the same for 1.0 and 1e0. */
function canonical(source) {
  const [, sign, whole, fraction = "", exponent = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(source);
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const trimmed = digits.replace(/0+$/, "");
  if (trimmed === "") return `${sign}0`;
  return `${sign}${trimmed}e${Number(exponent) - fraction.length + digits.length - trimmed.length}`;
}
