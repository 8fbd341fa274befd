// The same for bundles that run in Node.

import { onPlatform } from "./verifier.js";
import { nodeHmac } from "./node_hmac.js";

onPlatform(nodeHmac);

export { providers, sign, Verifier, verify } from "./inline.js";
