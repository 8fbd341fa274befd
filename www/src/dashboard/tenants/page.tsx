// All tenants by name, with search.

import type { ListedTenant } from "../../api/types";
import { useQuery } from "../../api/use_query";
import { Link, useApp } from "../../app";
import { Paging, usePlace } from "../../components/paging";
import { SearchField } from "../../components/search_field";
import { Empty, Loading, ProblemView } from "../../components/states";
import { Badge } from "../../components/status";
import { Table } from "../../components/table";
import { Time } from "../../i18n";
import { holds } from "../../rights";
import { BillingCard } from "../exports/billing";
import type { PageProps } from "../pages";
import { Frame } from "../parts/page";

const PAGE = 50;
const NAME = /^[A-Za-z0-9-][A-Za-z0-9_-]{0,63}$/;

export default function TenantsPage({ session }: PageProps) {
  const { client, router } = useApp();
  const place = usePlace();
  const { q } = router.params.value;
  const audit = holds(session.operator, "audit:read");
  const page = useQuery(client, [q, place.cursor], (signal) =>
    client.get("/v1/tenants", { query: { q, cursor: place.cursor, limit: PAGE }, signal }).then(({ data }) => data),
  );
  return (
    <Frame
      title="Tenants"
      lead="Your customers, by your own names for them. A tenant exists as soon as it has a key or a setting."
    >
      <search class="filters">
        <SearchField label="Search by a part of the name" />
      </search>
      {page.problem && <ProblemView problem={page.problem} onRetry={page.reload} />}
      {!page.data && page.loading && <Loading rows={8} />}
      {page.data && (
        <>
          <Table
            caption="Tenants"
            stale={page.loading}
            rows={page.data.tenants}
            keyOf={({ tenant }) => tenant}
            columns={[
              { id: "tenant", label: "Tenant", cell: (row) => <NameCell row={row} /> },
              {
                id: "standing",
                label: "Standing",
                cell: ({ suspended }) =>
                  suspended ? <Badge tone="bad">Suspended</Badge> : <Badge tone="good">Active</Badge>,
              },
              { id: "since", label: "Known since", cell: ({ created_at }) => <Time value={created_at} form="date" /> },
              {
                id: "links",
                label: "",
                name: "Pages",
                end: true,
                cell: ({ tenant }) => (
                  <span class="row-links">
                    <Link to={{ page: "keys", tenant }}>
                      Keys<span class="visually-hidden"> of {tenant}</span>
                    </Link>
                    {audit && (
                      <Link to={{ page: "audit", tenant }}>
                        Audit log<span class="visually-hidden"> of {tenant}</span>
                      </Link>
                    )}
                  </span>
                ),
              },
            ]}
            empty={<NoTenant q={q} />}
          />
          <Paging place={place} next={page.data.next_cursor} label="Pages of tenants" />
          {page.data.tenants.length > 0 && <BillingCard />}
        </>
      )}
    </Frame>
  );
}

function NameCell({ row }: { row: ListedTenant }) {
  return (
    <div class="name-cell">
      <Link to={{ page: "tenant", tenant: row.tenant }}>
        <bdi>{row.tenant}</bdi>
      </Link>
    </div>
  );
}

function NoTenant({ q }: { q: string | undefined }) {
  const { router } = useApp();
  if (!q) {
    return (
      <Empty title="No tenant yet">
        <p>The first key that you create for a customer makes its tenant.</p>
        <Link to={{ page: "keys" }} class="button primary">
          Create a key
        </Link>
      </Empty>
    );
  }
  return (
    <Empty title="No tenant has this in its name">
      {NAME.test(q) && (
        <p>
          A tenant needs no setting up: <Link to={{ page: "tenant", tenant: q }}>open “{q}”</Link> and give it a plan or
          its first key.
        </p>
      )}
      <button type="button" class="button" onClick={() => router.set({ q: undefined })}>
        Clear the search
      </button>
    </Empty>
  );
}
