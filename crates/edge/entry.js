// The edge worker: the configuration as a string for Rust to read at its first
// request, then the Rust worker itself.
import { edge as config } from "keystile-config";

import { handlers } from "../runtime/worker.js";
import * as rust from "./build/index.js";

globalThis.KEYSTILE_CONFIG = config;

export default handlers(rust, ["fetch"]);
