// OpenSSL's HMAC, which computes long ones synchronously, for the entries of Node.

import { createHmac, timingSafeEqual } from "node:crypto";

export const nodeHmac = {
  long: 2 * 1024,
  check: {
    hmac: (hash, key, signature, message) => {
      const computed = createHmac(hash.replace("-", ""), key).update(message).digest();
      return computed.length === signature.length && timingSafeEqual(computed, signature);
    },
  },
};
