// The events of a source that its upstream didn't take in all their attempts.

import { useState } from "preact/hooks";

import type { DeadLetter, WebhookSource } from "../../api/types";
import { useQuery } from "../../api/use_query";
import { Link, useApp } from "../../app";
import { CopyButton } from "../../components/copy";
import { Paging, usePlace } from "../../components/paging";
import { Empty, Loading, ProblemView } from "../../components/states";
import { type Column, Table } from "../../components/table";
import { Time } from "../../i18n";
import { Frame } from "../parts/page";
import { useLanding } from "../parts/use_landing";
import { ActOnAll, ActOnEvent } from "./act";
import { Bytes } from "./bytes";
import { Details } from "./details";
import { Handshakes } from "./handshakes";
import { Lists } from "./lists";
import { MODES, providerOf } from "./source";

const PAGE = 25;

interface Props {
  name: string;
  /** Undefined until it is known. */
  source: WebhookSource | undefined;
  /** The configuration has no such source. */
  unknown: boolean;
  write: boolean;
}

type Open = { kind: "redrive" | "discard" | "details"; event: DeadLetter } | { kind: "redrive_all" };

export function DeadLetters({ name, source, unknown, write }: Props) {
  const { client } = useApp();
  const place = usePlace();
  const [open, setOpen] = useState<Open>();
  const page = useQuery(client, [name, place.cursor], (signal) =>
    client
      .get("/v1/webhooks/{source}/dead-letters", {
        path: { source: name },
        query: { cursor: place.cursor, limit: PAGE },
        signal,
      })
      .then(({ data }) => data),
  );
  useLanding(page.data);
  const events = page.data?.dead_letters ?? [];
  const acted = (): void => {
    setOpen(undefined);
    page.reload();
  };
  return (
    <Frame
      above={
        <Link to={{ page: "webhooks" }} class="back">
          All sources
        </Link>
      }
      title={
        <>
          Undelivered events of <bdi>{name}</bdi>
        </>
      }
      lead={
        source
          ? `${providerOf(source.provider)}. ${MODES[source.mode]}`
          : unknown && "keystile.toml has no such source any more. Its events are listed again once it has."
      }
      actions={
        <>
          <Lists value="undelivered" />
          <button
            type="button"
            class="button"
            aria-disabled={page.loading}
            onClick={() => !page.loading && page.reload()}
          >
            Refresh
          </button>
          {write && events.length > 1 && (
            <button type="button" class="button" onClick={() => setOpen({ kind: "redrive_all" })}>
              Send this page again
            </button>
          )}
        </>
      }
    >
      <Handshakes source={name} write={write} />
      {page.problem && <ProblemView problem={page.problem} onRetry={page.reload} />}
      {!page.data && page.loading && <Loading rows={6} />}
      {page.data && (
        <>
          <Table
            caption="Undelivered events"
            columns={columnsFor(write, setOpen)}
            rows={events}
            keyOf={({ id }) => id}
            stale={page.loading}
            empty={<NothingDead source={source} later={place.page > 1} />}
          />
          <Paging place={place} next={page.data.next_cursor} label="Pages of events" />
          {events.length > 0 && <p class="fine">Each is kept for 30 days, with its body.</p>}
        </>
      )}
      {open && "event" in open && open.kind === "details" && (
        <Details event={open.event} onClose={() => setOpen(undefined)} />
      )}
      {open && "event" in open && open.kind !== "details" && (
        <ActOnEvent
          kind={open.kind}
          source={name}
          event={open.event}
          onDone={acted}
          onClose={() => setOpen(undefined)}
        />
      )}
      {open?.kind === "redrive_all" && <ActOnAll source={name} events={events} onClose={acted} />}
    </Frame>
  );
}

function columnsFor(write: boolean, onOpen: (open: Open) => void): Column<DeadLetter>[] {
  const columns: Column<DeadLetter>[] = [
    {
      id: "event",
      label: "Event",
      cell: (event) => (
        <div class="name-cell">
          <button type="button" class="link strong" onClick={() => onOpen({ kind: "details", event })}>
            <bdi>{event.event_id ?? event.id}</bdi>
          </button>
          <span class="fine">
            <code>{event.id}</code> <CopyButton text={event.id} label={`Copy the id ${event.id}`} class="link" />
          </span>
        </div>
      ),
    },
    { id: "received", label: "Received", cell: ({ received_at }) => <Time value={received_at} form="minute" /> },
    {
      id: "failed",
      label: "Given up",
      cell: ({ dead_at, attempts }) => (
        <div class="name-cell">
          <Time value={dead_at} />
          <span class="fine">{attempts === 1 ? "after 1 attempt" : `after ${attempts} attempts`}</span>
        </div>
      ),
    },
    {
      id: "last",
      label: "Last answer",
      cell: ({ last_status, last_reason }) => (
        <div class="name-cell">
          {last_status !== null && <code class="danger-text">{last_status}</code>}
          {last_reason ? (
            <span class="fine">{last_reason}</span>
          ) : (
            last_status === null && <span class="quiet">None</span>
          )}
        </div>
      ),
    },
    { id: "size", label: "Body", end: true, cell: ({ body_bytes }) => <Bytes value={body_bytes} /> },
  ];
  if (!write) return columns;
  const act: Column<DeadLetter> = {
    id: "act",
    label: "",
    name: "Actions",
    end: true,
    cell: (event) => (
      <span class="row-actions">
        <button type="button" class="button small" onClick={() => onOpen({ kind: "redrive", event })}>
          Send again<span class="visually-hidden">: {event.event_id ?? event.id}</span>
        </button>
        <button type="button" class="button small danger-text" onClick={() => onOpen({ kind: "discard", event })}>
          Discard<span class="visually-hidden">: {event.event_id ?? event.id}</span>
        </button>
      </span>
    ),
  };
  return [...columns, act];
}

function NothingDead({ source, later }: { source: WebhookSource | undefined; later: boolean }) {
  if (later) return <Empty title="Nothing is left on this page">Go back to the page before.</Empty>;
  return (
    <Empty title="Everything was delivered">
      {source?.mode === "direct" ? (
        <p>
          This source answers its sender with the upstream’s answer, so it’s the sender that tries again. Nothing is
          kept here.
        </p>
      ) : (
        <p>
          The upstream took every event of the last 30 days, or they are still being tried. One that it doesn’t take in
          all attempts comes here.
        </p>
      )}
    </Empty>
  );
}
