// The values of options, as the API takes them.

import { readFileSync } from "node:fs";

import { WrongUsage } from "./failed.mjs";

/** A whole number. */
export function count(name, text, { least = 1, most = Number.MAX_SAFE_INTEGER } = {}) {
  if (text === undefined) return undefined;
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new WrongUsage(`--${name}: ${text} isn't a whole number of ${least} or more.`);
}

/** One of a few words. */
export function word(name, text, words) {
  if (text === undefined || words.includes(text)) return text;
  throw new WrongUsage(`--${name}: ${text} is none of ${words.join(", ")}.`);
}

const UNITS = { m: 60, h: 3600, d: 86_400 };
const span = (text) => /^(\d+)([mhd])$/.exec(text);

/** Seconds, as a number or a span such as 90m, 12h, 30d. */
export function seconds(name, text) {
  if (text === undefined) return undefined;
  const found = span(text);
  if (found) return Number(found[1]) * UNITS[found[2]];
  if (/^\d+$/.test(text)) return Number(text);
  throw new WrongUsage(`--${name}: ${text} is neither a number of seconds nor a span such as 90m, 12h or 30d.`);
}

/** A time: as RFC 3339, as a span from now such as 30d, or "never", which is null. */
export function moment(name, text, { now = Date.now(), past = false } = {}) {
  if (text === undefined) return undefined;
  if (text === "never" && !past) return null;
  const found = span(text);
  if (found) {
    const away = Number(found[1]) * UNITS[found[2]] * 1000;
    return new Date(past ? now - away : now + away).toISOString();
  }
  const at = Date.parse(text);
  if (/^\d{4}-/.test(text) && !Number.isNaN(at)) return new Date(at).toISOString();
  const others = past ? "" : ', nor "never"';
  throw new WrongUsage(`--${name}: ${text} is neither a time such as 2027-01-31T00:00:00Z nor a span such as 30d${others}.`);
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
