// The events that an endpoint's receiver didn't take.

import { useState } from "preact/hooks";

import type { UnsentEvent } from "../../api/types";
import { useQuery } from "../../api/use_query";
import { Link, useApp } from "../../app";
import { firstPage, Paging, usePlace } from "../../components/paging";
import { Empty, Loading, ProblemView } from "../../components/states";
import { type Column, Table } from "../../components/table";
import { Time } from "../../i18n";
import { TenantLink } from "../parts/tenant_link";
import type { Endpoints } from "./endpoints";
import { ActOnEvent, type OnEvent, RedriveAll } from "./unsent";
import { REASONS } from "./words";

const PAGE = 25;

/** The pages that the reader may see. */
export interface Links {
  keys: boolean;
  tenants: boolean;
}

interface Props {
  endpoints: Endpoints;
  id: string;
  /** Another number asks again. */
  refreshed: number;
  write: boolean;
  links: Links;
  onActed: () => void;
}

type Open = { act: OnEvent; event: UnsentEvent } | "all";

export function DeadLetters({ endpoints, id, refreshed, write, links, onActed }: Props) {
  const { client } = useApp();
  const place = usePlace();
  const [open, setOpen] = useState<Open>();
  const page = useQuery(client, [id, place.cursor, refreshed], (signal) =>
    endpoints.deadLetters(id, { cursor: place.cursor, limit: PAGE }, signal),
  );
  const acted = (): void => {
    setOpen(undefined);
    onActed();
  };
  const events = page.data?.dead_letters ?? [];
  return (
    <>
      {page.problem && <ProblemView problem={page.problem} onRetry={page.reload} />}
      {!page.data && page.loading && <Loading rows={5} />}
      {page.data && (
        <>
          {write && events.length > 0 && (
            <p>
              <button type="button" class="button" onClick={() => setOpen("all")}>
                Send all again
              </button>
            </p>
          )}
          <Table
            caption="Undelivered events"
            columns={columnsFor(write, links, setOpen)}
            rows={events}
            keyOf={({ event }) => event}
            stale={page.loading}
            empty={
              <Empty title={place.page > 1 ? "Nothing is left on this page" : "Everything was delivered"}>
                {place.page > 1 ? (
                  "Go back to the page before."
                ) : (
                  <p>An event that the receiver doesn’t take in ten attempts, over three days, comes here.</p>
                )}
              </Empty>
            }
          />
          <Paging place={place} next={page.data.next_cursor} label="Pages of undelivered events" />
          {events.length > 0 && <p class="fine">Each is kept for 30 days.</p>}
        </>
      )}
      {open === "all" && (
        <RedriveAll endpoints={endpoints} id={id} onDone={acted} onClose={() => setOpen(undefined)} />
      )}
      {open && open !== "all" && (
        <ActOnEvent
          act={open.act}
          event={open.event}
          endpoints={endpoints}
          id={id}
          onDone={acted}
          onClose={() => setOpen(undefined)}
        />
      )}
    </>
  );
}

function columnsFor(write: boolean, links: Links, onOpen: (open: Open) => void): Column<UnsentEvent>[] {
  const columns: Column<UnsentEvent>[] = [
    { id: "event", label: "Event", cell: (unsent) => <EventCell unsent={unsent} links={links} /> },
    { id: "created", label: "Happened", cell: ({ created_at }) => <Time value={created_at} form="minute" /> },
    {
      id: "why",
      label: "Why",
      cell: ({ reason, attempts, last_status, last_attempt_at }) => (
        <div class="name-cell">
          <span>{REASONS[reason]}</span>
          <span class="fine">
            {attempts === 0 ? "never sent" : attempts === 1 ? "sent once" : `sent ${attempts} times`}
            {last_status !== null && (
              <>
                , last answer <code>{last_status}</code>
              </>
            )}
            {last_attempt_at && (
              <>
                , <Time value={last_attempt_at} />
              </>
            )}
          </span>
        </div>
      ),
    },
  ];
  const act: Column<UnsentEvent> = {
    id: "act",
    label: "",
    name: "Actions",
    end: true,
    cell: (event) => <Actions event={event} write={write} onOpen={onOpen} />,
  };
  return [...columns, act];
}

interface ActionsProps {
  event: UnsentEvent;
  write: boolean;
  onOpen: (open: Open) => void;
}

function Actions({ event, write, onOpen }: ActionsProps) {
  const { router } = useApp();
  const name = <span class="visually-hidden">: {event.event}</span>;
  return (
    <span class="row-actions">
      {event.attempts > 0 && (
        <Link
          to={{ ...router.params.value, list: undefined, event: event.event, ...firstPage() }}
          class="button small"
        >
          Attempts{name}
        </Link>
      )}
      {write && (
        <>
          <button type="button" class="button small" onClick={() => onOpen({ act: "redrive", event })}>
            Send again{name}
          </button>
          <button type="button" class="button small danger-text" onClick={() => onOpen({ act: "discard", event })}>
            Discard{name}
          </button>
        </>
      )}
    </span>
  );
}

function EventCell({ unsent: { event, type, key, tenant }, links }: { unsent: UnsentEvent; links: Links }) {
  return (
    <div class="name-cell">
      <span class="strong">{type}</span>
      <span class="fine">
        <code class="event-id">{event}</code>
      </span>
      {(key !== null || tenant !== null) && (
        <span class="fine">
          {key !== null &&
            (links.keys && tenant !== null ? <Link to={{ page: "keys", tenant, key }}>The key</Link> : <code>{key}</code>)}
          {tenant !== null && (
            <>
              {" "}
              of {links.tenants ? <TenantLink tenant={tenant} /> : <bdi>{tenant}</bdi>}
            </>
          )}
        </span>
      )}
    </div>
  );
}
