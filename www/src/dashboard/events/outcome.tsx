// What came of an attempt to send an event.

import type { EventAttempt } from "../../api/types";
import { useApp } from "../../app";
import { Badge } from "../../components/status";
import { OUTCOMES } from "./words";

export function Outcome({ attempt: { outcome, status } }: { attempt: EventAttempt }) {
  const { name, tone, means } = OUTCOMES[outcome];
  return (
    <div class="name-cell">
      <span>
        <Badge tone={tone}>{name}</Badge> {status !== null && <code>{status}</code>}
      </span>
      {outcome !== "delivered" && <span class="fine">{means}</span>}
    </div>
  );
}

/** Below a second in milliseconds. */
export function Took({ ms }: { ms: number }) {
  const { locale } = useApp().i18n;
  const [value, unit] = ms < 1000 ? [ms, "millisecond"] : [Math.round(ms / 100) / 10, "second"];
  return <span class="nowrap">{new Intl.NumberFormat(locale, { style: "unit", unit }).format(value)}</span>;
}
