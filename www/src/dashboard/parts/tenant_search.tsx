// Finds a tenant by a part of its name, as the way to a page of it.

import { useState } from "preact/hooks";

import { useQuery } from "../../api/use_query";
import { Link, useApp } from "../../app";
import { Empty, Loading, ProblemView } from "../../components/states";
import { Badge } from "../../components/status";

const SHOWN = 20;

interface TenantSearchProps {
  /** The page that is opened for the tenant. */
  page: string;
  /** The words for a tenant that there isn't yet. */
  fresh: string;
  onChosen?: () => void;
}

/** One that isn't there yet can be opened by its whole name. */
export function TenantSearch({ page, fresh, onChosen }: TenantSearchProps) {
  const { client } = useApp();
  const [text, setText] = useState("");
  const q = text.trim();
  const found = useQuery(client, [q], (signal) =>
    client.get("/v1/tenants", { query: { q, limit: SHOWN }, signal }).then(({ data }) => data),
  );
  const tenants = found.data?.tenants ?? [];
  const isNew = /^[A-Za-z0-9-][A-Za-z0-9_-]{0,63}$/.test(q) && !tenants.some(({ tenant }) => tenant === q);
  return (
    <div class="stack">
      <input
        type="search"
        aria-label="Search tenants by name"
        placeholder="Search tenants by name"
        maxLength={100}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      {found.problem && <ProblemView problem={found.problem} onRetry={found.reload} />}
      {!found.data && found.loading && <Loading />}
      {found.data && tenants.length === 0 && !isNew && <Empty title={q ? "No tenant fits" : "There is no tenant yet"}>{q ? "A tenant's name has letters, digits, - and _ alone." : "Type a name of your own for the first one: it exists as soon as it has a key."}</Empty>}
      <ul class="tenants" onClick={onChosen}>
        {tenants.map(({ tenant, suspended }) => (
          <li key={tenant}>
            <Link to={{ page, tenant }}>
              <bdi>{tenant}</bdi>
              {suspended && <Badge tone="bad">Suspended</Badge>}
            </Link>
          </li>
        ))}
        {isNew && !found.loading && (
          <li>
            <Link to={{ page, tenant: q }}>
              <bdi>{q}</bdi> <span class="fine">{fresh}</span>
            </Link>
          </li>
        )}
      </ul>
      {found.data?.next_cursor && <p class="fine">There are more. Type a part of the name.</p>}
    </div>
  );
}
