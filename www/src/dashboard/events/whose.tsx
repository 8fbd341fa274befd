// The way between the deployment's endpoints and those of tenants.

import { useState } from "preact/hooks";

import { Link } from "../../app";
import { Dialog } from "../../components/dialog";
import { TenantSearch } from "../parts/tenant_search";

export function Whose({ tenant }: { tenant: string | undefined }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      {tenant !== undefined && (
        <Link to={{ page: "events" }} class="button">
          Of the deployment
        </Link>
      )}
      <button type="button" class="button" aria-haspopup="dialog" onClick={() => setOpen(true)}>
        {tenant === undefined ? "Of a tenant" : "Of another tenant"}
      </button>
      {open && (
        <Dialog title="Whose endpoints?" onClose={() => setOpen(false)}>
          <TenantSearch page="events" fresh="is not there yet" onChosen={() => setOpen(false)} />
        </Dialog>
      )}
    </>
  );
}
