// The table of keys: of those in use with their use and actions, of ended ones with when and why.

import type { ComponentChildren } from "preact";

import type { Key } from "../api/types";
import { Link, useApp } from "../app";
import { MenuButton, type MenuItem } from "../components/menu";
import { Badge, StatusBadge } from "../components/status";
import { type Column, Table } from "../components/table";
import { Time } from "../i18n";
import { actionsOf } from "./actions";
import { By } from "./by";
import { useKeys } from "./context";
import type { Open } from "./dialogs";
import { RowUsage } from "./row_usage";

interface KeyTableProps {
  keys: readonly Key[];
  ended: boolean;
  stale: boolean;
  empty: ComponentChildren;
  onOpen: (open: Open) => void;
}

export function KeyTable({ keys, ended, stale, empty, onOpen }: KeyTableProps) {
  const { i18n } = useApp();
  const known = useKeys();
  const { t } = i18n;
  const name: Column<Key> = { id: "name", label: t("column.key"), cell: (key) => <NameCell row={key} /> };
  const scopes: Column<Key> = { id: "scopes", label: t("scopes"), cell: (key) => <Scopes scopes={key.scopes} /> };
  const used: Column<Key> = { id: "used", label: t("column.last_used"), cell: (key) => <LastUsed row={key} /> };
  const created: Column<Key> = {
    id: "created",
    label: t("column.created"),
    cell: (key) => (
      <>
        <Time value={key.created_at} form="date" />
        <By actor={key.created_by} />
      </>
    ),
  };
  const inUse: Column<Key>[] = [
    name,
    scopes,
    used,
    { id: "usage", label: t("column.usage"), cell: (key) => <RowUsage row={key} /> },
    { id: "expires", label: t("column.expires"), cell: (key) => <Expires row={key} /> },
    created,
    {
      id: "actions",
      label: "",
      name: t("column.actions"),
      end: true,
      cell: (key) => {
        const items: MenuItem[] = actionsOf(i18n, known, key, onOpen);
        return items.length > 0 && <MenuButton label={t("actions.of", { name: key.name })} items={items} />;
      },
    },
  ];
  const over: Column<Key>[] = [
    name,
    scopes,
    { id: "ended", label: t("column.ended"), cell: (key) => <Time value={endOf(key)} form="minute" /> },
    {
      id: "reason",
      label: t("column.reason"),
      cell: (key) => (key.revoke_reason ? <bdi>{key.revoke_reason}</bdi> : <span class="fine">{t("no_reason")}</span>),
    },
    used,
    created,
  ];
  const columns = ended ? (keys[0]?.status === "expired" ? over.filter(({ id }) => id !== "reason") : over) : inUse;
  return <Table caption={t("keys.title")} columns={columns} rows={keys} keyOf={(key) => key.id} empty={empty} stale={stale} />;
}

/** When an ended key ended. */
const endOf = (key: Key): string => (key.status === "expired" ? key.expires_at : key.revoked_at) ?? key.created_at;

function NameCell({ row }: { row: Key }) {
  const { router, i18n } = useApp();
  const { catalog } = useKeys();
  const { t } = i18n;
  return (
    <div class="key-name">
      <Link to={{ ...router.params.value, key: row.id }} class="strong">
        <bdi>{row.name}</bdi>
      </Link>
      <span class="display-line">
        <code class="display" dir="ltr">
          {row.display}…
        </code>
        {catalog.environments.length > 1 && <Badge>{t(`environment.${row.environment}`)}</Badge>}
        {row.status !== "active" && <StatusBadge status={row.status} />}
        {row.exposure && <Badge tone="bad">{t("key.exposed.badge")}</Badge>}
        {row.pending_end && (
          <Badge tone={row.pending_end.still_in_use ? "warn" : "idle"}>
            {t(row.pending_end.still_in_use ? "rotation.badge_in_use" : "rotation.badge")}
          </Badge>
        )}
      </span>
    </div>
  );
}

const SHOWN_SCOPES = 3;

export function Scopes({ scopes, all = false }: { scopes: readonly string[]; all?: boolean }) {
  const shown = all || scopes.length <= SHOWN_SCOPES + 1 ? scopes : scopes.slice(0, SHOWN_SCOPES);
  const rest = scopes.slice(shown.length);
  return (
    <span class="scopes">
      {shown.map((scope) => (
        <code key={scope}>{scope}</code>
      ))}
      {rest.length > 0 && (
        <span class="fine" title={rest.join("\n")}>
          +{rest.length}
        </span>
      )}
    </span>
  );
}

function LastUsed({ row }: { row: Key }) {
  const { i18n } = useApp();
  return row.last_used_at ? <Time value={row.last_used_at} /> : <span class="fine nowrap">{i18n.t("never_used")}</span>;
}

const SOON_MS = 14 * 86_400_000;

function Expires({ row }: { row: Key }) {
  const { i18n } = useApp();
  if (!row.expires_at) return <span class="fine">{i18n.t("never")}</span>;
  const soon = Date.parse(row.expires_at) - Date.now() < SOON_MS;
  return (
    <span class={soon ? "warn-text" : undefined}>
      <Time value={row.expires_at} form={soon ? "relative" : "date"} />
    </span>
  );
}
