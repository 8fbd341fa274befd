// The worker whose objects count: its configuration, a string that Rust reads at its first request, and then the Rust
// worker itself and its Durable Objects.
import { limiter as config } from "keystile-config";

import { durableObject, handlers } from "../runtime/worker.js";
import * as rust from "./build/index.js";

globalThis.KEYSTILE_CONFIG = config;

export default handlers(rust, ["fetch"]);
export const Limiter = durableObject(rust, "Limiter", ["fetch", "alarm"]);
export const LimiterRestores = durableObject(rust, "LimiterRestores", ["fetch"]);
