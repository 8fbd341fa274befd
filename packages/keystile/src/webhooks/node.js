// The entry for Node and compatible runtimes: the module is read from beside this file.

import { readFileSync } from "node:fs";

import { initSync } from "./bindings.js";
import { onPlatform } from "./verifier.js";
import { nodeHmac } from "./node_hmac.js";

initSync({ module: besideThis() });
onPlatform(nodeHmac);

function besideThis() {
  try {
    return readFileSync(new URL("./bindings_bg.wasm", import.meta.url));
  } catch (cause) {
    const instead = 'Import "keystile/webhooks/inline", which contains it, or leave the package `keystile` out of the bundle.';
    throw new Error(`A bundler has taken this code away from its module, bindings_bg.wasm. ${instead}`, { cause });
  }
}

export { providers, sign, Verifier, verify } from "./verifier.js";
