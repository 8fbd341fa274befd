// The keys of one tenant, and the choice of it.

import { useCallback, useMemo, useState } from "preact/hooks";

import { useQuery } from "../../api/use_query";
import { Link, useApp } from "../../app";
import { Dialog } from "../../components/dialog";
import { Empty, Loading, ProblemView } from "../../components/states";
import { Badge } from "../../components/status";
import type { Standing } from "../../keys/context";
import { KeysApp } from "../../keys/keys_app";
import { rightsOfOperator } from "../../rights";
import type { PageProps } from "../pages";

export default function KeysPage({ session }: PageProps) {
  const { client, router } = useApp();
  const rights = useMemo(() => rightsOfOperator(session), [session]);
  const own = session.operator.tenant;
  const tenant = own === "*" ? router.params.value["tenant"] : own;
  const standing = useCallback(
    (signal: AbortSignal): Promise<Standing> =>
      client
        .get("/v1/tenants/{tenant}", { path: { tenant: tenant ?? "" }, signal })
        .then(({ data }) => ({ keys: data.keys, limits: data.limits })),
    [client, tenant],
  );
  if (tenant === undefined) return <ChooseTenant />;
  const title = (
    <>
      Keys of <bdi>{tenant}</bdi>
    </>
  );
  return (
    <KeysApp
      key={tenant}
      tenant={tenant}
      rights={rights}
      standing={standing}
      title={title}
      beside={rights.everywhere && <Switch />}
    />
  );
}

function ChooseTenant() {
  return (
    <section class="keys">
      <header class="page-head">
        <div>
          <h1 class="title" tabIndex={-1} data-landing>
            Keys
          </h1>
          <p class="lead">Each key belongs to a tenant: one of your customers. Whose keys?</p>
        </div>
      </header>
      <TenantSearch />
    </section>
  );
}

function Switch() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" class="button small" aria-haspopup="dialog" onClick={() => setOpen(true)}>
        Another tenant
      </button>
      {open && (
        <Dialog title="Whose keys?" onClose={() => setOpen(false)}>
          <TenantSearch onChosen={() => setOpen(false)} />
        </Dialog>
      )}
    </>
  );
}

const SHOWN = 20;

/** Finds a tenant by a part of its name. One that has no keys yet can be opened by its whole name. */
function TenantSearch({ onChosen }: { onChosen?: () => void }) {
  const { client } = useApp();
  const [text, setText] = useState("");
  const q = text.trim();
  const found = useQuery(client, [q], (signal) =>
    client.get("/v1/tenants", { query: { q, limit: SHOWN }, signal }).then(({ data }) => data),
  );
  const tenants = found.data?.tenants ?? [];
  const fresh = /^[A-Za-z0-9-][A-Za-z0-9_-]{0,63}$/.test(q) && !tenants.some(({ tenant }) => tenant === q);
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
      {found.data && tenants.length === 0 && !fresh && <Empty title={q ? "No tenant fits" : "There is no tenant yet"}>{q ? "A tenant's name has letters, digits, - and _ alone." : "Type a name of your own for the first one: it exists as soon as it has a key."}</Empty>}
      <ul class="tenants" onClick={onChosen}>
        {tenants.map(({ tenant, suspended }) => (
          <li key={tenant}>
            <Link to={{ page: "keys", tenant }}>
              <bdi>{tenant}</bdi>
              {suspended && <Badge tone="bad">Suspended</Badge>}
            </Link>
          </li>
        ))}
        {fresh && !found.loading && (
          <li>
            <Link to={{ page: "keys", tenant: q }}>
              <bdi>{q}</bdi> <span class="fine">has no keys yet</span>
            </Link>
          </li>
        )}
      </ul>
      {found.data?.next_cursor && <p class="fine">There are more. Type a part of the name.</p>}
    </div>
  );
}
