// How long a rotated key works beside its successor.

import { useId } from "preact/hooks";

import type { Rotation } from "../api/types";
import { useApp } from "../app";
import { Field, Fieldset } from "../components/field";

const HOUR = 3600;
const DAY = 24 * HOUR;
const OVERLAPS = [HOUR, DAY, 3 * DAY, 7 * DAY, 30 * DAY, 90 * DAY];
const LATEST = [7 * DAY, 30 * DAY, 90 * DAY];
const WAYS = ["first_use", "time", "now"] as const;

/** The chosen overlap. The lengths are in seconds. */
export interface Overlap {
  /** From the successor's first use on, from now on, or none. */
  way: (typeof WAYS)[number];
  overlap: number;
  /** The old key ends by then, be the successor used or not. */
  latest: number;
}

export const usualOverlap: Overlap = { way: "first_use", overlap: DAY, latest: 30 * DAY };

export function rotationOf({ way, overlap: overlap_seconds, latest }: Overlap): Rotation {
  if (way === "now") return { overlap_seconds: 0 };
  if (way === "time") return { overlap_seconds };
  return { overlap_seconds, after_first_use: true, latest_end_seconds: Math.max(latest, overlap_seconds) };
}

interface FieldProps {
  value: Overlap;
  onChange: (overlap: Overlap) => void;
  error?: string | undefined;
}

export function OverlapField({ value, onChange, error }: FieldProps) {
  const { i18n } = useApp();
  const { t } = i18n;
  const id = useId();
  return (
    <Fieldset legend={t("rotate.when")} error={error}>
      {WAYS.map((way) => (
        <div key={way} class="choice">
          <input
            type="radio"
            name={id}
            id={`${id}-${way}`}
            aria-describedby={`${id}-${way}-hint`}
            checked={way === value.way}
            onChange={() => onChange({ ...value, way })}
          />
          <label for={`${id}-${way}`}>{t(`rotate.${way}`)}</label>
          <p class="hint" id={`${id}-${way}-hint`}>
            {t(`rotate.${way}.hint`)}
          </p>
          {way === value.way && way !== "now" && (
            <div class="row after">
              <Duration
                label={t("rotate.overlap")}
                values={OVERLAPS}
                value={value.overlap}
                onChange={(overlap) => onChange({ ...value, overlap })}
              />
              {way === "first_use" && (
                <Duration
                  label={t("rotate.latest")}
                  values={LATEST.filter((seconds) => seconds >= value.overlap)}
                  value={Math.max(value.latest, value.overlap)}
                  onChange={(latest) => onChange({ ...value, latest })}
                />
              )}
            </div>
          )}
        </div>
      ))}
    </Fieldset>
  );
}

function Duration(props: { label: string; values: number[]; value: number; onChange: (seconds: number) => void }) {
  const { i18n } = useApp();
  return (
    <Field label={props.label}>
      {(control) => (
        <select
          {...control}
          value={String(props.value)}
          onChange={(event) => props.onChange(Number(event.currentTarget.value))}
        >
          {props.values.map((seconds) => (
            <option key={seconds} value={String(seconds)}>
              {i18n.duration(seconds)}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
