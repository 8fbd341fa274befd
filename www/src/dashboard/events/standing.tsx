// How an endpoint stands, in short.

import type { EventEndpoint } from "../../api/types";
import { Badge } from "../../components/status";
import { Time } from "../../i18n";
import { STATUSES } from "./words";

export function StandingBadge({ endpoint: { status, state } }: { endpoint: EventEndpoint }) {
  if (status === "active" && state?.failing_since) return <Badge tone="warn">Failing</Badge>;
  return <Badge tone={STATUSES[status].tone}>{STATUSES[status].name}</Badge>;
}

/** The badge, and since when where that matters. */
export function Standing({ endpoint }: { endpoint: EventEndpoint }) {
  const { status, state, pending } = endpoint;
  const since = status === "disabled" ? state?.disabled_at : status === "active" ? state?.failing_since : undefined;
  return (
    <div class="name-cell">
      <span>
        <StandingBadge endpoint={endpoint} />
      </span>
      {since && (
        <span class="fine">
          since <Time value={since} />
        </span>
      )}
      {pending && <span class="fine">A change is under way</span>}
      {!state && <span class="fine">Its state can’t be told now</span>}
    </div>
  );
}
