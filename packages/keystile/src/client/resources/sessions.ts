// Sessions by a cookie, for pages of the management worker itself, and who the caller is.

import type { CallOptions } from "../options.ts";
import type { Transport } from "../transport.ts";
import type { OperatorSession, PortalSession } from "../types.ts";

export class Session {
  readonly #api: Transport;

  constructor(api: Transport) {
    this.#api = api;
  }

  /** Exchanges the key for a cookie. */
  begin(options?: CallOptions): Promise<OperatorSession> {
    return this.#api.call("beginSession", {}, options);
  }

  /** The caller: who it is, and what it may do. */
  get(options?: CallOptions): Promise<OperatorSession> {
    return this.#api.call("getSession", {}, options);
  }

  async end(options?: CallOptions): Promise<void> {
    await this.#api.call("endSession", {}, options);
  }
}

export class CustomerSession {
  readonly #api: Transport;

  constructor(api: Transport) {
    this.#api = api;
  }

  /** Exchanges the code of a link to the customers' page for a cookie. */
  exchange(code: string, options?: CallOptions): Promise<PortalSession> {
    return this.#api.call("exchangePortalCode", { body: { code } }, options);
  }

  /** The rights of the session. */
  get(options?: CallOptions): Promise<PortalSession> {
    return this.#api.call("getPortalSession", {}, options);
  }

  async end(options?: CallOptions): Promise<void> {
    await this.#api.call("endPortalSession", {}, options);
  }
}
