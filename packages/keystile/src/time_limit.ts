// Time limits: one rule for client and guard.

/** Milliseconds, 23 days. A timer that is set to more than 2^31 ends at once. */
const LONGEST = 2_000_000_000;

/** The limit. One that isn't a whole number of milliseconds, such as 0 or Infinity, is a mistake. */
export function timeLimit(name: string, ms: unknown): number {
  if (Number.isInteger(ms) && (ms as number) >= 1 && (ms as number) <= LONGEST) return ms as number;
  throw new TypeError(`\`${name}\`: a whole number of milliseconds expected, from 1 to ${LONGEST}.`);
}
