// `explain` for Node and compatible runtimes: the module is read from beside this file.

import { moduleBeside } from "./beside.js";
import { initSync } from "./explain_bindings.js";

initSync({ module: moduleBeside("explain_bindings_bg.wasm") });

export { explain } from "./explain.js";
