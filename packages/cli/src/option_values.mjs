// The values of options, as the API takes them.

import { readFileSync } from "node:fs";

import { WrongUsage } from "./failed.mjs";

/** A whole number. */
export function count(name, text, { least = 1, most = Number.MAX_SAFE_INTEGER, shown = `--${name}` } = {}) {
  if (text === undefined) return undefined;
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  const bounds = number > most || most < Number.MAX_SAFE_INTEGER ? `from ${least} to ${most}` : `of ${least} or more`;
  throw new WrongUsage(`${shown}: ${text} isn't a whole number ${bounds}.`);
}

/** One of a few words. */
export function word(name, text, words) {
  if (text === undefined || words.includes(text)) return text;
  throw new WrongUsage(`--${name}: ${text} is none of ${words.join(", ")}.`);
}

const UNITS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
const SPANS = "a span such as 30s, 90m, 12h, 30d or 2w";

/** Seconds of a span such as 90m, 12h, 30d; undefined for another text. */
function secondsOf(text) {
  const [, number, unit] = /^(\d+)([smhdw])$/.exec(text) ?? [];
  return unit && Number(number) * UNITS[unit];
}

/** Seconds, as a number or a span. */
export function seconds(name, text) {
  if (text === undefined) return undefined;
  const found = /^\d+$/.test(text) ? Number(text) : secondsOf(text);
  if (Number.isSafeInteger(found)) return found;
  throw new WrongUsage(`--${name}: ${text} is neither a number of seconds nor ${SPANS}.`);
}

/** A time: as RFC 3339, as a date, which is its beginning in UTC, as a span from now, or "never", which is null. */
export function moment(name, text, { now = Date.now(), past = false } = {}) {
  if (text === undefined) return undefined;
  if (text === "never" && !past) return null;
  const away = secondsOf(text);
  const at = away === undefined ? timeOf(text) : now + (past ? -1000 : 1000) * away;
  if (at >= EARLIEST && at <= LATEST) return new Date(at).toISOString();
  if (at !== undefined) throw new WrongUsage(`--${name}: ${text} is outside of the years 1970 to 9999.`);
  const others = past ? "" : ', nor "never"';
  throw new WrongUsage(
    `--${name}: ${text} is neither a time with its zone such as 2027-01-31T00:00:00Z, nor a date such as 2027-01-31, which ` +
      `begins in UTC, nor ${SPANS}${others}.`,
  );
}

/** Times that RFC 3339 can write, from that of Unix on. */
const [EARLIEST, LATEST] = [0, Date.UTC(9999, 11, 31, 23, 59, 59, 999)];
const TIME = /^(\d{4}-\d\d-\d\d)(?:T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-]([01]\d|2[0-3]):[0-5]\d))?$/i;

/** The milliseconds of a time in RFC 3339, or of a date; undefined for another text. */
function timeOf(text) {
  const [, day] = TIME.exec(text) ?? [];
  // Such as February 31, which Date takes for a day of March.
  if (!day || !isDay(day)) return undefined;
  return Date.parse(text.toUpperCase());
}

function isDay(text) {
  const begins = Date.parse(text);
  return !Number.isNaN(begins) && new Date(begins).toISOString().startsWith(text);
}

/** A JSON object, or @FILE with one. */
export function object(name, text) {
  if (text === undefined) return undefined;
  let parsed;
  try {
    parsed = JSON.parse(text.startsWith("@") ? readFileSync(text.slice(1), "utf8") : text);
  } catch (error) {
    throw new WrongUsage(`--${name}: ${error.message}`);
  }
  if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed;
  throw new WrongUsage(`--${name}: a JSON object expected, such as '{"plan": "pro"}'.`);
}

/** Own values of limits: NAME=50, NAME=none for no limit, NAME=plan to take an own value back. */
export function ownLimits(name, texts) {
  if (texts === undefined) return undefined;
  const of = (text) => {
    const [, limit, value] = /^([^=]+)=(\d+|none|plan)$/.exec(text) ?? [];
    if (limit === undefined) throw new WrongUsage(`--${name}: ${text} isn't NAME=50, NAME=none or NAME=plan.`);
    if (value === "plan") return [limit, null];
    return [limit, { limit: value === "none" ? null : Number(value) }];
  };
  return Object.fromEntries(texts.map(of));
}

/** The options that a change has, for the client. */
export const changeOptions = (values) => ({
  wait: count("wait", values.wait, { most: 30 }),
  ifVersion: count("if-version", values["if-version"]),
});

/** The options of a list, with its size. */
export const listOptions = (values) => ({ ...values, limit: count("limit", values.limit) ?? 50 });
/** The size of the pages of that list. */
export const pageSize = ({ all, limit }) => (all ? 200 : Math.min(limit, 200));

/** Without the members that were not said. */
export const said = (members) => Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
