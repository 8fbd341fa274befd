// The rights of a session's holder. Pages show only what they allow; the API decides in any case.

import type { OperatorSession, PortalSession } from "./api/types";

type Operator = OperatorSession["operator"];

export interface Rights {
  /** Changes keys. */
  write: boolean;
  audit: boolean;
  /** Imports keys, sees metadata, sets own limits: what operators do. */
  operator: boolean;
  /** Of all tenants. */
  everywhere: boolean;
  /** The scopes that may be granted; null for all. */
  grantable: readonly string[] | null;
}

export function rightsOfOperator({ operator }: OperatorSession): Rights {
  return {
    write: holds(operator, "keys:write"),
    audit: holds(operator, "audit:read"),
    operator: true,
    everywhere: operator.tenant === "*",
    grantable: null,
  };
}

export function rightsOfPortal({ may, scopes }: PortalSession): Rights {
  return {
    write: may.includes("keys:write"),
    audit: may.includes("audit:read"),
    operator: false,
    everywhere: false,
    grantable: scopes,
  };
}

/** Whether an operator has a scope. The holder of the root key has all. */
export const holds = (operator: Operator, scope: Operator["scopes"][number]): boolean =>
  operator.id === "root" || operator.scopes.includes(scope);
