// Shows how many requests the edges allowed and refused, of one tenant or of all.

import type { UsageByCode, UsagePeriod } from "../../api/types";
import { useQuery } from "../../api/use_query";
import { useApp } from "../../app";
import { BarChart } from "../../components/chart";
import { Loading, ProblemView } from "../../components/states";
import { Card, Segments } from "./page";
import { Refusals } from "./refusals";
import { share } from "./share";

const BARS = { "24h": 24, "7d": 28, "30d": 30 } as const;
const NAMES = { "24h": "24 hours", "7d": "7 days", "30d": "30 days" } as const;
const PERIODS = Object.keys(BARS) as UsagePeriod[];

/** `tenant` is undefined for all of them. The period stands in the address. Another `version` asks again. */
export function UsageCard({ tenant, version = 0 }: { tenant?: string; version?: number }) {
  const { client, router, i18n } = useApp();
  const wanted = router.params.value["period"] as UsagePeriod | undefined;
  const period = PERIODS.find((each) => each === wanted) ?? "24h";
  const usage = useQuery(client, [tenant, period, version], async (signal) =>
    tenant === undefined
      ? (await client.get("/v1/usage", { query: { period }, signal })).data
      : (await client.get("/v1/tenants/{tenant}/usage", { path: { tenant }, query: { period }, signal })).data,
  );
  const { data } = usage;
  const name = (from: string): string =>
    ({ "24h": i18n.hour, "7d": i18n.dateMinute, "30d": i18n.date })[data?.period ?? "24h"](from);
  return (
    <Card
      title="Verdicts on keys"
      stale={usage.loading && data !== undefined}
      tools={
        <Segments
          label="Period"
          values={PERIODS.map((each) => [each, NAMES[each]] as const)}
          value={period}
          onChange={(to) => router.set({ period: to === "24h" ? undefined : to }, { replace: true })}
        />
      }
    >
      {usage.problem && <ProblemView problem={usage.problem} onRetry={usage.reload} />}
      {!data && usage.loading && <Loading rows={5} />}
      {data && (
        <>
          <Sums usage={data[data.period]} />
          <BarChart
            hourly={data.hourly}
            bars={BARS[data.period]}
            caption={`Allowed and refused requests, ${NAMES[data.period]}`}
            nameOf={name}
          />
          <Refusals usage={data[data.period]} {...(tenant !== undefined && { tenant })} />
        </>
      )}
    </Card>
  );
}

function Sums({ usage }: { usage: UsageByCode }) {
  const { i18n } = useApp();
  const all = usage.allowed + usage.refused;
  return (
    <dl class="outcomes">
      <div>
        <dt>Verified</dt>
        <dd>{i18n.number(all)}</dd>
      </div>
      <div>
        <dt>Allowed</dt>
        <dd>{i18n.number(usage.allowed)}</dd>
      </div>
      <div>
        <dt>Refused</dt>
        <dd>
          {i18n.number(usage.refused)}{" "}
          {usage.refused > 0 && <span class="share">{share(i18n.locale, usage.refused / all)}</span>}
        </dd>
      </div>
    </dl>
  );
}
