// Has a delivered event delivered once more.

import type { Delivery } from "../../api/types";
import { useSubmit } from "../../api/use_submit";
import { useApp } from "../../app";
import { Dialog } from "../../components/dialog";
import { FormProblem } from "../../components/field";
import { Time } from "../../i18n";

interface Props {
  source: string;
  delivery: Delivery;
  onDone: () => void;
  onClose: () => void;
}

export function Replay({ source, delivery, onDone, onClose }: Props) {
  const { client, announce } = useApp();
  const { busy, problem, submit } = useSubmit(
    (idempotencyKey) =>
      client.post("/v1/webhooks/{source}/deliveries/{id}/replay", { path: { source, id: delivery.id }, idempotencyKey }),
    () => {
      onDone();
      announce("The event is in the queue.");
    },
  );
  return (
    <Dialog
      alert
      title="Deliver this event once more?"
      onClose={onClose}
      footer={
        <>
          <button type="button" class="button" data-focus onClick={onClose}>
            Cancel
          </button>
          <button type="button" class="button primary" aria-disabled={busy} onClick={submit}>
            {busy ? "Sending…" : "Replay"}
          </button>
        </>
      }
    >
      <p class="key-line">
        <strong>
          <bdi>{delivery.event_id ?? delivery.id}</bdi>
        </strong>
        <span class="fine">
          Received <Time value={delivery.received_at} form="minute" />
        </span>
      </p>
      <p>
        The upstream gets it again, with the same webhook-id and the header Keystile-Webhook-Replay. One that takes each
        event once only will pass it over.
      </p>
      <FormProblem problem={problem} />
    </Dialog>
  );
}
