// The entry for Node and compatible runtimes: the module is read from beside this file.

import { moduleBeside } from "./beside.js";
import { initSync } from "./bindings.js";
import { nodeHmac } from "./node_hmac.js";
import { onPlatform } from "./verifier.js";

initSync({ module: moduleBeside("bindings_bg.wasm") });
onPlatform(nodeHmac);

export { providers, sign, Verifier, verify } from "./verifier.js";
