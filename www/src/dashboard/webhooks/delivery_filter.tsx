// Chooses deliveries by what they are called and how they ended. The choice stands in the address.

import { useEffect, useState } from "preact/hooks";

import type { DeliveryOutcome } from "../../api/types";
import { useApp } from "../../app";
import { firstPage } from "../../components/paging";

const OUTCOMES: Record<DeliveryOutcome, string> = {
  delivered: "Delivered",
  queued: "In the queue",
  failed: "Failed",
  dead: "Given up",
};

/** The outcome of this name; undefined for every other text. */
export const outcomeOf = (text: string | undefined): DeliveryOutcome | undefined =>
  (Object.keys(OUTCOMES) as DeliveryOutcome[]).find((outcome) => outcome === text);

interface Props {
  eventId: string | undefined;
  eventType: string | undefined;
  outcome: DeliveryOutcome | undefined;
}

export function DeliveryFilter({ eventId, eventType, outcome }: Props) {
  const { router } = useApp();
  const [id, setId] = useState(eventId ?? "");
  const [type, setType] = useState(eventType ?? "");
  // Back, forward and links change the address, and the fields follow.
  useEffect(() => {
    setId(eventId ?? "");
    setType(eventType ?? "");
  }, [eventId, eventType]);
  return (
    <form
      class="delivery-filter"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        router.set({ event_id: id.trim() || undefined, event_type: type.trim() || undefined, ...firstPage() });
      }}
    >
      <input
        type="search"
        aria-label="The sender’s id of the event"
        placeholder="The sender’s id of the event"
        maxLength={512}
        autocomplete="off"
        spellcheck={false}
        value={id}
        onInput={(event) => setId(event.currentTarget.value)}
      />
      <input
        type="search"
        aria-label="Type of the event"
        placeholder="Type of the event"
        maxLength={512}
        autocomplete="off"
        spellcheck={false}
        value={type}
        onInput={(event) => setType(event.currentTarget.value)}
      />
      <select
        aria-label="Outcome"
        value={outcome ?? ""}
        onChange={(event) => router.set({ outcome: event.currentTarget.value || undefined, ...firstPage() })}
      >
        <option value="">All outcomes</option>
        {Object.entries(OUTCOMES).map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
      <button type="submit" class="button">
        Show
      </button>
    </form>
  );
}
