// Limits and what is left of them.

import type { LimitState } from "../api/types";
import { useQuery } from "../api/use_query";
import { useApp } from "../app";
import { Time } from "../i18n";
import { useKeys } from "./context";

const NEAR = 0.8;

/** The limits on all keys together: how many there may be, and what is left of the limits that they share. */
export function SharedLimits() {
  const { client, i18n } = useApp();
  const { tenant, standing, version } = useKeys();
  const { t } = i18n;
  const shared = useQuery(client, [tenant, version], (signal) =>
    client.get("/v1/tenants/{tenant}/limits", { path: { tenant }, signal }).then(({ data }) => data.limits),
  );
  const most = standing.limits.max_active_keys;
  const { active } = standing.keys;
  // The list is of use without what is left, so a limiter that can't be reached isn't told here.
  const limits = shared.data ?? [];
  if (most === null && limits.length === 0) return null;
  return (
    <>
      {most !== null && active >= most && <p class="notice warn">{t("limits.keys_full", { most })}</p>}
      <section class="shared" aria-label={t("limits.shared")}>
        {most !== null && (
          <ul class="meters">
            <li>
              <span>{t("limits.keys")}</span>
              <span>{t("limits.keys_of", { active, most })}</span>
              <meter min={0} max={Math.max(most, active, 1)} high={most * NEAR} optimum={0} value={active} aria-label={t("limits.keys")} />
            </li>
          </ul>
        )}
        <LimitMeters limits={limits} />
      </section>
    </>
  );
}

/** A bar for each limit: how much of it is left, and when there is more. */
export function LimitMeters({ limits }: { limits: readonly LimitState[] }) {
  const { i18n } = useApp();
  const { t } = i18n;
  return (
    <ul class="meters">
      {limits.map((limit) => (
        <li key={`${limit.kind} ${limit.name}`}>
          <span class="meter-name">
            <code>{limit.name}</code> <span class="fine">{t(limit.per === "key" ? "limits.per_key" : "limits.per_tenant")}</span>
          </span>
          <span>
            {t("limits.left", { left: limit.remaining, limit: limit.limit })}{" "}
            <span class="fine">
              {limit.kind === "rate" ? t("limits.window", { window: i18n.duration(limit.window_seconds ?? 0) }) : t(`limits.period.${limit.period ?? "day"}`)}
            </span>
          </span>
          <meter
            min={0}
            max={Math.max(limit.limit, limit.remaining)}
            low={limit.limit * (1 - NEAR)}
            value={limit.remaining}
            aria-label={t("limits.meter", { name: limit.name, left: limit.remaining, limit: limit.limit })}
          />
          {limit.remaining < limit.limit && (
            <span class="fine">
              {t("limits.resets")} <Time value={limit.resets_at} form={limit.kind === "rate" ? "second" : "minute"} />
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}
