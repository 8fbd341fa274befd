// One tenant: how it stands, what it may use and has used, and what operators can do about it.

import { useState } from "preact/hooks";

import type { Plans, Tenant } from "../../api/types";
import { useQuery } from "../../api/use_query";
import { Link, useApp } from "../../app";
import { Empty, Loading, ProblemView } from "../../components/states";
import { Badge } from "../../components/status";
import { Table } from "../../components/table";
import { holds } from "../../rights";
import { adopt } from "../../styles/sheets";
import { BackupCard } from "../exports/backup";
import { BillingCard } from "../exports/billing";
import { everywhere, type PageProps } from "../pages";
import { Card, Frame, Tile } from "../parts/page";
import { UsageCard } from "../parts/usage";
import { useLanding } from "../parts/use_landing";
import { EditTenant } from "./edit";
import { Allowances, PlanCard } from "./plan";
import { PortalLink } from "./portal_link";
import { Resume, Suspend } from "./suspend";
import styles from "./tenants.css";

adopt(document, styles);

type Open = "edit" | "suspend" | "resume" | "portal";

export default function TenantPage({ session }: PageProps) {
  const { router } = useApp();
  const { operator } = session;
  const tenant = everywhere(operator) ? router.params.value["tenant"] : operator.tenant;
  if (tenant !== undefined) return <TenantView key={tenant} tenant={tenant} session={session} />;
  return (
    <Frame title="Tenant">
      <Empty title="The address names no tenant">
        <Link to={{ page: "tenants" }}>Choose one from the list</Link>
      </Empty>
    </Frame>
  );
}

function TenantView({ tenant, session }: PageProps & { tenant: string }) {
  const { client } = useApp();
  const { operator } = session;
  const all = everywhere(operator);
  const [open, setOpen] = useState<Open>();
  const known = useQuery(client, [tenant], async (signal) => {
    const [{ data }, { data: plans }] = await Promise.all([
      client.get("/v1/tenants/{tenant}", { path: { tenant }, signal }),
      client.get("/v1/plans", { signal }),
    ]);
    return { tenant: data, plans };
  });
  useLanding(known.data?.tenant);
  const write = holds(operator, "keys:write");
  const { data } = known;
  return (
    <Frame
      above={
        all && (
          <Link to={{ page: "tenants" }} class="back">
            All tenants
          </Link>
        )
      }
      title={
        <>
          <bdi>{tenant}</bdi> {data?.tenant.suspended && <Badge tone="bad">Suspended</Badge>}
        </>
      }
      actions={
        <>
          <Link to={{ page: "keys", tenant }} class="button">
            Keys
          </Link>
          {holds(operator, "audit:read") && (
            <Link to={{ page: "audit", tenant }} class="button">
              Audit log
            </Link>
          )}
          {holds(operator, "events:read") && (
            <Link to={{ page: "events", tenant }} class="button">
              Events
            </Link>
          )}
          {write && (
            <button type="button" class="button" onClick={() => setOpen("portal")}>
              Open the customer’s page
            </button>
          )}
          {write && all && data && !data.tenant.suspended && (
            <button type="button" class="button danger-text" onClick={() => setOpen("suspend")}>
              Suspend
            </button>
          )}
        </>
      }
    >
      {known.problem && <ProblemView problem={known.problem} onRetry={known.reload} />}
      {!data && known.loading && <Loading rows={6} />}
      {data && (
        <>
          {data.tenant.suspended && (
            <div class="notice bad">
              <p>All keys of this tenant are out of use: requests with them are refused as TENANT_SUSPENDED.</p>
              {write && all && (
                <button type="button" class="button" onClick={() => setOpen("resume")}>
                  Resume the tenant
                </button>
              )}
            </div>
          )}
          <Counts tenant={data.tenant} />
          <div class="columns">
            <div class="stack">
              <UsageCard tenant={tenant} />
              <Allowances tenant={data.tenant} plans={data.plans} mayAdd={write && all} />
            </div>
            <aside class="stack" aria-label="About this tenant">
              <PlanCard
                tenant={data.tenant}
                plans={data.plans}
                {...(write && all && { onEdit: () => setOpen("edit") })}
              />
              <Secrets tenant={data.tenant} />
              <BillingCard tenant={tenant} />
              {holds(operator, "tenants:export") && <BackupCard tenant={tenant} />}
            </aside>
          </div>
          <Dialogs
            open={open}
            onChanged={known.reload}
            onClose={() => setOpen(undefined)}
            tenant={data.tenant}
            plans={data.plans}
            session={session}
          />
        </>
      )}
    </Frame>
  );
}

interface DialogsProps extends PageProps {
  open: Open | undefined;
  onChanged: () => void;
  onClose: () => void;
  tenant: Tenant;
  plans: Plans;
}

function Dialogs({ open, onChanged, onClose, tenant, plans, session }: DialogsProps) {
  switch (open) {
    case "edit":
      return <EditTenant original={tenant} plans={plans} onChanged={onChanged} onClose={onClose} />;
    case "suspend":
      return <Suspend tenant={tenant} onChanged={onChanged} onClose={onClose} />;
    case "resume":
      return <Resume tenant={tenant} onChanged={onChanged} onClose={onClose} />;
    case "portal":
      return <PortalLink tenant={tenant.tenant} session={session} onClose={onClose} />;
    case undefined:
      return null;
  }
}

const STATUSES = { active: "Active keys", disabled: "Disabled", expired: "Expired", revoked: "Revoked" } as const;

function Counts({ tenant: { tenant, keys, limits } }: { tenant: Tenant }) {
  const { i18n } = useApp();
  const most = limits.max_active_keys;
  return (
    <dl class="tiles">
      {(Object.keys(STATUSES) as (keyof typeof STATUSES)[]).map((status) => (
        <Tile key={status} label={STATUSES[status]}>
          <Link to={{ page: "keys", tenant, status: status === "active" ? undefined : status }}>
            {i18n.number(keys[status])}
          </Link>
          {status === "active" && most !== null && (
            <span class={keys.active >= most ? "fine danger-text" : "fine"}>
              of {i18n.number(most)} at most{keys.active >= most && ": full"}
            </span>
          )}
        </Tile>
      ))}
    </dl>
  );
}

/** Which of KEYSTILE_SECRET's values keys depend on: an old one may go once no tenant's do. */
function Secrets({ tenant: { secrets } }: { tenant: Tenant }) {
  const { i18n } = useApp();
  return (
    <Card title="Secrets in use">
      <Table
        caption="Secrets in use"
        rows={secrets}
        keyOf={({ fingerprint }) => fingerprint}
        columns={[
          {
            id: "secret",
            label: "Fingerprint",
            cell: ({ fingerprint, configured }) => (
              <div class="name-cell">
                <code>{fingerprint}</code>
                {!configured && <Badge tone="bad">Not configured</Badge>}
              </div>
            ),
          },
          { id: "keys", label: "Living keys", end: true, cell: ({ keys }) => i18n.number(keys) },
        ]}
        empty={<p class="quiet">No key depends on a secret.</p>}
      />
      {secrets.some(({ configured, keys }) => !configured && keys > 0) && (
        <p class="notice bad">
          Keys of a secret that isn’t configured are refused as MALFORMED. Put it back into KEYSTILE_SECRET, or replace
          these keys.
        </p>
      )}
    </Card>
  );
}
