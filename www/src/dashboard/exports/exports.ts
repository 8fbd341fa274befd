// The exports that there are: the audit log, a tenant's backup, and uses for billing.

import type { Export } from "./gather";

const of = (tenant: string | undefined, rest: string): string =>
  tenant === undefined ? `/v1/${rest}` : `/v1/tenants/${encodeURIComponent(tenant)}/${rest}`;

/** The entries of a log, the oldest first; only what was done to one key or operator, if it is named. */
export const auditLog = (tenant: string | undefined, keyId: string | undefined): Export => ({
  path: of(tenant, "audit/export"),
  query: { key_id: keyId },
  after: (line) => (JSON.parse(line) as { id: string }).id,
});

/** All that a restore of a tenant needs, in pages. */
export const backup = (tenant: string): Export => ({
  path: of(tenant, "export"),
  after: (line) => {
    if (line.startsWith('{"end":')) return null;
    if (!line.startsWith('{"page":')) return undefined;
    return (JSON.parse(line) as { page: { mark: string } }).page.mark;
  },
});

/** Uses by hour, key and code, each once, in signed parts. Of one tenant or of all. */
export const billedUses = (tenant: string | undefined, { from, to }: Hours): Export => ({
  path: of(tenant, "usage/export"),
  query: { from, to },
  after: (line) => (line.startsWith('{"end":') ? (JSON.parse(line) as { end: { next: string | null } }).end.next : undefined),
});

/** Whole hours of UTC. */
export interface Hours {
  from: string;
  to: string;
}

export interface Month extends Hours {
  /** "2026-10" */
  name: string;
  /** Its hours up to the last closed one. */
  partial: boolean;
}

const HOUR_MS = 3_600_000;
/** An hour is closed two hours after its end, and is given for 90 days. */
const CLOSED_AFTER_MS = 2 * HOUR_MS;
const GIVEN_FOR_MS = 90 * 24 * HOUR_MS;

/** The months of UTC of which all closed hours are given, the latest first. */
export function billableMonths(now: number): Month[] {
  const today = new Date(now);
  const closed = Math.floor((now - CLOSED_AFTER_MS) / HOUR_MS) * HOUR_MS;
  const months: Month[] = [];
  for (let back = 0; ; back += 1) {
    const begin = Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - back, 1);
    const end = Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - back + 1, 1);
    // Somebody takes a moment to choose.
    if (begin < now - GIVEN_FOR_MS + HOUR_MS) return months;
    if (closed <= begin) continue;
    const [from, to] = [begin, Math.min(end, closed)].map((at) => new Date(at).toISOString()) as [string, string];
    months.push({ name: from.slice(0, 7), from, to, partial: end > closed });
  }
}
