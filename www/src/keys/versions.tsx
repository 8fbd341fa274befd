// Two people changed a key at once: what it is now, and what this reader wanted, side by side.

import type { ComponentChildren } from "preact";

import type { Key, KeyPatch } from "../api/types";
import { useApp } from "../app";
import { Dialog } from "../components/dialog";
import { Table } from "../components/table";
import type { MessageId } from "../messages";

const FIELDS: { field: keyof KeyPatch; label: MessageId }[] = [
  { field: "name", label: "name" },
  { field: "scopes", label: "scopes" },
  { field: "expires_at", label: "expiry" },
  { field: "allowed_ips", label: "addresses" },
  { field: "metadata", label: "metadata" },
  { field: "rate_limits", label: "limits.rates" },
  { field: "quotas", label: "limits.quotas" },
];

interface VersionsProps {
  /** As it was when the form was opened. */
  original: Key;
  /** As it is now. */
  other: Key;
  /** The changes that this reader makes. */
  mine: KeyPatch;
  onMine: () => void;
  onClose: () => void;
}

export function Versions({ original, other, mine, onMine, onClose }: VersionsProps) {
  const { i18n } = useApp();
  const { t } = i18n;
  const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
  const rows = FIELDS.filter(({ field }) => field in mine || !same(original[field], other[field]));
  const shown = (value: unknown): ComponentChildren => {
    if (value === null || value === undefined || (Array.isArray(value) && value.length === 0)) return "–";
    if (Array.isArray(value)) return <bdi>{value.join(", ")}</bdi>;
    return <bdi>{typeof value === "string" ? value : JSON.stringify(value)}</bdi>;
  };
  return (
    <Dialog
      wide
      title={t("versions.title")}
      onClose={onClose}
      footer={
        <>
          <button type="button" class="button" onClick={onClose}>
            {t("versions.theirs")}
          </button>
          <button type="button" class="button primary" onClick={onMine}>
            {t("versions.mine")}
          </button>
        </>
      }
    >
      <p class="lead">{t("versions.text")}</p>
      <Table
        caption={t("versions.title")}
        keyOf={({ field }) => field}
        rows={rows}
        columns={[
          { id: "field", label: t("versions.field"), cell: ({ label }) => t(label) },
          { id: "before", label: t("versions.before"), cell: ({ field }) => shown(original[field]) },
          { id: "now", label: t("versions.now"), cell: ({ field }) => shown(other[field]) },
          { id: "yours", label: t("versions.yours"), cell: ({ field }) => (field in mine ? shown(mine[field]) : t("versions.unchanged")) },
        ]}
      />
    </Dialog>
  );
}
