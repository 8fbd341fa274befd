// The keys of one tenant, and the choice of it.

import { useCallback, useMemo, useState } from "preact/hooks";

import { useApp } from "../../app";
import { Dialog } from "../../components/dialog";
import type { Standing } from "../../keys/context";
import { KeysApp } from "../../keys/keys_app";
import { rightsOfOperator } from "../../rights";
import type { PageProps } from "../pages";
import { TenantSearch } from "../parts/tenant_search";

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
      <TenantSearch page="keys" fresh="has no keys yet" />
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
          <TenantSearch page="keys" fresh="has no keys yet" onChosen={() => setOpen(false)} />
        </Dialog>
      )}
    </>
  );
}
