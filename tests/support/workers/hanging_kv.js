// A service bound in place of a KV namespace: every read hangs.

import { WorkerEntrypoint } from "cloudflare:workers";

export default class extends WorkerEntrypoint {
  get() {
    return new Promise((resolve) => setTimeout(resolve, 60_000, null));
  }
}
