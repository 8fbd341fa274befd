// The endpoints of the deployment or of a tenant.

import { useState } from "preact/hooks";

import type { EventEndpoint } from "../../api/types";
import { useQuery } from "../../api/use_query";
import { Link, useApp } from "../../app";
import { MenuButton } from "../../components/menu";
import { Empty, Loading, ProblemView } from "../../components/states";
import { type Column, Table } from "../../components/table";
import { Time } from "../../i18n";
import { Frame } from "../parts/page";
import { useLanding } from "../parts/use_landing";
import { ActionDialog, actionsOn, type Open } from "./actions";
import type { Endpoints } from "./endpoints";
import { NewEndpoint } from "./new";
import { Standing } from "./standing";
import { Whose } from "./whose";

const GUIDE = "https://github.com/keystile/keystile/blob/main/docs/guide/events.md";

interface Props {
  endpoints: Endpoints;
  write: boolean;
  /** Whether the reader may look for tenants. */
  choice: boolean;
}

export function EndpointList({ endpoints, write, choice }: Props) {
  const { client } = useApp();
  const { tenant } = endpoints;
  const [open, setOpen] = useState<Open | "new">();
  const list = useQuery(client, [tenant], (signal) => endpoints.list(signal), { keep: false });
  useLanding(list.data);
  return (
    <Frame
      title={
        tenant === undefined ? (
          "Events"
        ) : (
          <>
            Events of <bdi>{tenant}</bdi>
          </>
        )
      }
      lead={
        tenant === undefined
          ? "What happens to keys is told to these endpoints, as webhooks: of all tenants."
          : "What happens to this tenant’s keys is told to these endpoints, as webhooks."
      }
      actions={
        <>
          {choice && <Whose tenant={tenant} />}
          <button
            type="button"
            class="button"
            aria-disabled={list.loading}
            onClick={() => !list.loading && list.reload()}
          >
            Refresh
          </button>
          {write && (
            <button type="button" class="button primary" onClick={() => setOpen("new")}>
              New endpoint
            </button>
          )}
        </>
      }
    >
      {list.problem && <ProblemView problem={list.problem} onRetry={list.reload} />}
      {!list.data && list.loading && <Loading rows={4} />}
      {list.data && (
        <Table
          caption="Endpoints"
          columns={columnsFor(tenant, write, setOpen)}
          rows={list.data}
          keyOf={({ id }) => id}
          stale={list.loading}
          empty={<NoEndpoint tenant={tenant} write={write} />}
        />
      )}
      {open === "new" ? (
        <NewEndpoint endpoints={endpoints} onChanged={list.reload} onClose={() => setOpen(undefined)} />
      ) : (
        <ActionDialog open={open} endpoints={endpoints} onChanged={list.reload} onClose={() => setOpen(undefined)} />
      )}
    </Frame>
  );
}

function columnsFor(tenant: string | undefined, write: boolean, onOpen: (open: Open) => void): Column<EventEndpoint>[] {
  const place = (id: string) => ({ page: "events", tenant, endpoint: id });
  const columns: Column<EventEndpoint>[] = [
    {
      id: "endpoint",
      label: "Endpoint",
      cell: ({ id, url, description }) => (
        <div class="name-cell">
          <Link to={place(id)}>
            <bdi>{url}</bdi>
          </Link>
          {description && (
            <span class="fine">
              <bdi>{description}</bdi>
            </span>
          )}
        </div>
      ),
    },
    { id: "types", label: "Gets", cell: ({ types }) => <Types types={types} /> },
    { id: "standing", label: "Status", cell: (endpoint) => <Standing endpoint={endpoint} /> },
    { id: "waiting", label: "Waiting", end: true, cell: ({ state }) => <Count of={state?.waiting} /> },
    {
      id: "undelivered",
      label: "Undelivered",
      end: true,
      cell: ({ id, url, state }) =>
        state && state.dead_letters > 0 ? (
          <Link to={{ ...place(id), list: "undelivered" }} class="danger-text strong">
            <Count of={state.dead_letters} />
            <span class="visually-hidden"> undelivered to {url}</span>
          </Link>
        ) : (
          <Count of={state?.dead_letters} />
        ),
    },
    {
      id: "success",
      label: "Last success",
      cell: ({ state }) =>
        state?.last_success_at ? <Time value={state.last_success_at} /> : <span class="quiet">{state ? "None yet" : "–"}</span>,
    },
  ];
  if (!write) return columns;
  const act: Column<EventEndpoint> = {
    id: "act",
    label: "",
    name: "Actions",
    end: true,
    cell: (endpoint) => <MenuButton label={`Actions of ${endpoint.url}`} items={actionsOn(endpoint, onOpen)} />,
  };
  return [...columns, act];
}

/** A dash where it isn't known. */
function Count({ of }: { of: number | undefined }) {
  const { i18n } = useApp();
  return of === undefined ? <span class="quiet">–</span> : <>{i18n.number(of)}</>;
}

const FEW = 3;

/** The first few types, since a list of fifteen would fill the page. */
function Types({ types }: Pick<EventEndpoint, "types">) {
  if (types.length === 0) return <>All events</>;
  const more = types.length - FEW;
  return (
    <span class="codes">
      {types.slice(0, more === 1 ? FEW + 1 : FEW).map((type) => (
        <code key={type}>{type}</code>
      ))}
      {more > 1 && <span class="fine">and {more} more</span>}
    </span>
  );
}

function NoEndpoint({ tenant, write }: { tenant: string | undefined; write: boolean }) {
  return (
    <Empty title="No endpoint">
      <p>
        Have your services told when a key is revoked, expires soon or leaks, with a signature that they can verify.{" "}
        {tenant === undefined && "An endpoint here gets the events of all tenants. "}
        <a href={GUIDE}>How receivers work</a>
      </p>
      {!write && <p>Your operator key may look, but not create one.</p>}
    </Empty>
  );
}
