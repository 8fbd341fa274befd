// The recent deliveries of a source: what came, and how it ended.

import { useState } from "preact/hooks";

import type { Delivery, DeliveryOutcome, WebhookSource } from "../../api/types";
import { useQuery } from "../../api/use_query";
import { Link, useApp } from "../../app";
import { CopyButton } from "../../components/copy";
import { Paging, usePlace } from "../../components/paging";
import { Empty, Loading, ProblemView } from "../../components/states";
import { Badge } from "../../components/status";
import { type Column, Table } from "../../components/table";
import { Time } from "../../i18n";
import { Frame } from "../parts/page";
import { useLanding } from "../parts/use_landing";
import { Bytes } from "./bytes";
import { DeliveryFilter, outcomeOf } from "./delivery_filter";
import { Handshakes } from "./handshakes";
import { Lists } from "./lists";
import { Replay } from "./replay";
import { providerOf, REPLAYS, TOLD_APART_BY } from "./source";

const PAGE = 25;
const TONES: Record<DeliveryOutcome, string> = { delivered: "good", queued: "plain", failed: "warn", dead: "bad" };

interface Props {
  name: string;
  /** Undefined until it is known. */
  source: WebhookSource | undefined;
  /** The configuration has no such source. */
  unknown: boolean;
  write: boolean;
}

export function Deliveries({ name, source, unknown, write }: Props) {
  const { client, router } = useApp();
  const place = usePlace();
  const [replaying, setReplaying] = useState<Delivery>();
  const { event_id, event_type, outcome: said } = router.params.value;
  const outcome = outcomeOf(said);
  const filtered = event_id !== undefined || event_type !== undefined || outcome !== undefined;
  const page = useQuery(client, [name, place.cursor, event_id, event_type, outcome], (signal) =>
    client
      .get("/v1/webhooks/{source}/deliveries", {
        path: { source: name },
        query: { event_id, event_type, outcome, cursor: place.cursor, limit: PAGE },
        signal,
      })
      .then(({ data }) => data),
  );
  useLanding(page.data);
  return (
    <Frame
      above={
        <Link to={{ page: "webhooks" }} class="back">
          All sources
        </Link>
      }
      title={
        <>
          Deliveries to <bdi>{name}</bdi>
        </>
      }
      lead={source ? leadOf(source) : unknown && "keystile.toml has no such source any more."}
      actions={
        <>
          <Lists value="deliveries" />
          <button
            type="button"
            class="button"
            aria-disabled={page.loading}
            onClick={() => !page.loading && page.reload()}
          >
            Refresh
          </button>
        </>
      }
    >
      <Handshakes source={name} write={write} />
      <DeliveryFilter eventId={event_id} eventType={event_type} outcome={outcome} />
      {page.problem && <ProblemView problem={page.problem} onRetry={page.reload} />}
      {!page.data && page.loading && <Loading rows={6} />}
      {page.data && (
        <>
          <Table
            caption="Recent deliveries"
            columns={columnsFor(write, setReplaying)}
            rows={page.data.deliveries}
            keyOf={({ id }) => id}
            stale={page.loading}
            empty={<Nothing filtered={filtered} later={place.page > 1} />}
          />
          <Paging place={place} next={page.data.next_cursor} label="Pages of deliveries" />
        </>
      )}
      {replaying && (
        <Replay
          source={name}
          delivery={replaying}
          onDone={() => {
            setReplaying(undefined);
            page.reload();
          }}
          onClose={() => setReplaying(undefined)}
        />
      )}
    </Frame>
  );
}

function leadOf({ provider, replays, told_apart_by, keep_bodies_hours }: WebhookSource): string {
  const kept =
    keep_bodies_hours === 0
      ? "Bodies are not kept, so no event can be replayed."
      : `Bodies of delivered events are kept for ${keep_bodies_hours} hours.`;
  return `${providerOf(provider)}. ${TOLD_APART_BY[told_apart_by]} ${REPLAYS[replays].text} ${kept}`;
}

function columnsFor(write: boolean, onReplay: (delivery: Delivery) => void): Column<Delivery>[] {
  const columns: Column<Delivery>[] = [
    {
      id: "event",
      label: "Event",
      cell: ({ id, event_id, event_type, upstream }) => (
        <div class="name-cell">
          <span class="strong">
            <bdi>{event_id ?? id}</bdi>
          </span>
          <span class="fine">
            {event_type !== null && (
              <>
                <bdi>{event_type}</bdi> ·{" "}
              </>
            )}
            {upstream !== null && (
              <>
                to <bdi>{upstream}</bdi> ·{" "}
              </>
            )}
            <code>{id}</code> <CopyButton text={id} label={`Copy the id ${id}`} class="link" />
          </span>
        </div>
      ),
    },
    { id: "received", label: "Received", cell: ({ received_at }) => <Time value={received_at} form="minute" /> },
    {
      id: "outcome",
      label: "Outcome",
      cell: ({ outcome, status, replayed_at }) => (
        <div class="name-cell">
          <span>
            <Badge tone={TONES[outcome]}>{outcome}</Badge> {status !== null && <code>{status}</code>}
          </span>
          {replayed_at !== null && (
            <span class="fine">
              replayed <Time value={replayed_at} />
            </span>
          )}
        </div>
      ),
    },
    {
      id: "repeats",
      label: "Repeats",
      cell: ({ same_bytes, duplicates }) => (
        <div class="name-cell">
          {same_bytes && <span>marked as same bytes</span>}
          {duplicates > 0 && (
            <span class="fine">{duplicates === 1 ? "1 duplicate refused" : `${duplicates} duplicates refused`}</span>
          )}
          {!same_bytes && duplicates === 0 && <span class="quiet">–</span>}
        </div>
      ),
    },
    {
      id: "size",
      label: "Body",
      end: true,
      cell: ({ bytes, body_kept_until }) => (
        <div class="name-cell">
          <Bytes value={bytes} />
          {body_kept_until !== null && (
            <span class="fine">
              kept until <Time value={body_kept_until} form="minute" />
            </span>
          )}
        </div>
      ),
    },
  ];
  if (!write) return columns;
  const act: Column<Delivery> = {
    id: "act",
    label: "",
    name: "Actions",
    end: true,
    cell: (delivery) =>
      delivery.body_kept_until !== null && (
        <button type="button" class="button small" onClick={() => onReplay(delivery)}>
          Replay<span class="visually-hidden">: {delivery.event_id ?? delivery.id}</span>
        </button>
      ),
  };
  return [...columns, act];
}

function Nothing({ filtered, later }: { filtered: boolean; later: boolean }) {
  if (later) return <Empty title="Nothing is left on this page">Go back to the page before.</Empty>;
  if (filtered) return <Empty title="No such delivery">None of the recent deliveries fits all of these.</Empty>;
  return (
    <Empty title="No delivery yet">
      <p>
        Genuine deliveries are listed here for as long as the source remembers them. What was refused is in the log of the
        worker alone.
      </p>
    </Empty>
  );
}
