// The entry for Node and compatible runtimes: the module is read from beside this file, and OpenSSL computes long HMACs
// synchronously.

import { createHmac, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";

import { initSync } from "./bindings.js";
import { onPlatform } from "./keystile.js";

initSync({ module: readFileSync(new URL("./bindings_bg.wasm", import.meta.url)) });
onPlatform({
  long: 2 * 1024,
  check: {
    hmac: (hash, key, signature, message) => {
      const computed = createHmac(hash.replace("-", ""), key).update(message).digest();
      return computed.length === signature.length && timingSafeEqual(computed, signature);
    },
  },
});

export { providers, sign, Verifier, verify } from "./keystile.js";
