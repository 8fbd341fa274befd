// The attempts to send events to an endpoint, the newest first.

import type { EventAttempt } from "../../api/types";
import { useQuery } from "../../api/use_query";
import { Link, useApp } from "../../app";
import { CopyButton } from "../../components/copy";
import { firstPage, Paging, usePlace } from "../../components/paging";
import { Empty, Loading, ProblemView } from "../../components/states";
import { type Column, Table } from "../../components/table";
import { Time } from "../../i18n";
import type { Endpoints } from "./endpoints";
import { Outcome, Took } from "./outcome";

const PAGE = 25;

interface Props {
  endpoints: Endpoints;
  id: string;
  /** Another number asks again. */
  refreshed: number;
  /** Whether the endpoint is sent to: no next attempt comes otherwise. */
  active: boolean;
}

export function Attempts({ endpoints, id, refreshed, active }: Props) {
  const { client, router } = useApp();
  const place = usePlace();
  const { event } = router.params.value;
  const page = useQuery(client, [id, place.cursor, event, refreshed], (signal) =>
    endpoints.attempts(id, { event, cursor: place.cursor, limit: PAGE }, signal),
  );
  const columns: Column<EventAttempt>[] = [
    {
      id: "event",
      label: "Event",
      cell: (attempt) => (
        <div class="name-cell">
          <span class="strong">{attempt.type}</span>
          <span class="fine">
            {event === undefined ? (
              <Link to={{ ...router.params.value, event: attempt.event, ...firstPage() }}>
                <code class="event-id">{attempt.event}</code>
              </Link>
            ) : (
              <code class="event-id">{attempt.event}</code>
            )}{" "}
            <CopyButton text={attempt.event} label={`Copy the id ${attempt.event}`} class="link" />
          </span>
        </div>
      ),
    },
    { id: "at", label: "Sent", cell: ({ at }) => <Time value={at} form="second" /> },
    { id: "outcome", label: "Outcome", cell: (attempt) => <Outcome attempt={attempt} /> },
    { id: "took", label: "Took", end: true, cell: ({ duration_ms }) => <Took ms={duration_ms} /> },
    {
      id: "next",
      label: "Next attempt",
      cell: ({ next_attempt_at }) =>
        active && next_attempt_at ? <Time value={next_attempt_at} form="minute" /> : <span class="quiet">–</span>,
    },
  ];
  return (
    <>
      {event !== undefined && (
        <p class="one-event">
          <span>
            Only those of <code>{event}</code>
          </span>
          <button type="button" class="button small" onClick={() => router.set({ event: undefined, ...firstPage() })}>
            Show all
          </button>
        </p>
      )}
      {page.problem && <ProblemView problem={page.problem} onRetry={page.reload} />}
      {!page.data && page.loading && <Loading rows={5} />}
      {page.data && (
        <>
          <Table
            caption="Attempts"
            columns={columns}
            rows={page.data.attempts}
            keyOf={({ event: sent, at }) => `${sent} ${at}`}
            stale={page.loading}
            empty={
              <Empty title={place.page > 1 ? "There are no more" : "Nothing was sent yet"}>
                {place.page === 1 && <p>The next event that it gets is here. A test event shows whether it takes them.</p>}
              </Empty>
            }
          />
          <Paging place={place} next={page.data.next_cursor} label="Pages of attempts" />
        </>
      )}
    </>
  );
}
