// Reports of leaked keys.

import type { CallOptions } from "../options.ts";
import type { Transport } from "../transport.ts";
import type { Exposed, ExposureRecord } from "../types.ts";

export class Exposures {
  readonly #api: Transport;

  constructor(api: Transport) {
    this.#api = api;
  }

  /**
   * Reports keys that were found where they don't belong. `[exposure] operator` of keystile.toml says what happens to
   * them. The same may be sent again: a repeat does nothing. 30 records always fit; what doesn't fit fails with
   * `BODY_TOO_LARGE`, and nothing of it is done.
   */
  async report(records: ExposureRecord[], options?: CallOptions): Promise<Exposed> {
    // The labels are for GitHub, and the empty answer for who has no key.
    return (await this.#api.call("reportExposures", { body: records }, options)) as Exposed;
  }
}
