// Choosing when a key ends: presets that the tenant's plan allows, or a day, which means its end.

import { useState } from "preact/hooks";

import type { Limits } from "../api/types";
import { useApp } from "../app";
import { Field } from "../components/field";

/** The chosen expiry: days from now, a day, never, or the present one of the key. */
export type Expiry = { kind: "days"; days: number } | { kind: "date"; date: string } | { kind: "never" } | { kind: "keep" };

const PRESETS = [7, 30, 90, 180, 365];
const USUAL = 90;
const DAY_MS = 86_400_000;

/** The plan's default, else a usual time that the plan allows. Never is nobody's choice by accident. */
export function defaultExpiry({ default_expiry_days: usual, max_expiry_days: most }: Limits): Expiry {
  return { kind: "days", days: usual ?? Math.min(USUAL, most ?? USUAL) };
}

/** The instant, null for never, undefined for "as it is". */
export function instantOf(expiry: Expiry, now = Date.now()): string | null | undefined {
  switch (expiry.kind) {
    case "days":
      return rfc3339(now + expiry.days * DAY_MS);
    case "date":
      return expiry.date === "" ? undefined : rfc3339(endOfDay(expiry.date));
    case "never":
      return null;
    case "keep":
      return undefined;
  }
}

const rfc3339 = (time: number): string => new Date(time).toISOString().replace(/\.\d+/, "");

/** The last second of a day in the reader's zone. */
function endOfDay(date: string): number {
  const [year = 0, month = 1, day = 1] = date.split("-").map(Number);
  return new Date(year, month - 1, day, 23, 59, 59).getTime();
}

/** A day as `<input type="date">` has it, in the reader's zone. */
function dayOf(time: number): string {
  const date = new Date(time);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

interface ExpiryFieldProps {
  value: Expiry;
  onChange: (expiry: Expiry) => void;
  limits: Limits;
  error?: string | undefined;
  /** The label of the choice to keep the present expiry of a key; absent where there is none to keep. */
  keep?: { label: string };
}

/** When a successor ends that is made now and lives as long as its predecessor was meant to. */
export const successorsEnd = (created: string, expires: string, now = Date.now()): string =>
  new Date(Math.min(now + Date.parse(expires) - Date.parse(created), Date.parse("9999-12-31T23:59:59.999Z"))).toISOString();

export function ExpiryField({ value, onChange, limits, error, keep }: ExpiryFieldProps) {
  const { i18n } = useApp();
  const { t } = i18n;
  const most = limits.max_expiry_days;
  const days = [...new Set([...PRESETS, ...(limits.default_expiry_days ? [limits.default_expiry_days] : []), ...(most ? [most] : [])])]
    .filter((each) => most === null || each <= most)
    .sort((a, b) => a - b);
  // A key that is made a moment later must not live longer than the plan allows.
  const [now] = useState(Date.now);
  const chosen = value.kind === "days" ? String(value.days) : value.kind;
  const choose = (to: string): void => {
    if (to === "date") onChange({ kind: "date", date: dayOf(now + (days.at(-1) ?? USUAL) * DAY_MS - DAY_MS) });
    else if (to === "never" || to === "keep") onChange({ kind: to });
    else onChange({ kind: "days", days: Number(to) });
  };
  const end = instantOf(value, now);
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const hint = end ? t("expiry.ends", { time: i18n.dateMinute(end), zone }) : value.kind === "never" ? t("expiry.never_hint") : undefined;
  return (
    <div class="row">
      <Field label={t("expiry")} hint={hint} error={error}>
        {(control) => (
          <select {...control} value={chosen} onChange={(event) => choose(event.currentTarget.value)}>
            {keep && <option value="keep">{keep.label}</option>}
            {days.map((each) => (
              <option key={each} value={String(each)}>
                {t(each === limits.default_expiry_days ? "expiry.usual" : "expiry.days", { n: each })}
              </option>
            ))}
            <option value="date">{t("expiry.date")}</option>
            {most === null && <option value="never">{t("expiry.never")}</option>}
          </select>
        )}
      </Field>
      {value.kind === "date" && (
        <Field label={t("expiry.last_day")}>
          {(control) => (
            <input
              {...control}
              type="date"
              required
              min={dayOf(now)}
              max={most === null ? undefined : dayOf(now + most * DAY_MS)}
              value={value.date}
              onInput={(event) => onChange({ kind: "date", date: event.currentTarget.value })}
            />
          )}
        </Field>
      )}
    </div>
  );
}
