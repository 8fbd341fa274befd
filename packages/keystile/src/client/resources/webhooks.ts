// Webhooks: their sources, what was delivered, and what was not.

import { List } from "../pages.ts";
import type { CallOptions, OptionsOf } from "../options.ts";
import type { Transport } from "../transport.ts";
import type {
  ActedOnDeadLetter,
  DeadLetter,
  DeadLetterBody,
  DeadLetterPage,
  Delivery,
  DeliveryPage,
  FilterOf,
  Handshakes,
  RedrivenDeadLetters,
  RevealedHandshake,
  WebhookSources,
} from "../types.ts";

export class Webhooks {
  readonly #api: Transport;

  constructor(api: Transport) {
    this.#api = api;
  }

  sources(options?: CallOptions): Promise<WebhookSources> {
    return this.#api.call("listWebhookSources", {}, options);
  }

  /** Recent deliveries of a source, newest first. */
  deliveries(source: string, filter: FilterOf<"listDeliveries"> = {}, options?: CallOptions): List<Delivery, DeliveryPage> {
    const read = (cursor?: string) =>
      this.#api.call("listDeliveries", { path: { source }, query: { ...filter, cursor } }, options);
    return new List(read, ({ deliveries }) => deliveries);
  }

  /** Puts a delivered event whose body is kept into the queue once more. */
  replay(source: string, id: string, options?: OptionsOf<"replayDelivery">): Promise<ActedOnDeadLetter> {
    return this.#api.call("replayDelivery", { path: { source, id } }, options);
  }

  /** Events that could not be delivered, newest first. */
  deadLetters(
    source: string,
    filter: FilterOf<"listDeadLetters"> = {},
    options?: CallOptions,
  ): List<DeadLetter, DeadLetterPage> {
    const read = (cursor?: string) =>
      this.#api.call("listDeadLetters", { path: { source }, query: { ...filter, cursor } }, options);
    return new List(read, (page) => page.dead_letters);
  }

  /** The body of such an event, in base64. That it was read is in the audit log. */
  deadLetterBody(source: string, id: string, options?: CallOptions): Promise<DeadLetterBody> {
    return this.#api.call("getDeadLetterBody", { path: { source, id } }, options);
  }

  /** Puts such an event back into the queue. */
  redrive(source: string, id: string, options?: OptionsOf<"redriveDeadLetter">): Promise<ActedOnDeadLetter> {
    return this.#api.call("redriveDeadLetter", { path: { source, id } }, options);
  }

  /** Puts the newest 50 back. If the answer says `more`, call again. */
  redriveMany(source: string, options?: OptionsOf<"redriveDeadLetters">): Promise<RedrivenDeadLetters> {
    return this.#api.call("redriveDeadLetters", { path: { source } }, options);
  }

  /** Drops such an event with its body. */
  discard(source: string, id: string, options?: OptionsOf<"discardDeadLetter">): Promise<ActedOnDeadLetter> {
    return this.#api.call("discardDeadLetter", { path: { source, id } }, options);
  }

  /** Handshakes in which a sender told its secret, without the secret. */
  handshakes(source: string, options?: CallOptions): Promise<Handshakes> {
    return this.#api.call("listHandshakes", { path: { source } }, options);
  }

  /** The secret of a handshake, once. That it was shown is in the audit log. */
  reveal(source: string, id: string, options?: CallOptions): Promise<RevealedHandshake> {
    return this.#api.call("revealHandshake", { path: { source, id } }, options);
  }
}
