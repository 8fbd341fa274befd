// The dashboard's pages. Each is loaded when it is opened.

import type { ComponentType } from "preact";

import type { OperatorSession } from "../api/types";
import { holds } from "../rights";

export interface PageProps {
  session: OperatorSession;
}

export interface Page {
  /** In the address: `?page=keys`. */
  id: string;
  title: string;
  /** In the navigation. */
  listed: boolean;
  /** The entry of the navigation that it belongs to, of a page that isn't listed. */
  under?: string;
  may: (operator: OperatorSession["operator"]) => boolean;
  load: () => Promise<{ default: ComponentType<PageProps> }>;
}

const everywhere = (operator: OperatorSession["operator"]): boolean => operator.tenant === "*";

/** In the order of the navigation. The first that an operator may see is where they begin. */
export const pages: readonly Page[] = [
  {
    id: "overview",
    title: "Overview",
    listed: true,
    may: (operator) => holds(operator, "keys:read"),
    load: () => import("./overview/page"),
  },
  {
    id: "tenants",
    title: "Tenants",
    listed: true,
    may: (operator) => holds(operator, "keys:read") && everywhere(operator),
    load: () => import("./tenants/page"),
  },
  {
    id: "tenant",
    title: "Tenant",
    listed: false,
    under: "tenants",
    may: (operator) => holds(operator, "keys:read") && everywhere(operator),
    load: () => import("./tenants/tenant"),
  },
  {
    id: "tenant",
    title: "Plan and limits",
    listed: true,
    may: (operator) => holds(operator, "keys:read") && !everywhere(operator),
    load: () => import("./tenants/tenant"),
  },
  {
    id: "keys",
    title: "Keys",
    listed: true,
    may: (operator) => holds(operator, "keys:read"),
    load: () => import("./keys/page"),
  },
  {
    id: "operators",
    title: "Operators",
    listed: true,
    may: (operator) => holds(operator, "operators:write"),
    load: () => import("./operators/page"),
  },
  {
    id: "audit",
    title: "Audit log",
    listed: true,
    may: (operator) => holds(operator, "audit:read"),
    load: () => import("./audit/page"),
  },
  {
    id: "webhooks",
    title: "Webhooks",
    listed: true,
    may: (operator) => holds(operator, "webhooks:read") && everywhere(operator),
    load: () => import("./webhooks/page"),
  },
  {
    id: "events",
    title: "Events",
    listed: true,
    may: (operator) => holds(operator, "events:read"),
    load: () => import("./events/page"),
  },
];

export { everywhere };
