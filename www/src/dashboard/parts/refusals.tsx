// Why requests were refused: each code with what it means and where to look.

import type { ComponentChildren } from "preact";

import type { UsageByCode } from "../../api/types";
import { Link, useApp } from "../../app";
import { Table } from "../../components/table";
import { share } from "./share";

interface Meaning {
  means: string;
  look: string;
  /** Where a tenant's keys are that are concerned. */
  keys?: Record<string, string>;
}

const MEANINGS: Record<string, Meaning> = {
  EXPIRED: {
    means: "The key has expired.",
    look: "A program wasn’t given a new key. Its owner has to make one.",
    keys: { status: "expired" },
  },
  REVOKED: {
    means: "The key was revoked, and somebody still sends it.",
    look: "Who still has it? After a leak, such tries are what you want to see here.",
    keys: { status: "revoked" },
  },
  DISABLED: {
    means: "The key is disabled.",
    look: "Enable it, or revoke it if nobody asks.",
    keys: { status: "disabled" },
  },
  TENANT_SUSPENDED: {
    means: "All keys of the tenant are out of use.",
    look: "Resume the tenant once its matter is settled.",
  },
  NOT_FOUND: {
    means: "Well formed, but there is no such key.",
    look: "Often a key of another deployment, or one that a caller made up.",
  },
  WRONG_ENVIRONMENT: {
    means: "A test key on a live route, or the reverse.",
    look: "The caller’s configuration mixes up its two keys.",
  },
  IP_NOT_ALLOWED: {
    means: "Not from an address that the key allows.",
    look: "The caller moved, or the key is in other hands. The key’s page has its addresses.",
    keys: {},
  },
  INSUFFICIENT_SCOPE: {
    means: "The key lacks a scope that the route asks for.",
    look: "Grant the scope on the key’s page, or correct the caller.",
    keys: {},
  },
  RATE_LIMITED: {
    means: "Over a rate limit. The key was good.",
    look: "A burst, or a program that doesn’t wait for Retry-After. Raise the tenant’s limit if it is too low.",
  },
  QUOTA_EXCEEDED: {
    means: "A quota is used up. The key was good.",
    look: "Add to the quota on the tenant’s page, or wait for its next period.",
  },
};

interface Refusal {
  code: string;
  count: number;
}

export function Refusals({ usage, tenant }: { usage: UsageByCode; tenant?: string }) {
  const { i18n } = useApp();
  const rows: Refusal[] = Object.entries(usage.codes)
    .filter(([code, count]) => code !== "VALID" && count > 0)
    .map(([code, count]) => ({ code, count }))
    .sort((a, b) => b.count - a.count);
  if (rows.length === 0) {
    const some = usage.allowed > 0;
    return <p class="quiet">{some ? "Nothing was refused." : "No key was used in this time."}</p>;
  }
  return (
    <Table
      caption="Refusals by code"
      rows={rows}
      keyOf={({ code }) => code}
      columns={[
        { id: "code", label: "Refused as", cell: ({ code }) => <code>{code}</code> },
        { id: "count", label: "Times", end: true, cell: ({ count }) => i18n.number(count) },
        {
          id: "share",
          label: "Of refusals",
          end: true,
          cell: ({ count }) => share(i18n.locale, count / Math.max(1, usage.refused)),
        },
        {
          id: "means",
          label: "What it means",
          cell: ({ code }) => MEANINGS[code]?.means ?? "A code that this page doesn’t know.",
        },
        { id: "look", label: "Where to look", cell: ({ code }) => <Look meaning={MEANINGS[code]} tenant={tenant} /> },
      ]}
    />
  );
}

function Look({ meaning, tenant }: { meaning: Meaning | undefined; tenant: string | undefined }): ComponentChildren {
  if (!meaning) return null;
  return (
    <>
      {meaning.look}
      {tenant !== undefined && meaning.keys && (
        <>
          {" "}
          <Link to={{ page: "keys", tenant, ...meaning.keys }}>See the keys</Link>
        </>
      )}
    </>
  );
}
