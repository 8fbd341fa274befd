// Sending undelivered events again, and discarding one.

import type { UnsentEvent } from "../../api/types";
import { useSubmit } from "../../api/use_submit";
import { useApp } from "../../app";
import { Dialog } from "../../components/dialog";
import { FormProblem } from "../../components/field";
import { Time } from "../../i18n";
import type { Endpoints } from "./endpoints";

export type OnEvent = "redrive" | "discard";

const TEXTS: Record<OnEvent, { title: string; text: string; button: string; busy: string; done: string }> = {
  redrive: {
    title: "Send this event again?",
    text:
      "It is tried as often as a new one, in its turn among the events of its key. " +
      "The receiver may get it twice, always with the same webhook-id.",
    button: "Send again",
    busy: "Sending…",
    done: "The event waits to be sent again.",
  },
  discard: {
    title: "Discard this event?",
    text: "The receiver never gets it. The audit log keeps that you did it.",
    button: "Discard",
    busy: "Discarding…",
    done: "The event is discarded.",
  },
};

interface EventProps {
  act: OnEvent;
  event: UnsentEvent;
  endpoints: Endpoints;
  id: string;
  onDone: () => void;
  onClose: () => void;
}

export function ActOnEvent({ act, event, endpoints, id, onDone, onClose }: EventProps) {
  const { announce } = useApp();
  const texts = TEXTS[act];
  const { busy, problem, submit } = useSubmit(
    (idempotencyKey) => endpoints.act(act, id, event.event, idempotencyKey),
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
              class={act === "discard" ? "button destroy" : "button primary"}
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
        <strong>{event.type}</strong>
        <code>{event.event}</code>
        <span class="fine">
          Happened <Time value={event.created_at} form="minute" />
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

interface AllProps {
  endpoints: Endpoints;
  id: string;
  onDone: () => void;
  onClose: () => void;
}

export function RedriveAll({ endpoints, id, onDone, onClose }: AllProps) {
  const { i18n, announce } = useApp();
  const { busy, problem, submit } = useSubmit(
    (idempotencyKey) => endpoints.redriveAll(id, idempotencyKey),
    ({ redriven }) => {
      onDone();
      announce(i18n.format("{n|one={n} event waits|other={n} events wait} to be sent again.", { n: redriven }));
    },
  );
  return (
    <Dialog
      alert
      title="Send all undelivered events again?"
      onClose={onClose}
      footer={
        <>
          <button type="button" class="button" data-focus onClick={onClose}>
            Cancel
          </button>
          <button type="button" class="button primary" aria-disabled={busy} onClick={submit}>
            {busy ? "Sending…" : "Send all again"}
          </button>
        </>
      }
    >
      <p>
        All of this endpoint, those on other pages included. Each is tried as often as a new one; if the receiver still
        fails, they come back here.
      </p>
      <FormProblem problem={problem} />
    </Dialog>
  );
}
