// Texts, times and numbers in the reader's language and zone.

import { type ComponentChildren, createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";

import { english, type MessageId, type Messages } from "./messages";

export type Values = Record<string, string | number>;

/** Texts and formats of one language. */
export class I18n {
  readonly #messages: Messages;
  readonly #plural: Intl.PluralRules;
  readonly #number: Intl.NumberFormat;
  readonly #relative: Intl.RelativeTimeFormat;
  readonly #formats = new Map<string, Intl.DateTimeFormat>();

  constructor(
    readonly locale: string,
    messages: Partial<Messages> = {},
  ) {
    this.#messages = { ...english, ...messages };
    this.#plural = new Intl.PluralRules(locale);
    this.#number = new Intl.NumberFormat(locale);
    this.#relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  }

  /** A text of the common messages. */
  t = (id: MessageId, values?: Values): string => this.format(this.#messages[id], values);

  /** A message with its places. */
  message = (id: MessageId): string => this.#messages[id];

  /** The text for a code of the API, if there is one. */
  maybe = (id: string): string | undefined => (this.#messages as Record<string, string | undefined>)[id];

  /** Any text with places: `{name}`, or `{n|one=a key|other={n} keys}` by the language's plural rules. */
  format = (template: string, values: Values = {}): string => this.parts(template, values).join("");

  /** As `format`, for values that are elements. */
  parts<T>(template: string, values: Record<string, T | string | number>): (T | string)[] {
    return split(template).map((part) => {
      if (typeof part === "string") return part;
      const value = values[part.name];
      if (part.forms === undefined) {
        return typeof value === "number" ? this.number(value) : (value ?? "");
      }
      const form = part.forms[this.#plural.select(Number(value))] ?? part.forms["other"] ?? "";
      return this.format(form, values as Values);
    });
  }

  number = (value: number): string => this.#number.format(value);

  date = (time: string | Date, style: "short" | "medium" | "long" = "medium"): string =>
    this.#format({ dateStyle: style }).format(new Date(time));

  /** To the second, in the reader's zone. */
  dateTime = (time: string | Date): string => this.#format({ dateStyle: "medium", timeStyle: "medium" }).format(new Date(time));

  /** To the minute. */
  dateMinute = (time: string | Date): string => this.#format({ dateStyle: "medium", timeStyle: "short" }).format(new Date(time));

  clock = (time: string | Date): string =>
    this.#format({ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).format(new Date(time));

  hour = (time: string | Date): string => this.#format({ weekday: "short", hour: "2-digit", minute: "2-digit" }).format(new Date(time));

  /** "3 hours ago", "in 2 days". */
  relative = (time: string | Date, now = Date.now()): string => {
    const seconds = (new Date(time).getTime() - now) / 1000;
    const [unit, length] = UNITS.find(([, each]) => Math.abs(seconds) >= each) ?? (["second", 1] as const);
    return this.#relative.format(Math.trunc(seconds / length), unit);
  };

  /** A length of time in its largest unit: "2 days", "90 minutes". */
  duration = (seconds: number): string => {
    const fits = UNITS.filter(([unit]) => unit !== "week" && unit !== "month" && unit !== "year");
    const [unit, length] = fits.find(([, each]) => seconds >= each && seconds % each === 0) ?? (["second", 1] as const);
    return new Intl.NumberFormat(this.locale, { style: "unit", unit, unitDisplay: "long" }).format(seconds / length);
  };

  #format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    const name = JSON.stringify(options);
    let format = this.#formats.get(name);
    if (!format) this.#formats.set(name, (format = new Intl.DateTimeFormat(this.locale, options)));
    return format;
  }
}

const UNITS = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
] as const;

type Part = string | { name: string; forms?: Record<string, string> };

/** Splits a text at its places. Braces nest once: a plural form may have places itself. */
function split(template: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const match of template.matchAll(/\{(\w+)((?:\|\w+=(?:[^|{}]|\{\w+\})*)*)\}/g)) {
    if (match.index > at) parts.push(template.slice(at, match.index));
    const [whole, name = "", forms = ""] = match;
    const named = forms.split("|").slice(1).map((form) => [form.slice(0, form.indexOf("=")), form.slice(form.indexOf("=") + 1)] as const);
    parts.push(named.length > 0 ? { name, forms: Object.fromEntries(named) } : { name });
    at = match.index + whole.length;
  }
  if (at < template.length) parts.push(template.slice(at));
  return parts;
}

export const I18nContext = createContext<I18n>(new I18n("en"));
export const useI18n = (): I18n => useContext(I18nContext);

/** A message with elements in its places. */
export function T({ id, values }: { id: MessageId; values: Record<string, ComponentChildren> }) {
  const i18n = useI18n();
  return <>{i18n.parts<ComponentChildren>(i18n.message(id), values as Record<string, ComponentChildren>)}</>;
}

/** The language of a place in a document: the nearest `lang`, else the browser's. */
export function languageOf(element: Element): string {
  const tag = element.closest("[lang]")?.getAttribute("lang") || navigator.language;
  return Intl.DateTimeFormat.supportedLocalesOf([tag])[0] ?? navigator.language;
}

const utc = (time: string): string => `${new Date(time).toISOString().replace("T", " ").slice(0, 19)} UTC`;

/** A time in the reader's zone; its title has it in full, and in UTC. */
export function Time({ value, form = "relative" }: { value: string; form?: "relative" | "date" | "minute" | "second" | "clock" }) {
  const i18n = useI18n();
  const now = useNow(form === "relative");
  const text = { relative: () => i18n.relative(value, now), date: () => i18n.date(value), minute: () => i18n.dateMinute(value), second: () => i18n.dateTime(value), clock: () => i18n.clock(value) };
  return (
    <time dateTime={value} title={`${i18n.dateTime(value)}\n${utc(value)}`}>
      {text[form]()}
    </time>
  );
}

const MINUTE = 60_000;

/** The present time, anew each minute (or each `every` ms) where the component wants to know. */
export function useNow(wanted: boolean, every = MINUTE): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!wanted) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [wanted, every]);
  return now;
}
