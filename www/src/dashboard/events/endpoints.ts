// The API of endpoints for events: the same operations for those of the deployment and for those of a tenant.

import { type Answer, type Client } from "../../api/client";
import { Problem } from "../../api/problem";
import type {
  ActedOnEvent,
  CreatedEventEndpoint,
  DeletedEventEndpoint,
  EventAttempt,
  EventAttempts,
  EventEndpoint,
  EventEndpointPatch,
  EventEndpoints,
  NewEventEndpoint,
  RedrivenEvents,
  UnsentEvents,
} from "../../api/types";

interface Page {
  cursor: string | undefined;
  limit: number;
}

type Version = Pick<EventEndpoint, "id" | "version">;

export class Endpoints {
  readonly #list: string;

  /** `tenant` is undefined for the deployment's. */
  constructor(
    private readonly client: Client,
    readonly tenant: string | undefined,
  ) {
    this.#list =
      tenant === undefined ? "/v1/event-endpoints" : `/v1/tenants/${encodeURIComponent(tenant)}/event-endpoints`;
  }

  /** All of them, the oldest first. */
  async list(signal: AbortSignal): Promise<EventEndpoint[]> {
    return (await dataOf(this.client.call<EventEndpoints>("GET", this.#list, { signal }))).endpoints;
  }

  get(id: string, signal?: AbortSignal): Promise<EventEndpoint> {
    return dataOf(this.client.call("GET", this.#at(id), signal ? { signal } : {}));
  }

  create(body: NewEventEndpoint, idempotencyKey: string): Promise<CreatedEventEndpoint> {
    return dataOf(this.client.call("POST", this.#list, { body, idempotencyKey }));
  }

  /** Of the version that the reader has seen, or of any. */
  change({ id, version }: Version | (Pick<Version, "id"> & { version: "any" }), body: EventEndpointPatch): Promise<Recorded> {
    const ifMatch = version === "any" ? {} : { ifMatch: `"${version}"` };
    return recorded(this.client.call<EventEndpoint>("PATCH", this.#at(id), { body, ...ifMatch }));
  }

  delete(id: string): Promise<Recorded> {
    return recorded(this.client.call<DeletedEventEndpoint>("DELETE", this.#at(id)));
  }

  rotate(id: string, overlap_seconds: number, idempotencyKey: string): Promise<CreatedEventEndpoint> {
    const body = { overlap_seconds };
    return dataOf(this.client.call("POST", this.#at(id, "secret", "rotate"), { body, idempotencyKey }));
  }

  test(id: string): Promise<EventAttempt> {
    return dataOf(this.client.call("POST", this.#at(id, "test")));
  }

  /** The newest first; of one event if it is named. */
  attempts(id: string, query: Page & { event: string | undefined }, signal: AbortSignal): Promise<EventAttempts> {
    return dataOf(this.client.call("GET", this.#at(id, "attempts"), { query: { ...query }, signal }));
  }

  /** The newest first. */
  deadLetters(id: string, query: Page, signal: AbortSignal): Promise<UnsentEvents> {
    return dataOf(this.client.call("GET", this.#at(id, "dead-letters"), { query: { ...query }, signal }));
  }

  redriveAll(id: string, idempotencyKey: string): Promise<RedrivenEvents> {
    return dataOf(this.client.call("POST", this.#at(id, "dead-letters", "redrive"), { idempotencyKey }));
  }

  act(act: "redrive" | "discard", id: string, event: string, idempotencyKey: string): Promise<ActedOnEvent> {
    return dataOf(this.client.call("POST", this.#at(id, "dead-letters", event, act), { idempotencyKey }));
  }

  #at(...parts: string[]): string {
    return [this.#list, ...parts.map(encodeURIComponent)].join("/");
  }
}

/** Whether a change is in effect, or recorded alone: the worker that sends is told as soon as it can be reached. */
export type Recorded = "in_effect" | "pending";

async function recorded(change: Promise<Answer<unknown>>): Promise<Recorded> {
  try {
    await change;
    return "in_effect";
  } catch (error) {
    if (error instanceof Problem && error.code === "CHANGE_PENDING") return "pending";
    throw error;
  }
}

const dataOf = async <T>(answer: Promise<Answer<T>>): Promise<T> => (await answer).data;
