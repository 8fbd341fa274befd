// Describes what each scope of an operator allows.

import type { OperatorScope } from "../../api/types";

interface About {
  name: OperatorScope;
  means: string;
  /** The further rights that it gives an operator of all tenants. */
  everywhere?: string;
  /** Of no use to an operator of one tenant. */
  everywhereOnly?: true;
}

export const OPERATOR_SCOPES: readonly About[] = [
  { name: "keys:read", means: "See keys, their use and limits.", everywhere: "The overview, and all tenants." },
  {
    name: "keys:write",
    means: "Create, change, rotate and revoke keys, and open customers’ pages.",
    everywhere: "Set plans and limits, suspend and resume tenants.",
  },
  { name: "audit:read", means: "Read the audit log.", everywhere: "The operators’ log, too." },
  { name: "operators:write", means: "Create, rotate and revoke operators, with no more than it may do itself." },
  { name: "tenants:delete", means: "Erase tenants for good.", everywhereOnly: true },
  { name: "verify", means: "Ask the edge for verdicts on keys and webhooks. For services that guard themselves." },
  {
    name: "webhooks:read",
    means: "See sources of webhooks, and events that couldn’t be delivered.",
    everywhereOnly: true,
  },
  { name: "webhooks:write", means: "Send such events again, discard them, or read their bodies.", everywhereOnly: true },
  { name: "metrics:read", means: "Read the deployment’s metrics. For Prometheus.", everywhereOnly: true },
  {
    name: "events:read",
    means: "See the endpoints that events are sent to, and what was sent.",
    everywhere: "Those of the deployment, too.",
  },
  {
    name: "events:write",
    means: "Create, change and delete endpoints, and send events again.",
    everywhere: "Those of the deployment, too.",
  },
  { name: "tenants:export", means: "Export all that a tenant’s ledger has, for a backup.", everywhere: "And all of the deployment." },
];

/** The usual sets of scopes, by role. */
export const ROLES: readonly { name: string; about: string; scopes: readonly OperatorScope[] }[] = [
  { name: "Support", about: "Looks, and changes nothing.", scopes: ["keys:read", "audit:read"] },
  { name: "Product backend", about: "Manages keys for customers.", scopes: ["keys:read", "keys:write", "audit:read"] },
  { name: "Guarded service", about: "Asks for verdicts, no more.", scopes: ["verify"] },
];
