// Reads the overview's data from the API.

import type { Client } from "../../api/client";
import { firstFound } from "../../api/search";
import type { ListedKey, ListedKeys, Overview } from "../../api/types";

/** What the page shows of it. */
export type ShownOverview = Omit<Overview, "secrets" | "secrets_unknown">;

export interface Watch {
  /** Days until the expiry, at most. */
  expiring: number;
  /** Days without a use, at least. */
  unused: number;
}

const LISTED = 50;
const NEAR = 0.8;

export async function overviewOfAll(
  client: Client,
  { expiring, unused }: Watch,
  signal: AbortSignal,
): Promise<ShownOverview> {
  const query = { expiring_within_days: expiring, unused_for_days: unused };
  return (await client.get("/v1/overview", { query, signal })).data;
}

/** The same for the operators of one tenant, whom `GET /v1/overview` isn't for. */
export async function overviewOf(client: Client, tenant: string, watch: Watch, signal: AbortSignal): Promise<ShownOverview> {
  const path = { tenant };
  const keysWith = async (query: { expires_within_days?: number; unused_for_days?: number }): Promise<ListedKeys> => {
    const part = async (cursor: string | undefined) =>
      (await client.get("/v1/tenants/{tenant}/keys", { path, query: { ...query, cursor, limit: LISTED }, signal })).data;
    const found = await firstFound(undefined, part);
    return { keys: found.keys, more: found.next_cursor !== null };
  };
  const [{ data: standing }, expiring, unused] = await Promise.all([
    client.get("/v1/tenants/{tenant}", { path, signal }),
    keysWith({ expires_within_days: watch.expiring }),
    keysWith({ unused_for_days: watch.unused }),
  ]);
  const { max_active_keys } = standing.limits;
  // Disabled keys count, too.
  const active_keys = standing.keys.active + standing.keys.disabled;
  const near = max_active_keys !== null && active_keys >= NEAR * max_active_keys;
  return {
    as_of: new Date().toISOString(),
    tenants: 1,
    suspended: standing.suspended ? 1 : 0,
    keys: standing.keys,
    expiring: { ...expiring, keys: expiring.keys.sort((a, b) => timeOf(a.expires_at) - timeOf(b.expires_at)) },
    unused: { ...unused, keys: unused.keys.sort((a, b) => lastSign(a) - lastSign(b)) },
    near_caps: {
      tenants: near ? [{ tenant, plan: standing.plan, active_keys, max_active_keys }] : [],
      more: false,
    },
  };
}

const timeOf = (time: string | null): number => (time === null ? Number.POSITIVE_INFINITY : Date.parse(time));
const lastSign = (key: ListedKey): number => Date.parse(key.last_used_at ?? key.created_at);
