// The addresses that keys are sent to: one rule for client and guard.

/** The address expected, and an example of it. */
interface Expected {
  of: string;
  example: string;
}

/**
 * The address, without a slash at its end. Keys go over https, or over http to this machine alone: else others could read
 * them on the way. With `anyHttp` that is the caller's matter: the client's, where a `fetch` of one's own decides where a
 * request goes. A text that isn't such an address is a mistake; it isn't
 * shown, since it may hold a password.
 */
export function addressOf(url: unknown, { of, example }: Expected, { anyHttp = false } = {}): string {
  const text = url instanceof URL ? url.href : url;
  const parsed = typeof text === "string" && URL.canParse(text) ? new URL(text) : undefined;
  const isBare = parsed && !parsed.username && !parsed.password && !parsed.search && !parsed.hash;
  if (!isBare || !/^https?:$/.test(parsed.protocol)) {
    throw new TypeError(`\`url\`: the address of ${of} expected, such as ${example}, without a query and a password.`);
  }
  if (parsed.protocol === "http:" && !anyHttp && !isThisMachine(parsed)) {
    throw new TypeError("`url`: write https. Plain http is for this machine alone: elsewhere others could read the keys.");
  }
  return parsed.href.replace(/\/+$/, "");
}

/** A name may begin like an address of this machine (127.0.0.1.example.com), so the whole host counts. */
const isThisMachine = ({ hostname }: URL) => /^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
