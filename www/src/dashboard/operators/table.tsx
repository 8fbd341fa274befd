// The table of operators: what each may do, where, and whether it is used.

import type { ComponentChildren } from "preact";

import type { Operator, OperatorSession } from "../../api/types";
import { Link, useApp } from "../../app";
import { MenuButton, type MenuItem } from "../../components/menu";
import { Badge, Effective } from "../../components/status";
import { type Column, Table } from "../../components/table";
import { Time } from "../../i18n";
import { Scopes } from "../../keys/key_table";
import { holds } from "../../rights";
import { TenantLink } from "../parts/tenant_link";

/** The dialog that is open. */
export type Open = { kind: "new" } | { kind: "rotate" | "keep" | "revoke"; operator: Operator };

interface TableProps {
  operators: readonly Operator[];
  status: "active" | "expired" | "revoked";
  /** The operator who is signed in. */
  reader: OperatorSession["operator"];
  stale: boolean;
  empty: ComponentChildren;
  onOpen: (open: Open) => void;
}

export function OperatorTable({ operators, status, reader, stale, empty, onOpen }: TableProps) {
  const name: Column<Operator> = {
    id: "name",
    label: "Operator",
    cell: (row) => <NameCell row={row} self={reader.id} />,
  };
  const may: Column<Operator> = { id: "may", label: "Scopes", cell: ({ scopes }) => <Scopes scopes={scopes} all /> };
  const reach: Column<Operator> = {
    id: "reach",
    label: "Tenants",
    cell: ({ tenant }) => {
      if (tenant === "*") return "All tenants";
      return holds(reader, "keys:read") ? <TenantLink tenant={tenant} /> : <bdi>{tenant}</bdi>;
    },
  };
  const used: Column<Operator> = { id: "used", label: "Last used", cell: (row) => <LastUsed row={row} /> };
  const ends: Column<Operator> = {
    id: "ends",
    label: status === "active" ? "Expires" : "Ended",
    cell: (row) => <Ends row={row} />,
  };
  const actions: Column<Operator> = {
    id: "actions",
    label: "",
    name: "Actions",
    end: true,
    cell: (row) => <MenuButton label={`Actions of ${row.name}`} items={actionsOf(row, onOpen)} />,
  };
  const columns = [name, may, reach, used, ends, ...(status === "active" ? [actions] : [])];
  return (
    <Table caption="Operators" columns={columns} rows={operators} keyOf={({ id }) => id} stale={stale} empty={empty} />
  );
}

function actionsOf(operator: Operator, onOpen: (open: Open) => void): MenuItem[] {
  const items: MenuItem[] = [];
  if (!operator.rotated_to) items.push({ label: "Rotate", onSelect: () => onOpen({ kind: "rotate", operator }) });
  if (operator.pending_end)
    items.push({ label: "Keep the old key", onSelect: () => onOpen({ kind: "keep", operator }) });
  items.push({ label: "Revoke", danger: true, onSelect: () => onOpen({ kind: "revoke", operator }) });
  return items;
}

function NameCell({ row, self }: { row: Operator; self: string }) {
  const end = row.pending_end;
  return (
    <div class="name-cell">
      <strong class="strong">
        <bdi>{row.name}</bdi>
      </strong>
      <code class="display" dir="ltr">
        {row.display}…
      </code>
      <span class="badges">
        {row.id === self && <Badge>You</Badge>}
        {row.exposure && <Badge tone="bad">Leaked</Badge>}
        {end && (
          <Badge tone={end.still_in_use ? "warn" : "idle"}>
            {end.still_in_use ? "Being replaced, still used" : "Being replaced"}
          </Badge>
        )}
      </span>
    </div>
  );
}

function LastUsed({ row }: { row: Operator }) {
  const { i18n } = useApp();
  const week = row.usage?.["7d"];
  return (
    <div class="name-cell">
      {row.last_used_at ? <Time value={row.last_used_at} /> : <span class="quiet">Never used</span>}
      {week && week.allowed + week.refused > 0 && (
        <span class="fine">
          {i18n.number(week.allowed)} verdicts in 7 days{week.refused > 0 && `, ${i18n.number(week.refused)} refused`}
        </span>
      )}
    </div>
  );
}

function Ends({ row }: { row: Operator }) {
  if (row.status === "revoked") {
    return (
      <div class="name-cell">
        {row.revoked_at && <Time value={row.revoked_at} form="minute" />}
        {row.revoke_reason && (
          <span class="fine">
            <bdi>{row.revoke_reason}</bdi>
          </span>
        )}
        {row.effective_by && Date.parse(row.effective_by) > Date.now() && (
          <Effective by={row.effective_by} holds={row.holds} what="refused" />
        )}
      </div>
    );
  }
  const end = row.pending_end;
  if (end) {
    return (
      <div class="name-cell">
        <span>
          {end.awaiting_first_use ? "At the latest " : ""}
          <Time value={end.at} />
        </span>
        <Link to={{ page: "operators", q: row.name }} class="fine">
          See its successor
        </Link>
      </div>
    );
  }
  return row.expires_at ? (
    <Time value={row.expires_at} form={row.status === "expired" ? "minute" : "date"} />
  ) : (
    <span class="quiet">Never</span>
  );
}
