// Shows the changed fields of an audit entry, each with its values before and after.

import type { ComponentChildren } from "preact";

import type { AuditEntry } from "../../api/types";
import { Time, useI18n } from "../../i18n";

type Detail = AuditEntry["detail"];

const NAMES: Record<string, string> = {
  allowed_ips: "Allowed addresses",
  default_expiry_days: "Days that keys usually live",
  description: "Description",
  display: "Display",
  environment: "Environment",
  exported_at: "Of the export of",
  expires_at: "Expires",
  limits: "Own limits",
  max_active_keys: "Active keys, at most",
  max_expiry_days: "Days that keys live, at most",
  metadata: "Metadata",
  name: "Name",
  period_ends_at: "Period ends",
  plan: "Plan",
  previous_secret_ends_at: "Signed with the old secret, too, until",
  reason: "Reason",
  reporter: "Reported by",
  restored_to: "Back to",
  rotated_from: "Replaces",
  rotated_to: "Replaced by",
  scopes: "Scopes",
  signature: "Signature",
  source: "Source",
  state: "State",
  status: "Status",
  tenant: "Tenants",
  types: "Types of events",
  url: "Address",
};
/** The sentence says these. */
const SAID: Record<string, readonly string[]> = {
  quota_added: ["amount", "quota"],
  disabled: ["state"],
  enabled: ["state"],
  revoked: ["state"],
  rotated: [],
  metadata_erased: ["metadata"],
  endpoint_created: ["endpoint", "status"],
  endpoint_changed: ["endpoint"],
  endpoint_deleted: ["endpoint", "types", "signature", "status", "description"],
  endpoint_secret_rotated: ["endpoint"],
  event_redriven: ["endpoint", "event", "redriven"],
  event_discarded: ["endpoint", "event"],
};

const MADE: readonly AuditEntry["action"][] = ["created", "imported", "adopted"];

/** Of what was just made there is only an after, and much of it: it is folded. */
export function Changes({ entry }: { entry: AuditEntry }) {
  const fields = Object.entries(entry.detail).filter(([field]) => !SAID[entry.action]?.includes(field));
  if (fields.length === 0) return null;
  const list = <ChangeList fields={fields} />;
  if (!MADE.includes(entry.action)) return list;
  return (
    <details>
      <summary>What it was made with</summary>
      {list}
    </details>
  );
}

function ChangeList({ fields }: { fields: [string, Detail[string]][] }) {
  return (
    <dl class="changes">
      {fields.map(([field, { erased, from, to }]) => (
        <div key={field}>
          <dt>{NAMES[field] ?? <code>{field}</code>}</dt>
          <dd>
            {!isNothing(from) && (
              <>
                <span class="visually-hidden">from </span>
                <del>
                  <Value field={field} value={from} />
                </del>
                <span aria-hidden="true" class="arrow" />
                <span class="visually-hidden"> to </span>
              </>
            )}
            <ins>
              {erased ? "erased since" : <Value field={field} value={to} />}
            </ins>
          </dd>
        </div>
      ))}
    </dl>
  );
}

const isNothing = (value: unknown): boolean =>
  value === null || value === undefined || (typeof value === "object" && Object.keys(value).length === 0);
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

function Value({ field, value }: { field: string; value: unknown }): ComponentChildren {
  if (isNothing(value)) return NOTHING[field] ?? "none";
  if (typeof value === "string" && field.endsWith("_at") && TIME.test(value))
    return <Time value={value} form="second" />;
  if (field === "tenant" && value === "*") return "all";
  if (field === "scopes" && Array.isArray(value)) return <Codes values={value.map(String)} />;
  if (Array.isArray(value)) return <bdi>{value.map(String).join(", ")}</bdi>;
  if (field === "limits" && typeof value === "object") return <Limits values={value as Record<string, unknown>} />;
  return <bdi>{typeof value === "object" ? JSON.stringify(value) : String(value)}</bdi>;
}

const NOTHING: Record<string, string> = {
  previous_secret_ends_at: "not at all",
  expires_at: "never",
  allowed_ips: "anywhere",
  limits: "none of its own",
  plan: "none",
};

const Codes = ({ values }: { values: string[] }) => (
  <>
    {values.map((each, at) => (
      <>
        {at > 0 && " "}
        <code>{each}</code>
      </>
    ))}
  </>
);

function Limits({ values }: { values: Record<string, unknown> }) {
  const i18n = useI18n();
  return (
    <>
      {Object.entries(values).map(([name, limit], at) => (
        <>
          {at > 0 && ", "}
          <code>{name}</code> {limit === null ? "no limit" : i18n.number(Number(limit))}
        </>
      ))}
    </>
  );
}
