// Keys and tenants that need somebody soon.

import { useState } from "preact/hooks";

import type { ListedKey, ListedKeys, NearCap } from "../../api/types";
import { Link, useApp } from "../../app";
import { Empty } from "../../components/states";
import { Badge } from "../../components/status";
import { type Column, Table } from "../../components/table";
import { Time } from "../../i18n";
import { Card } from "../parts/page";
import { TenantLink } from "../parts/tenant_link";

interface WatchedCardProps {
  kind: "expiring" | "unused";
  watched: ListedKeys;
  days: number;
  /** Whether rows name their tenant. */
  tenants: boolean;
  stale: boolean;
}

const TEXTS = {
  expiring: {
    title: "Keys that expire soon",
    choice: "Within",
    days: [7, 14, 30, 90],
    more: "These are the soonest; there are more.",
    none: (days: string) => `No key expires within ${days}`,
    hint: "Nothing will stop working for that reason.",
  },
  unused: {
    title: "Unused keys",
    choice: "For",
    days: [30, 90, 180, 365],
    more: "These are unused the longest; there are more.",
    none: (days: string) => `Every key was used within ${days}`,
    hint: "Or is younger than that.",
  },
} as const;

/** The most urgent are seen at a glance. */
const FIRST = 8;

export function WatchedCard({ kind, watched, days, tenants, stale }: WatchedCardProps) {
  const { router, i18n } = useApp();
  const texts = TEXTS[kind];
  const [all, setAll] = useState(false);
  const folded = !all && watched.keys.length > FIRST;
  const inDays = (n: number): string => i18n.format("{n|one={n} day|other={n} days}", { n });
  const offered = [...new Set<number>([...texts.days, days])].sort((a, b) => a - b);
  const key: Column<ListedKey> = { id: "name", label: "Key", cell: (row) => <KeyCell row={row} tenant={tenants} /> };
  const used: Column<ListedKey> = {
    id: "used",
    label: "Last used",
    cell: ({ last_used_at }) => (last_used_at ? <Time value={last_used_at} /> : <span class="quiet">Never</span>),
  };
  const columns: Column<ListedKey>[] =
    kind === "expiring"
      ? [key, { id: "expires", label: "Expires", cell: (row) => <Soon at={row.expires_at} /> }, used]
      : [key, used, { id: "created", label: "Created", cell: (row) => <Time value={row.created_at} form="date" /> }];
  return (
    <Card
      title={texts.title}
      stale={stale}
      tools={
        <label class="small-select">
          {texts.choice}
          <select
            aria-label={`${texts.title}: ${texts.choice.toLowerCase()} how many days`}
            value={String(days)}
            onChange={(event) => router.set({ [kind]: event.currentTarget.value }, { replace: true })}
          >
            {offered.map((each) => (
              <option key={each} value={String(each)}>
                {inDays(each)}
              </option>
            ))}
          </select>
        </label>
      }
    >
      <Table
        caption={texts.title}
        columns={columns}
        rows={all ? watched.keys : watched.keys.slice(0, FIRST)}
        keyOf={(row) => `${row.tenant} ${row.id}`}
        empty={
          watched.more ? (
            <Empty title={i18n.t("search.none_yet")}>
              <p>{tenants ? "Some tenants have yet to report again." : i18n.t("search.none_yet.hint")}</p>
            </Empty>
          ) : (
            <Empty title={texts.none(inDays(days))}>
              <p>{texts.hint}</p>
            </Empty>
          )
        }
      />
      {folded && (
        <button type="button" class="link" onClick={() => setAll(true)}>
          Show all {i18n.number(watched.keys.length)}
        </button>
      )}
      {!folded && watched.more && watched.keys.length > 0 && (
        <p class="fine">{tenants ? texts.more : "These are the newest of them; there are more."}</p>
      )}
    </Card>
  );
}

function KeyCell({ row, tenant }: { row: ListedKey; tenant: boolean }) {
  return (
    <div class="name-cell">
      <Link to={{ page: "keys", tenant: row.tenant, key: row.id }}>
        <bdi>{row.name}</bdi>
      </Link>
      <span class="fine">
        <code dir="ltr">{row.display}…</code>
        {row.environment === "test" && (
          <>
            {" "}
            <Badge>Test</Badge>
          </>
        )}
      </span>
      {tenant && (
        <span class="fine">
          of <TenantLink tenant={row.tenant} />
        </span>
      )}
    </div>
  );
}

const URGENT_MS = 3 * 86_400_000;

function Soon({ at }: { at: string | null }) {
  if (at === null) return null;
  const urgent = Date.parse(at) - Date.now() < URGENT_MS;
  return (
    <div class="name-cell">
      <span class={urgent ? "danger-text strong" : undefined}>
        <Time value={at} />
      </span>
      <span class="fine">
        <Time value={at} form="minute" />
      </span>
    </div>
  );
}

export function NearCaps({ near, stale }: { near: { tenants: NearCap[]; more: boolean }; stale: boolean }) {
  return (
    <Card title="Tenants near their cap of keys" stale={stale}>
      <Table
        caption="Tenants near their cap of keys"
        rows={near.tenants}
        keyOf={({ tenant }) => tenant}
        columns={[
          { id: "tenant", label: "Tenant", cell: ({ tenant }) => <TenantLink tenant={tenant} /> },
          {
            id: "plan",
            label: "Plan",
            cell: ({ plan }) => (plan ? <bdi>{plan}</bdi> : <span class="quiet">None</span>),
          },
          { id: "cap", label: "Active keys", cell: (row) => <Fullness row={row} /> },
        ]}
        empty={
          <Empty title="No tenant has 80 % of its active keys">
            <p>Tenants whose plan has no cap are never here.</p>
          </Empty>
        }
      />
      {near.more && <p class="fine">These are the fullest; there are more.</p>}
      {near.tenants.length > 0 && (
        <p class="fine">A tenant that is full can’t create keys. Its page has its plan and limits.</p>
      )}
    </Card>
  );
}

function Fullness({ row }: { row: NearCap }) {
  const { i18n } = useApp();
  const full = row.active_keys >= row.max_active_keys;
  const text = `${i18n.number(row.active_keys)} of ${i18n.number(row.max_active_keys)}`;
  return (
    <div class="name-cell">
      <span>
        {text} {full && <Badge tone="bad">Full</Badge>}
      </span>
      <meter
        class="inline-meter"
        min={0}
        max={row.max_active_keys}
        low={row.max_active_keys * 0.8}
        high={row.max_active_keys * 0.99}
        optimum={0}
        value={row.active_keys}
        aria-label={`Active keys: ${text}`}
      />
    </div>
  );
}
