// Tenants: your customers, their limits, and sessions in which they manage their own keys.

import { List } from "../pages.ts";
import type { CallOptions, OptionsOf } from "../options.ts";
import type { Transport } from "../transport.ts";
import type {
  AddedToLimit,
  FilterOf,
  LimitStates,
  ListedTenant,
  MintedPortalSession,
  NewPortalSession,
  OrderedErasure,
  QueryOf,
  RestoredLimits,
  Standing,
  Tenant,
  TenantPage,
  TenantPatch,
  TenantUsage,
  UsageExportEntry,
} from "../types.ts";
import { exportedUses } from "./usage_export.ts";

export class Tenants {
  readonly #api: Transport;

  constructor(api: Transport) {
    this.#api = api;
  }

  /** All tenants that have, or had, keys or settings, by name. */
  list(filter: FilterOf<"listTenants"> = {}, options?: CallOptions): List<ListedTenant, TenantPage> {
    const read = (cursor?: string) => this.#api.call("listTenants", { query: { ...filter, cursor } }, options);
    return new List(read, ({ tenants }) => tenants);
  }

  get(tenant: string, options?: CallOptions): Promise<Tenant> {
    return this.#api.call("getTenant", { path: { tenant } }, options);
  }

  /** Changes plan and limits; `null` removes. */
  update(tenant: string, patch: TenantPatch, options?: OptionsOf<"updateTenant">): Promise<Tenant> {
    return this.#api.call("updateTenant", { path: { tenant }, body: patch }, options);
  }

  /** Refuses all keys of the tenant. With `ahead` also if there is nothing of that name yet. */
  suspend(tenant: string, body: { ahead?: boolean | null } = {}, options?: OptionsOf<"suspendTenant">): Promise<Standing> {
    return this.#api.call("suspendTenant", { path: { tenant }, body }, options);
  }

  /**
   * Erases a suspended tenant: ends its keys, and erases everything that names people. This can't be undone, and the name is
   * never used again. `confirm` is the tenant's name once more.
   */
  erase(tenant: string, confirm: string, options?: OptionsOf<"eraseTenant">): Promise<OrderedErasure> {
    return this.#api.call("eraseTenant", { path: { tenant }, body: { confirm } }, options);
  }

  resume(tenant: string, options?: OptionsOf<"resumeTenant">): Promise<Standing> {
    return this.#api.call("resumeTenant", { path: { tenant } }, options);
  }

  usage(tenant: string, query: QueryOf<"getTenantUsage"> = {}, options?: CallOptions): Promise<TenantUsage> {
    return this.#api.call("getTenantUsage", { path: { tenant }, query }, options);
  }

  /** The uses of the tenant's keys for billing, as `Keystile.exportUsage` gives those of all tenants. */
  exportUsage(
    tenant: string,
    query: QueryOf<"exportTenantUsage">,
    options?: CallOptions,
  ): AsyncGenerator<UsageExportEntry, void, undefined> {
    const once = { ...options, retries: 0 };
    return exportedUses(tenant, query, (each, next) =>
      this.#api.lines("exportTenantUsage", { path: { tenant }, query: each }, next, once),
    );
  }

  /** The rate limits and quotas that the tenant's keys share, with what is left of them. */
  limits(tenant: string, options?: CallOptions): Promise<LimitStates> {
    return this.#api.call("getTenantLimits", { path: { tenant } }, options);
  }

  /** Puts the counts of all limits back to those of an earlier time. */
  restoreLimits(tenant: string, to: string, options?: OptionsOf<"restoreLimits">): Promise<RestoredLimits> {
    return this.#api.call("restoreLimits", { path: { tenant }, body: { to } }, options);
  }

  /** More of a quota that the tenant's keys share, until its period ends. */
  addToQuota(tenant: string, name: string, amount: number, options?: OptionsOf<"addToTenantQuota">): Promise<AddedToLimit> {
    return this.#api.call("addToTenantQuota", { path: { tenant, name }, body: { amount } }, options);
  }

  /** A session for a person of this customer: the link to the customers' page, and a token. */
  createPortalSession(tenant: string, session: NewPortalSession, options?: CallOptions): Promise<MintedPortalSession> {
    return this.#api.call("createPortalSession", { path: { tenant }, body: session }, options);
  }
}
