// The entry for Cloudflare Workers, which compile the module when they are deployed.

import module from "./bindings_bg.wasm";

import { initSync } from "./bindings.js";
import { onPlatform } from "./verifier.js";

initSync({ module });
// Calls to WebCrypto do not change threads here, so the limit is low.
onPlatform({ long: 4 * 1024 });

export { providers, sign, Verifier, verify } from "./verifier.js";
