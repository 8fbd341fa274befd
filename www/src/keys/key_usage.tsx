// The use of one key over a day, a week and a month, by outcome; and the answer to "is it still used?".

import type { Key, UsageByCode, UsagePeriod } from "../api/types";
import { useQuery } from "../api/use_query";
import { useApp } from "../app";
import { BarChart } from "../components/chart";
import { Loading, ProblemView } from "../components/states";
import { Time } from "../i18n";
import { Subtitle, useKeys } from "./context";

const PERIODS = { "24h": 24, "7d": 28, "30d": 30 } as const;

export function KeyUsage({ id }: { id: string }) {
  const { client, router, i18n } = useApp();
  const { tenant } = useKeys();
  const { t } = i18n;
  const wanted = router.params.value["period"] as UsagePeriod | undefined;
  const period = wanted && wanted in PERIODS ? wanted : "7d";
  const usage = useQuery(client, [tenant, id, period], (signal) =>
    client.get("/v1/tenants/{tenant}/keys/{id}/usage", { path: { tenant, id }, query: { period }, signal }).then(({ data }) => data),
  );
  const name = (from: string): string => (period === "30d" ? i18n.date(from) : i18n.hour(from));
  return (
    <section class="card">
      <header class="card-head">
        <Subtitle>{t("usage.title")}</Subtitle>
        <div class="segments" role="group" aria-label={t("usage.period")}>
          {(Object.keys(PERIODS) as UsagePeriod[]).map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={each === period}
              onClick={() => router.set({ period: each === "7d" ? undefined : each }, { replace: true })}
            >
              {t(`period.${each}`)}
            </button>
          ))}
        </div>
      </header>
      {usage.problem && <ProblemView problem={usage.problem} onRetry={usage.reload} />}
      {!usage.data && usage.loading && <Loading rows={4} />}
      {usage.data && (
        <>
          <Outcomes usage={usage.data[period]} />
          <BarChart hourly={usage.data.hourly} bars={PERIODS[usage.data.period]} caption={t(`usage.caption.${period}`)} nameOf={name} />
          <p class="fine">{t("usage.late")}</p>
        </>
      )}
    </section>
  );
}

/** The sums of a period: how many were let in, and how many were refused for which reason. */
export function Outcomes({ usage }: { usage: UsageByCode }) {
  const { i18n } = useApp();
  const refused = Object.entries(usage.codes).filter(([code]) => code !== "VALID");
  return (
    <dl class="outcomes">
      <div>
        <dt>{i18n.t("usage.allowed")}</dt>
        <dd>{i18n.number(usage.allowed)}</dd>
      </div>
      <div>
        <dt>{i18n.t("usage.refused")}</dt>
        <dd>{i18n.number(usage.refused)}</dd>
      </div>
      {refused.map(([code, count]) => (
        <div key={code} class="code">
          <dt>
            <code>{code}</code>
          </dt>
          <dd>{i18n.number(count)}</dd>
        </div>
      ))}
    </dl>
  );
}

const DAY_MS = 86_400_000;
const QUIET_DAYS = 30;

/** Says in a sentence whether somebody still uses the key, and what that means. */
export function StillUsed({ value }: { value: Key }) {
  const { i18n } = useApp();
  const { t } = i18n;
  const last = value.last_used_at;
  if (!last) {
    const age = Math.floor((Date.now() - Date.parse(value.created_at)) / DAY_MS);
    return (
      <section class="card still-used">
        <Subtitle>{t("still_used.title")}</Subtitle>
        <p>{t(age >= QUIET_DAYS ? "still_used.never_old" : "still_used.never", { n: age })}</p>
      </section>
    );
  }
  const days = Math.floor((Date.now() - Date.parse(last)) / DAY_MS);
  const tone = days < 1 ? "today" : days < QUIET_DAYS ? "lately" : "quiet";
  return (
    <section class="card still-used">
      <Subtitle>{t("still_used.title")}</Subtitle>
      <p>
        {t(`still_used.${tone}`)} {t("last_used")} <Time value={last} /> (<Time value={last} form="second" />).
      </p>
    </section>
  );
}
