// The worker that receives webhooks: its configuration, a string that Rust reads at its first request, and then the
// Rust worker itself and its Durable Objects.
import { hooks as config } from "keystile-config";

import { durableObject, handlers } from "../runtime/worker.js";
import * as rust from "./build/index.js";

globalThis.KEYSTILE_CONFIG = config;

export default handlers(rust, ["fetch", "queue"]);
export const Bodies = durableObject(rust, "Bodies", ["fetch", "alarm"]);
export const DeadLetters = durableObject(rust, "DeadLetters", ["fetch", "alarm"]);
export const Deliveries = durableObject(rust, "Deliveries", ["fetch", "alarm"]);
export const Keys = durableObject(rust, "Keys", ["fetch", "alarm"]);
