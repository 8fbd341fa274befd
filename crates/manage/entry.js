// The management worker: the configuration as a string for Rust to read at its
// first request, then the Rust worker itself and its Durable Objects.
import { manage as config } from "keystile-config";

import { durableObject, handlers } from "../runtime/worker.js";
import * as rust from "./build/index.js";

globalThis.KEYSTILE_CONFIG = config;

export default handlers(rust, ["fetch"]);
export const Feed = durableObject(rust, "Feed", ["fetch", "alarm"]);
export const Ledger = durableObject(rust, "Ledger", ["fetch", "alarm"]);
export const Overview = durableObject(rust, "Overview", ["fetch"]);
export const Relay = durableObject(rust, "Relay", ["fetch"]);
