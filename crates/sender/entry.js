// The worker that sends events: its configuration, a string that Rust reads at its first request, and then the Rust
// worker itself and its Durable Objects.
import { sender as config } from "keystile-config";

import { durableObject, handlers } from "../runtime/worker.js";
import * as rust from "./build/index.js";

globalThis.KEYSTILE_CONFIG = config;

export default handlers(rust, ["fetch"]);
export const EventRouter = durableObject(rust, "EventRouter", ["fetch", "alarm"]);
export const EventEndpoint = durableObject(rust, "EventEndpoint", ["fetch", "alarm"]);
