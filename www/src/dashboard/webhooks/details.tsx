// All that is known of an undelivered event. Its body is kept, and not shown.

import type { DeadLetter } from "../../api/types";
import { CopyButton } from "../../components/copy";
import { Dialog } from "../../components/dialog";
import { Time } from "../../i18n";
import { Fact } from "../parts/page";
import { Bytes } from "./bytes";

export function Details({ event, onClose }: { event: DeadLetter; onClose: () => void }) {
  const headers = Object.entries(event.headers);
  const known = [
    ["Delivery", event.id],
    ["The sender’s id of the event", event.event_id],
    ["The event’s type", event.event_type],
    ["Upstream", event.upstream],
    ["webhook-id for the upstream", event.webhook_id],
    ["Request", event.request_id],
  ] as const;
  return (
    <Dialog
      wide
      title="Undelivered event"
      onClose={onClose}
      footer={
        <button type="button" class="button primary" data-focus onClick={onClose}>
          Close
        </button>
      }
    >
      <dl class="facts">
        {known.map(([label, value]) => (
          <Fact key={label} label={label}>
            {value === null ? (
              "None"
            ) : (
              <>
                <code>{value}</code> <CopyButton text={value} label={`Copy ${value}`} class="link" />
              </>
            )}
          </Fact>
        ))}
        <Fact label="Received">
          <Time value={event.received_at} form="second" />
        </Fact>
        <Fact label="Given up">
          <Time value={event.dead_at} form="second" />, after {event.attempts}{" "}
          {event.attempts === 1 ? "attempt" : "attempts"}
        </Fact>
        <Fact label="The upstream’s last answer">
          {event.last_status ?? "None"}
          {event.last_reason && <>: {event.last_reason}</>}
        </Fact>
        <Fact label="Body">
          <Bytes value={event.body_bytes} />, kept but not shown
        </Fact>
        <Fact label="Headers of the sender that go on">
          {headers.length === 0 ? (
            "None"
          ) : (
            <pre tabIndex={0} role="region" aria-label="Headers" dir="ltr">
              <code>{headers.map(([name, value]) => `${name}: ${value}`).join("\n")}</code>
            </pre>
          )}
        </Fact>
      </dl>
    </Dialog>
  );
}
