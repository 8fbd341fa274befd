// Explanations of verdicts, by a module of their own, so that who doesn't ask for any doesn't load it.

import { bytes, head, seconds } from "./delivery.js";
import { explain as explained } from "./explain_bindings.js";

export function explain(scheme, secrets, delivery, { now, params = {}, jwks } = {}) {
  const texts = Array.isArray(secrets) && secrets.every((secret) => typeof secret === "string");
  if (!texts) throw new TypeError("`secrets` is a list of strings.");
  const [method, url, ...rest] = head(delivery).split("\0");
  const headers = rest.flatMap((name, at) => (at % 2 === 0 ? [[name, rest[at + 1]]] : []));
  // The engine reads a set of keys where it reads a key.
  const keys = jwks === undefined ? secrets : [...secrets, JSON.stringify(jwks)];
  const request = { scheme, secrets: keys, method, url, headers, now: seconds(now), params };
  return JSON.parse(explained(JSON.stringify(request), bytes(delivery.body)));
}
