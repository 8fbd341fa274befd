// Where operators begin: what the edges let in and refused, and what needs somebody before it becomes an incident.

import { useState } from "preact/hooks";

import { useQuery } from "../../api/use_query";
import { Link, useApp } from "../../app";
import { Empty, Loading, ProblemView } from "../../components/states";
import { Time } from "../../i18n";
import { everywhere, type PageProps } from "../pages";
import { Frame, Tile } from "../parts/page";
import { UsageCard } from "../parts/usage";
import { overviewOf, overviewOfAll, type ShownOverview } from "./overview";
import { NearCaps, WatchedCard } from "./watched";

const USUAL = { expiring: 30, unused: 90 };
const MOST_DAYS = 3650;
const MONITORING = "https://github.com/keystile/keystile/blob/main/docs/guide/monitoring.md";

export default function OverviewPage({ session }: PageProps) {
  const { client, router } = useApp();
  const tenant = everywhere(session.operator) ? undefined : session.operator.tenant;
  const watch = {
    expiring: daysOf(router.params.value["expiring"]) ?? USUAL.expiring,
    unused: daysOf(router.params.value["unused"]) ?? USUAL.unused,
  };
  const [refreshed, setRefreshed] = useState(0);
  const overview = useQuery(client, [tenant, watch.expiring, watch.unused, refreshed], (signal) =>
    tenant === undefined ? overviewOfAll(client, watch, signal) : overviewOf(client, tenant, watch, signal),
  );
  const { data } = overview;
  const stale = overview.loading && data !== undefined;
  return (
    <Frame
      title={tenant === undefined ? "Overview" : <bdi>{tenant}</bdi>}
      lead={
        data && (
          <>
            As of <Time value={data.as_of} form="second" />.{" "}
            {tenant === undefined
              ? "Tenants report within a minute."
              : "Uses are counted at the edge, and a few seconds late."}
          </>
        )
      }
      actions={
        <button
          type="button"
          class="button"
          aria-disabled={overview.loading}
          onClick={() => !overview.loading && setRefreshed(refreshed + 1)}
        >
          Refresh
        </button>
      }
    >
      {overview.problem && <ProblemView problem={overview.problem} onRetry={overview.reload} />}
      {tenant === undefined && data?.tenants === 0 && <FirstSteps />}
      {data && <Totals overview={data} tenant={tenant} />}
      <UsageCard version={refreshed} {...(tenant !== undefined && { tenant })} />
      {!data && overview.loading && <Loading rows={6} />}
      {data && (
        <div class="halves">
          <div class="stack">
            <WatchedCard
              kind="expiring"
              watched={data.expiring}
              days={watch.expiring}
              tenants={tenant === undefined}
              stale={stale}
            />
            <NearCaps near={data.near_caps} stale={stale} />
          </div>
          <WatchedCard
            kind="unused"
            watched={data.unused}
            days={watch.unused}
            tenants={tenant === undefined}
            stale={stale}
          />
        </div>
      )}
      {tenant === undefined && (
        <p class="fine">
          What waits, and whether all parts answer, is told by <a href={MONITORING}>the metrics</a>, with alerts and a
          dashboard for Grafana.
        </p>
      )}
    </Frame>
  );
}

/** The first steps, shown while there is no tenant yet. */
function FirstSteps() {
  return (
    <Empty title="Nothing here yet">
      <p>Name one of your customers, and make the first key for them. The tenant exists as soon as it has a key.</p>
      <p>
        <Link to={{ page: "keys" }} class="button primary">
          Make the first key
        </Link>
      </p>
    </Empty>
  );
}

/** A number of days from the address, if it is one that the API takes. */
function daysOf(text: string | undefined): number | undefined {
  const days = Number(text);
  return Number.isInteger(days) && days >= 1 && days <= MOST_DAYS ? days : undefined;
}

function Totals({ overview, tenant }: { overview: ShownOverview; tenant: string | undefined }) {
  const { i18n } = useApp();
  const { keys, suspended } = overview;
  const count = (status: keyof typeof keys, label: string) => (
    <Tile label={label}>
      {tenant === undefined ? (
        i18n.number(keys[status])
      ) : (
        <Link to={{ page: "keys", tenant, status: status === "active" ? undefined : status }}>
          {i18n.number(keys[status])}
        </Link>
      )}
    </Tile>
  );
  return (
    <>
      {tenant !== undefined && suspended > 0 && (
        <p class="notice bad">
          This tenant is suspended: all of its keys are refused. Operators of all tenants can resume it.
        </p>
      )}
      <dl class="tiles">
        {tenant === undefined && (
          <Tile label="Tenants">
            <Link to={{ page: "tenants" }}>{i18n.number(overview.tenants)}</Link>
            <span class="fine">{suspended > 0 ? `${i18n.number(suspended)} suspended` : "none suspended"}</span>
          </Tile>
        )}
        {count("active", "Active keys")}
        {count("disabled", "Disabled")}
        {count("expired", "Expired")}
        {count("revoked", "Revoked")}
      </dl>
    </>
  );
}
