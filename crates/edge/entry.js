// The edge worker: the configuration as a string for Rust to read at its first
// request, then the Rust worker itself.
import config from "keystile-config";

globalThis.KEYSTILE_CONFIG = config;

export { default } from "./build/index.js";
