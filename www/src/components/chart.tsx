// Uses over time: a line beside a key, and bars with the same numbers as a table.

import { useId } from "preact/hooks";

import type { UsageHour } from "../api/types";
import { useI18n } from "../i18n";

interface Bucket {
  from: string;
  allowed: number;
  refused: number;
}

/** Sums hours up into so many parts of equal length. */
export function buckets(hourly: readonly UsageHour[], parts: number): Bucket[] {
  const length = Math.max(1, Math.ceil(hourly.length / parts));
  const sums: Bucket[] = [];
  hourly.forEach((hour, at) => {
    const index = Math.floor(at / length);
    const sum = (sums[index] ??= { from: hour.hour, allowed: 0, refused: 0 });
    sum.allowed += hour.allowed;
    sum.refused += hour.refused;
  });
  return sums;
}

const LINE = { width: 112, height: 22, parts: 28 };

/** A bar for each quarter of a day of a week, refused uses on top. `label` is what it says, as a sentence. */
export function Sparkline({ hourly, label }: { hourly: readonly UsageHour[]; label: string }) {
  const sums = buckets(hourly, LINE.parts);
  const most = Math.max(1, ...sums.map((each) => each.allowed + each.refused));
  const step = LINE.width / LINE.parts;
  // A bar for even one request can be seen, however many more there were at other times.
  const scale = (value: number): number => (value === 0 ? 0 : Math.max(1.5, (value * (LINE.height - 1)) / most));
  const bars = (from: (bucket: Bucket) => number, height: (bucket: Bucket) => number): string =>
    sums
      .map((each, at) => (height(each) > 0 ? `M${(at + 0.5) * step} ${LINE.height - 1 - from(each)}v${-height(each)}` : ""))
      .join("");
  return (
    <svg class="sparkline" role="img" aria-label={label} viewBox={`0 0 ${LINE.width} ${LINE.height}`} preserveAspectRatio="none">
      <path d={`M0 ${LINE.height - 0.5}h${LINE.width}`} class="base" />
      <path d={bars(() => 0, ({ allowed }) => scale(allowed))} class="allowed" />
      <path d={bars(({ allowed }) => scale(allowed), ({ refused }) => scale(refused))} class="refused" />
    </svg>
  );
}

const CHART = { width: 720, height: 160, gap: 0.25 };

interface BarChartProps {
  hourly: readonly UsageHour[];
  /** How many bars: 24 hours, 28 parts of a week, 30 days. */
  bars: number;
  caption: string;
  /** Names a bucket by its beginning. */
  nameOf: (from: string) => string;
}

/** Bars of allowed uses with refused ones, hatched, on top. The table under it has the same numbers. */
export function BarChart({ hourly, bars, caption, nameOf }: BarChartProps) {
  const i18n = useI18n();
  const id = useId();
  const sums = buckets(hourly, bars);
  const most = ceiling(Math.max(1, ...sums.map((each) => each.allowed + each.refused)));
  const step = CHART.width / Math.max(1, sums.length);
  const scale = (value: number): number => (value * CHART.height) / most;
  return (
    <figure class="chart">
      <figcaption>{caption}</figcaption>
      <div class="chart-legend" aria-hidden="true">
        <span class="key-allowed">{i18n.t("usage.allowed")}</span>
        <span class="key-refused">{i18n.t("usage.refused")}</span>
      </div>
      <div class="bars-box">
        <span class="chart-most" aria-hidden="true">
          {i18n.number(most)}
        </span>
        <svg viewBox={`0 0 ${CHART.width} ${CHART.height}`} preserveAspectRatio="none" aria-hidden="true" class="bars">
          <defs>
            <pattern id={id} width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
              <rect width="2" height="4" class="hatch" />
            </pattern>
          </defs>
          {[0.25, 0.5, 0.75].map((part) => (
            <line key={part} x1="0" x2={CHART.width} y1={CHART.height * part} y2={CHART.height * part} class="grid" />
          ))}
          {sums.map((each, at) => {
            const allowed = scale(each.allowed);
            const refused = scale(each.refused);
            const at_x = at * step + (step * CHART.gap) / 2;
            const width = step * (1 - CHART.gap);
            return (
              <g key={each.from}>
                <title>{`${nameOf(each.from)}: ${i18n.t("usage.counts", { allowed: each.allowed, refused: each.refused })}`}</title>
                <rect x={at * step} y="0" width={step} height={CHART.height} class="hit" />
                <rect x={at_x} y={CHART.height - allowed} width={width} height={allowed} class="allowed" />
                <rect x={at_x} y={CHART.height - allowed - refused} width={width} height={refused} class="refused" />
                <rect x={at_x} y={CHART.height - allowed - refused} width={width} height={refused} fill={`url(#${id})`} />
              </g>
            );
          })}
        </svg>
      </div>
      <div class="chart-ends" aria-hidden="true">
        <span>{sums[0] && nameOf(sums[0].from)}</span>
        <span>{sums.length > 1 && nameOf(sums[sums.length - 1]!.from)}</span>
      </div>
      <details>
        <summary>{i18n.t("usage.as_table")}</summary>
        <table class="plain">
          <caption class="visually-hidden">{caption}</caption>
          <thead>
            <tr>
              <th scope="col">{i18n.t("usage.from")}</th>
              <th scope="col" class="end">{i18n.t("usage.allowed")}</th>
              <th scope="col" class="end">{i18n.t("usage.refused")}</th>
            </tr>
          </thead>
          <tbody>
            {sums.map((each) => (
              <tr key={each.from}>
                <th scope="row">{nameOf(each.from)}</th>
                <td class="end">{i18n.number(each.allowed)}</td>
                <td class="end">{i18n.number(each.refused)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}

/** The next round number. */
function ceiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((each) => each * power >= value) ?? 10) * power;
}
