// `explain` for Cloudflare Workers, which compile the module when they are deployed.

import module from "./explain_bindings_bg.wasm";

import { initSync } from "./explain_bindings.js";

initSync({ module });

export { explain } from "./explain.js";
