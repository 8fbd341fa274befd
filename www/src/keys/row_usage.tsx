// The use of a key in the list: three sums, and a line of the week. The line's numbers are asked for when its row is
// seen, a few at a time.

import { useEffect, useRef, useState } from "preact/hooks";

import type { Key, UsageHour } from "../api/types";
import { useApp } from "../app";
import { Sparkline } from "../components/chart";
import { useKeys } from "./context";

const PERIODS = ["24h", "7d", "30d"] as const;

export function RowUsage({ row }: { row: Key }) {
  const { i18n } = useApp();
  const { usage } = row;
  if (!usage) return null;
  const total = ({ allowed, refused }: { allowed: number; refused: number }): number => allowed + refused;
  if (total(usage["30d"]) === 0) return <span class="fine">{i18n.t("usage.none")}</span>;
  return (
    <div class="row-usage">
      {total(usage["7d"]) > 0 && <Line row={row} />}
      <dl>
        {PERIODS.map((period) => (
          <div key={period} title={i18n.t("usage.counts", usage[period])}>
            <dt>{i18n.t(`period.${period}`)}</dt>
            <dd>{i18n.number(usage[period].allowed)}</dd>
          </div>
        ))}
      </dl>
      {usage["30d"].refused > 0 && <span class="refused">{i18n.t("usage.refused_in", { n: usage["30d"].refused })}</span>}
    </div>
  );
}

function Line({ row }: { row: Key }) {
  const { client, i18n } = useApp();
  const { tenant } = useKeys();
  const place = useRef<HTMLSpanElement>(null);
  const [hourly, setHourly] = useState<readonly UsageHour[]>();
  useEffect(() => {
    if (!place.current) return;
    const abort = new AbortController();
    const load = (): Promise<void> =>
      client
        .get("/v1/tenants/{tenant}/keys/{id}/usage", { path: { tenant, id: row.id }, query: { period: "7d" }, signal: abort.signal })
        .then(({ data }) => setHourly(data.hourly));
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      seen.disconnect();
      enqueue(load, abort.signal);
    });
    seen.observe(place.current);
    return () => {
      seen.disconnect();
      abort.abort();
    };
  }, [tenant, row.id]);
  const { allowed, refused } = row.usage?.["7d"] ?? { allowed: 0, refused: 0 };
  const label = i18n.t("usage.sentence", { allowed, refused });
  return (
    <span ref={place} class="line">
      {hourly && <Sparkline hourly={hourly} label={label} />}
    </span>
  );
}

const AT_ONCE = 4;
const queue: { load: () => Promise<void>; signal: AbortSignal }[] = [];
let running = 0;

/** Runs a few at a time; what is no longer wanted when its turn comes is left out. A failure leaves the line out. */
function enqueue(load: () => Promise<void>, signal: AbortSignal): void {
  queue.push({ load, signal });
  next();
}

function next(): void {
  while (running < AT_ONCE) {
    const job = queue.shift();
    if (!job) return;
    if (job.signal.aborted) continue;
    running += 1;
    job.load()
      .catch(() => {})
      .finally(() => {
        running -= 1;
        next();
      });
  }
}
