// The edge worker: the configuration, a string that Rust reads at its first request, and then the Rust worker itself.
import { edge as config } from "keystile-config";

import { handlers } from "../runtime/worker.js";
import * as rust from "./build/index.js";

globalThis.KEYSTILE_CONFIG = config;

export default handlers(rust, ["fetch"]);
