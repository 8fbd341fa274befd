// Sending undelivered events again, and discarding one.

import { useEffect, useRef, useState } from "preact/hooks";

import { newIdempotencyKey } from "../../api/client";
import { Problem } from "../../api/problem";
import type { DeadLetter } from "../../api/types";
import { useSubmit } from "../../api/use_submit";
import { useApp } from "../../app";
import { Dialog } from "../../components/dialog";
import { FormProblem } from "../../components/field";
import { problemText } from "../../components/states";
import { Time } from "../../i18n";

const PATHS = {
  redrive: "/v1/webhooks/{source}/dead-letters/{id}/redrive",
  discard: "/v1/webhooks/{source}/dead-letters/{id}/discard",
} as const;
const TEXTS = {
  redrive: {
    title: "Send this event again?",
    text:
      "It goes back into the queue, and is tried as often as a new one. " +
      "The upstream may get it twice, always with the same webhook-id.",
    button: "Send again",
    busy: "Sending…",
    done: "The event is in the queue again.",
  },
  discard: {
    title: "Discard this event?",
    text: "It is deleted with its body, for good. The audit log keeps that you did it.",
    button: "Discard",
    busy: "Discarding…",
    done: "The event is discarded.",
  },
} as const;

interface EventProps {
  kind: keyof typeof PATHS;
  source: string;
  event: DeadLetter;
  onDone: () => void;
  onClose: () => void;
}

export function ActOnEvent({ kind, source, event, onDone, onClose }: EventProps) {
  const { client, announce } = useApp();
  const texts = TEXTS[kind];
  const { busy, problem, submit } = useSubmit(
    (idempotencyKey) => client.post(PATHS[kind], { path: { source, id: event.id }, idempotencyKey }),
    () => {
      onDone();
      announce(texts.done);
    },
  );
  // Somebody else was faster, or an answer was lost: the list knows.
  const gone = problem?.code === "DEAD_LETTER_NOT_FOUND";
  return (
    <Dialog
      alert
      title={texts.title}
      onClose={gone ? onDone : onClose}
      footer={
        gone ? (
          <button type="button" class="button primary" onClick={onDone}>
            See the list
          </button>
        ) : (
          <>
            <button type="button" class="button" data-focus onClick={onClose}>
              Cancel
            </button>
            <button
              type="button"
              class={kind === "discard" ? "button destroy" : "button primary"}
              aria-disabled={busy}
              onClick={submit}
            >
              {busy ? texts.busy : texts.button}
            </button>
          </>
        )
      }
    >
      <p class="key-line">
        <strong>
          <bdi>{event.event_id ?? event.id}</bdi>
        </strong>
        <span class="fine">
          Received <Time value={event.received_at} form="minute" />
        </span>
      </p>
      {gone ? (
        <p class="notice warn">This event is no longer here: it was sent again or discarded already.</p>
      ) : (
        <p>{texts.text}</p>
      )}
      {!gone && <FormProblem problem={problem} />}
    </Dialog>
  );
}

interface Outcome {
  sent: number;
  gone: number;
  failed: Problem | undefined;
}

/** One after the other, so that a failing service isn't flooded; it stops at the first that fails. */
export function ActOnAll({
  source,
  events,
  onClose,
}: {
  source: string;
  events: readonly DeadLetter[];
  onClose: () => void;
}) {
  const { client, i18n, announce } = useApp();
  const [running, setRunning] = useState(false);
  const [outcome, setOutcome] = useState<Outcome>();
  const [all] = useState(events);
  const stopped = useRef(false);
  useEffect(
    () => () => {
      stopped.current = true;
    },
    [],
  );
  const run = async (): Promise<void> => {
    setRunning(true);
    const so_far: Outcome = { sent: 0, gone: 0, failed: undefined };
    for (const { id } of all) {
      if (stopped.current) break;
      try {
        await client.post(PATHS.redrive, { path: { source, id }, idempotencyKey: newIdempotencyKey() });
        so_far.sent += 1;
      } catch (error) {
        const problem = Problem.from(error);
        if (problem.code !== "DEAD_LETTER_NOT_FOUND") {
          so_far.failed = problem;
          break;
        }
        so_far.gone += 1;
      }
      setOutcome({ ...so_far });
    }
    setRunning(false);
    setOutcome({ ...so_far });
    announce(`${so_far.sent} of ${all.length} events are in the queue again.`);
  };
  const over = outcome !== undefined && !running;
  return (
    <Dialog
      title="Send the events of this page again?"
      alert={!over}
      onClose={onClose}
      footer={
        over ? (
          <button type="button" class="button primary" onClick={onClose}>
            Close
          </button>
        ) : (
          <>
            <button type="button" class="button" data-focus onClick={onClose}>
              {running ? "Stop" : "Cancel"}
            </button>
            <button type="button" class="button primary" aria-disabled={running} onClick={() => !running && void run()}>
              {running ? "Sending…" : i18n.format("Send {n|one={n} event|other={n} events} again", { n: all.length })}
            </button>
          </>
        )
      }
    >
      <p>
        They go back into the queue one after the other. If the upstream still fails, they come back here after all
        their attempts.
      </p>
      {outcome && (
        <div class="progress">
          <progress max={all.length} value={outcome.sent + outcome.gone} aria-label="Events sent again" />
          <p>
            {i18n.number(outcome.sent)} of {i18n.number(all.length)} are in the queue again.
            {outcome.gone > 0 && ` ${i18n.number(outcome.gone)} were no longer here.`}
          </p>
        </div>
      )}
      {outcome?.failed && (
        <p class="notice bad" role="alert">
          {problemText(i18n, outcome.failed)} The rest were left as they are.
        </p>
      )}
    </Dialog>
  );
}
