// The edge worker: the configuration, a string that Rust reads at its first request, and then the Rust worker itself.
import { WorkerEntrypoint } from "cloudflare:workers";
import { edge as config } from "keystile-config";

import { handlers } from "../runtime/worker.js";
import * as rust from "./build/index.js";

globalThis.KEYSTILE_CONFIG = config;

export default handlers(rust, ["fetch"]);

/**
 * For Workers with a binding to this entrypoint: the verdict on a request, or on the key in the question, as a response.
 * The binding is what entitles them; they need no operator key.
 */
export class Guard extends WorkerEntrypoint {
  verify({ url = "http://guard", headers }, question = {}) {
    return rust.guard(new Request(url, { headers }), this.env, this.ctx, JSON.stringify(question));
  }
}
