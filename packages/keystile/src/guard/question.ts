// The request of a question to the edge, as the frameworks have it, and the keys in it.

/** A request of Fetch, Node, Express or Hono (`c.req.raw`); or the key alone, where you found it yourself. */
export type Guarded = { headers: HeadersLike; url?: string | undefined } | { key: string };

export type HeadersLike = Headers | Iterable<[string, string]> | Record<string, string | string[] | undefined>;

/** The headers as pairs. */
export function pairsOf(headers: HeadersLike): [string, string][] {
  if (typeof headers !== "object" || headers === null) {
    throw new TypeError("`headers` is a Headers, a list of pairs, or an object.");
  }
  if (Symbol.iterator in headers) return [...headers];
  return Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value])
      .filter((each) => each !== undefined)
      .map((each): [string, string] => [name, each]),
  );
}

/**
 * The keys that a request presents in these places, written as in `[keys] headers` of keystile.toml: `"bearer"`,
 * `"scheme:token"`, `"basic:username"`, `"basic:password"`, or the name of a header. Each text comes once.
 */
export function keysIn(headers: HeadersLike, places: readonly string[]): string[] {
  const values = (name: string) =>
    pairsOf(headers)
      .filter(([each]) => each.toLowerCase() === name)
      .map(([, value]) => value.trim());
  const authorizations = values("authorization");
  const after = (scheme: string) =>
    authorizations.flatMap((value) => {
      const [word = "", ...rest] = value.split(" ");
      return word.toLowerCase() === scheme ? [rest.join(" ").trim()] : [];
    });
  const found = places.flatMap((place) => {
    const [kind, name = ""] = place.toLowerCase().split(":");
    if (place === "bearer") return after("bearer");
    if (kind === "scheme") return after(name);
    if (kind === "basic") return after("basic").map((text) => partOfBasic(text, name));
    return values(place.toLowerCase());
  });
  return [...new Set(found.filter((text) => text !== ""))];
}

function partOfBasic(text: string, part: string): string {
  let decoded: string;
  try {
    decoded = atob(text);
  } catch {
    return "";
  }
  const colon = decoded.indexOf(":");
  if (colon < 0) return "";
  return part === "username" ? decoded.slice(0, colon) : decoded.slice(colon + 1);
}
