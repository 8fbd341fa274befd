// The vocabulary of scopes: what implies what, and whether it has the shape of resources that can be read and written.

import type { Catalog, ScopeDefinition } from "../api/types";

export const VERBS = ["read", "write"] as const;
export type Verb = (typeof VERBS)[number];

export interface Resource {
  name: string;
  cells: Record<Verb, ScopeDefinition | undefined>;
}

export interface Shape {
  /** Empty unless the vocabulary has that shape. */
  resources: Resource[];
  /** The scopes that are no cell. */
  others: ScopeDefinition[];
}

/**
 * Finds `read:leads` and `bots:read` alike. Fewer than two resources, or few that have both, make no matrix. A resource
 * without a scope that is `offered` is left out.
 */
export function shapeOf(scopes: readonly ScopeDefinition[], offered: readonly ScopeDefinition[]): Shape {
  const resources = new Map<string, Resource>();
  const others: ScopeDefinition[] = [];
  for (const scope of scopes) {
    const place = placeOf(scope.name);
    if (!place) {
      others.push(scope);
      continue;
    }
    const resource = resources.get(place.resource) ?? { name: place.resource, cells: { read: undefined, write: undefined } };
    resource.cells[place.verb] = scope;
    resources.set(place.resource, resource);
  }
  const isOffered = (scope: ScopeDefinition | undefined): boolean => scope !== undefined && offered.includes(scope);
  const all = [...resources.values()].filter(({ cells }) => VERBS.some((verb) => isOffered(cells[verb])));
  const full = all.filter(({ cells }) => cells.read && cells.write).length;
  if (all.length < 2 || full * 2 < all.length) return { resources: [], others: scopes.filter(isOffered) };
  return { resources: all, others: others.filter(isOffered) };
}

function placeOf(name: string): { resource: string; verb: Verb } | undefined {
  const parts = name.split(":");
  if (parts.length !== 2) return undefined;
  const [first = "", second = ""] = parts;
  const verb = (text: string): Verb | undefined => VERBS.find((each) => each === text);
  const before = verb(first);
  if (before) return { resource: second, verb: before };
  const after = verb(second);
  return after && { resource: first, verb: after };
}

/** Which scope of `chosen` implies each scope that isn't chosen itself. */
export function impliedBy(catalog: Catalog, chosen: ReadonlySet<string>): Map<string, string> {
  const known = new Map(catalog.scopes.map((scope) => [scope.name, scope]));
  const implied = new Map<string, string>();
  for (const name of chosen) {
    const open = [...(known.get(name)?.implies ?? [])];
    const seen = new Set<string>([name]);
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (seen.has(next)) continue;
      seen.add(next);
      const all = next === "*" ? catalog.scopes.filter(({ unavailable }) => unavailable === null).map((scope) => scope.name) : [next];
      for (const each of all) if (!chosen.has(each) && !implied.has(each)) implied.set(each, name);
      if (next !== "*") open.push(...(known.get(next)?.implies ?? []));
    }
  }
  return implied;
}

export const sameScopes = (a: Iterable<string>, b: Iterable<string>): boolean => {
  const [first, second] = [new Set(a), new Set(b)];
  return first.size === second.size && [...first].every((each) => second.has(each));
};
