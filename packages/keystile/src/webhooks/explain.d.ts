import type { Explanation } from "./explanation.js";
import type { Delivery, SchemeOrProvider } from "./webhooks.js";

export type * from "./explanation.js";

export interface ExplainOptions {
  /** The time to judge by: seconds since 1970, or a Date; the clock's by default. */
  now?: number | Date;
  /** The texts of the scheme's `params`. */
  params?: Record<string, string>;
  /** The sender's public keys as a set (RFC 7517), beside `secrets`. */
  jwks?: { keys: object[] };
}

/**
 * Says why a delivery is refused: the values that the verifier read and computed, and causes that are proved by trying
 * them. It takes two seconds at most. The explanation shows what was signed, and can show parts of a secret: keep it to
 * yourself.
 */
export function explain(
  scheme: SchemeOrProvider,
  secrets: string[],
  delivery: Delivery,
  options?: ExplainOptions,
): Explanation;
