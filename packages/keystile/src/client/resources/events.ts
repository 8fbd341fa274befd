// Endpoints that events are sent to: those of the deployment, and those of a tenant.

import type { OperationId } from "../operations.ts";
import { List } from "../pages.ts";
import type { AnyOptions, CallOptions, OptionsOf } from "../options.ts";
import type { Transport } from "../transport.ts";
import type {
  ActedOnEvent,
  CreatedEventEndpoint,
  DeletedEventEndpoint,
  EventAttempt,
  EventAttempts,
  EventEndpoint,
  EventEndpointPatch,
  EventEndpoints,
  FilterOf,
  NewEventEndpoint,
  RedrivenEvents,
  SecretRotation,
  UnsentEvent,
  UnsentEvents,
} from "../types.ts";

/** The operation on an endpoint of the deployment, and the one on an endpoint of a tenant. */
type Operations = readonly [OperationId, OperationId];

/** The endpoints of the deployment, or of the tenant that `of` names. */
export class Events {
  readonly #api: Transport;
  readonly #tenant: string | undefined;

  constructor(api: Transport, tenant?: string) {
    this.#api = api;
    this.#tenant = tenant;
  }

  /** The endpoints of a tenant, which get its events alone. */
  of(tenant: string): Events {
    return new Events(this.#api, tenant);
  }

  list(options?: CallOptions): Promise<EventEndpoints> {
    return this.#call(["listEventEndpoints", "listTenantEventEndpoints"], {}, options);
  }

  /** Makes an endpoint. The answer has its secret, which is shown once. */
  create(endpoint: NewEventEndpoint, options?: OptionsOf<"createEventEndpoint">): Promise<CreatedEventEndpoint> {
    return this.#call(["createEventEndpoint", "createTenantEventEndpoint"], { body: endpoint }, options);
  }

  get(endpoint: string, options?: CallOptions): Promise<EventEndpoint> {
    return this.#call(["getEventEndpoint", "getTenantEventEndpoint"], { path: { endpoint } }, options);
  }

  update(endpoint: string, patch: EventEndpointPatch, options?: OptionsOf<"updateEventEndpoint">): Promise<EventEndpoint> {
    return this.#call(["updateEventEndpoint", "updateTenantEventEndpoint"], { path: { endpoint }, body: patch }, options);
  }

  delete(endpoint: string, options?: OptionsOf<"deleteEventEndpoint">): Promise<DeletedEventEndpoint> {
    return this.#call(["deleteEventEndpoint", "deleteTenantEventEndpoint"], { path: { endpoint } }, options);
  }

  /** Gives it a new secret. The old one signs, too, for a day or `overlap_seconds`. */
  rotateSecret(endpoint: string, rotation: SecretRotation = {}, options?: OptionsOf<"rotateEventSecret">): Promise<CreatedEventEndpoint> {
    return this.#call(["rotateEventSecret", "rotateTenantEventSecret"], { path: { endpoint }, body: rotation }, options);
  }

  /** Sends it a test event now. */
  test(endpoint: string, options?: CallOptions): Promise<EventAttempt> {
    return this.#call(["testEventEndpoint", "testTenantEventEndpoint"], { path: { endpoint } }, options);
  }

  /** What was sent to it, newest first. */
  attempts(
    endpoint: string,
    filter: FilterOf<"listEventAttempts"> = {},
    options?: CallOptions,
  ): List<EventAttempt, EventAttempts> {
    const read = (cursor?: string): Promise<EventAttempts> =>
      this.#call(["listEventAttempts", "listTenantEventAttempts"], { path: { endpoint }, query: { ...filter, cursor } }, options);
    return new List(read, ({ attempts }) => attempts);
  }

  /** Events that could not be sent to it, newest first. */
  deadLetters(
    endpoint: string,
    filter: FilterOf<"listUnsentEvents"> = {},
    options?: CallOptions,
  ): List<UnsentEvent, UnsentEvents> {
    const read = (cursor?: string): Promise<UnsentEvents> =>
      this.#call(["listUnsentEvents", "listTenantUnsentEvents"], { path: { endpoint }, query: { ...filter, cursor } }, options);
    return new List(read, (page) => page.dead_letters);
  }

  /** Sends one of those again. */
  redrive(endpoint: string, event: string, options?: OptionsOf<"redriveUnsentEvent">): Promise<ActedOnEvent> {
    return this.#call(["redriveUnsentEvent", "redriveTenantUnsentEvent"], { path: { endpoint, event } }, options);
  }

  /** Sends all of those again. */
  redriveAll(endpoint: string, options?: OptionsOf<"redriveUnsentEvents">): Promise<RedrivenEvents> {
    return this.#call(["redriveUnsentEvents", "redriveTenantUnsentEvents"], { path: { endpoint } }, options);
  }

  /** Drops one of those. */
  discard(endpoint: string, event: string, options?: OptionsOf<"discardUnsentEvent">): Promise<ActedOnEvent> {
    return this.#call(["discardUnsentEvent", "discardTenantUnsentEvent"], { path: { endpoint, event } }, options);
  }

  /** Both operations take and answer the same, but for the tenant in the path. */
  #call<Answer>(
    [ofDeployment, ofTenant]: Operations,
    request: { path?: Record<string, string>; query?: object; body?: object },
    options?: AnyOptions,
  ): Promise<Answer> {
    const tenant = this.#tenant;
    const path = { ...request.path, ...(tenant !== undefined && { tenant }) };
    const id = tenant === undefined ? ofDeployment : ofTenant;
    return this.#api.call(id, { ...request, path } as never, options) as Promise<Answer>;
  }
}
