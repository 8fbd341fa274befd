// The client of the management API: `new Keystile({ url, key })`.

import { Audit } from "./resources/audit.ts";
import { Backup } from "./resources/backup.ts";
import { Events } from "./resources/events.ts";
import { Exposures } from "./resources/exposures.ts";
import { Keys } from "./resources/keys.ts";
import { Operators } from "./resources/operators.ts";
import { CustomerSession, Session } from "./resources/sessions.ts";
import { Tenants } from "./resources/tenants.ts";
import { exportedUses } from "./resources/usage_export.ts";
import { Webhooks } from "./resources/webhooks.ts";
import type { CallOptions } from "./options.ts";
import { type ClientOptions, Transport } from "./transport.ts";
import type { Catalog, Health, Overview, Plans, QueryOf, TotalUsage, UsageExportEntry } from "./types.ts";

export { type Code, KeystileError, type LocalCode, type Problem } from "./error.ts";
export type { CallOptions, OptionsOf } from "./options.ts";
export { List } from "./pages.ts";
export type { ExportPage } from "./resources/backup.ts";
export type { Shown } from "./shown.ts";
export type { ClientOptions } from "./transport.ts";
export type * from "./types.ts";

/** A deployment's management API, as one operator sees it. */
export class Keystile {
  readonly keys: Keys;
  readonly tenants: Tenants;
  readonly operators: Operators;
  readonly audit: Audit;
  readonly exposures: Exposures;
  readonly webhooks: Webhooks;
  readonly events: Events;
  readonly backup: Backup;
  readonly session: Session;
  /** In pages for customers. */
  readonly portalSession: CustomerSession;
  readonly #api: Transport;

  constructor(options: ClientOptions) {
    const api = new Transport(options);
    this.#api = api;
    this.keys = new Keys(api);
    this.tenants = new Tenants(api);
    this.operators = new Operators(api);
    this.audit = new Audit(api);
    this.exposures = new Exposures(api);
    this.webhooks = new Webhooks(api);
    this.events = new Events(api);
    this.backup = new Backup(api);
    this.session = new Session(api);
    this.portalSession = new CustomerSession(api);
  }

  /** All tenants at once: keys that expire or are unused, tenants near their limits, secrets. */
  overview(query: QueryOf<"getOverview"> = {}, options?: CallOptions): Promise<Overview> {
    return this.#api.call("getOverview", { query }, options);
  }

  /** The uses of all tenants' keys together. */
  usage(query: QueryOf<"getUsage"> = {}, options?: CallOptions): Promise<TotalUsage> {
    return this.#api.call("getUsage", { query }, options);
  }

  /**
   * The uses of all tenants' keys for billing, of closed hours alone. Each answer of the API that this takes ends with a
   * signed entry, whose `end.next` is where the next one goes on. An answer that is cut, or has other lines than its last
   * entry counts, fails: go on with the `next` of the last signed entry as `after`.
   */
  exportUsage(query: QueryOf<"exportUsage">, options?: CallOptions): AsyncGenerator<UsageExportEntry, void, undefined> {
    const once = { ...options, retries: 0 };
    return exportedUses(null, query, (each, next) => this.#api.lines("exportUsage", { query: each }, next, once));
  }

  /** The numbers that the objects have of the deployment, in the text of OpenMetrics. */
  metrics(options?: CallOptions): Promise<string> {
    return this.#api.text("getMetrics", {}, options);
  }

  /** The plans, and the limits of tenants without one. */
  plans(options?: CallOptions): Promise<Plans> {
    return this.#api.call("listPlans", {}, options);
  }

  /** The scopes, presets and environments of the deployment. */
  catalog(options?: CallOptions): Promise<Catalog> {
    return this.#api.call("getCatalog", {}, options);
  }

  /** Whether the worker runs, and its version. */
  health(options?: CallOptions): Promise<Health> {
    return this.#api.call("getHealth", {}, options);
  }

  /** The document of the API, in OpenAPI 3.1. */
  async openapi(options?: CallOptions): Promise<Record<string, unknown>> {
    return (await this.#api.call("getOpenApi", {}, options)) as Record<string, unknown>;
  }
}
