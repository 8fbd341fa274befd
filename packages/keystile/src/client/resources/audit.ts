// The audit logs: one of each tenant, and one of the operators.

import { List } from "../pages.ts";
import type { CallOptions } from "../options.ts";
import type { Transport } from "../transport.ts";
import type { AuditEntry, AuditPage, FilterOf, QueryOf } from "../types.ts";

export class Audit {
  readonly #api: Transport;

  constructor(api: Transport) {
    this.#api = api;
  }

  /** The log of a tenant, newest first. */
  list(tenant: string, filter: FilterOf<"listTenantAudit"> = {}, options?: CallOptions): List<AuditEntry, AuditPage> {
    const read = (cursor?: string) =>
      this.#api.call("listTenantAudit", { path: { tenant }, query: { ...filter, cursor } }, options);
    return new List(read, ({ entries }) => entries);
  }

  /**
   * The whole log of a tenant, oldest first, as a stream. One that is cut is gone on from. To go on later, give the `id`
   * of the last entry as `after`.
   */
  export(
    tenant: string,
    query: QueryOf<"exportTenantAudit"> = {},
    options?: CallOptions,
  ): AsyncGenerator<AuditEntry, void, undefined> {
    const next = ({ id }: AuditEntry) => ({ ...query, after: id });
    return this.#api.lines("exportTenantAudit", { path: { tenant }, query }, next, options);
  }

  /** The log of operators and of undelivered events, newest first. */
  listOperators(filter: FilterOf<"listOperatorAudit"> = {}, options?: CallOptions): List<AuditEntry, AuditPage> {
    const read = (cursor?: string) => this.#api.call("listOperatorAudit", { query: { ...filter, cursor } }, options);
    return new List(read, ({ entries }) => entries);
  }

  /** That log, as `export` gives a tenant's. */
  exportOperators(
    query: QueryOf<"exportOperatorAudit"> = {},
    options?: CallOptions,
  ): AsyncGenerator<AuditEntry, void, undefined> {
    const next = ({ id }: AuditEntry) => ({ ...query, after: id });
    return this.#api.lines("exportOperatorAudit", { query }, next, options);
  }
}
