// The worker that receives webhooks: the whole configuration as a string for Rust
// to read at its first request, then the Rust worker itself and its Durable Objects.
import { whole as config } from "keystile-config";

globalThis.KEYSTILE_CONFIG = config;

export { default, Bodies, DeadLetters, Deliveries } from "./build/index.js";
