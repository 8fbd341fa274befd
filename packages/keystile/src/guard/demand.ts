// The demands on a key. A demand that demands nothing, be it misspelt or empty by mistake, would let any key in, so it is
// refused here: for the guard and for all middleware.

/** The demands on a key. Without any, every valid key will do. */
export interface Demand {
  /** The scopes that are needed, one at least; all of them unless `any_of`. To accept every valid key, leave them out. */
  scopes?: string[];
  /** Whether one of the scopes is enough. */
  any_of?: boolean;
  /** The one environment that is accepted; by default both. */
  environment?: "live" | "test";
  /** Whether to ask the feed even if the edge knows the key, so that a revoked one is refused at once. */
  strict?: boolean;
  /** The units to charge to the key's limits, 0 to 1000; 1 by default. With 0 nothing is charged and nothing refused. */
  cost?: number;
  /**
   * The caller's address, for keys with an address list. In a Worker the request has it (`CF-Connecting-IP`). If it is
   * undefined, nobody knows it, and such keys are refused.
   */
  ip?: string | undefined;
}

/** The rule of each demand: whether a value keeps it, and the words for what is expected. */
const RULES: Record<keyof Demand, [rule: (value: unknown) => boolean, expected: string]> = {
  scopes: [(value) => Array.isArray(value) && value.every(isText), "a list of scopes' names"],
  any_of: [isFlag, "true or false"],
  environment: [(value) => value === "live" || value === "test", '"live" or "test"'],
  strict: [isFlag, "true or false"],
  cost: [(value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 1000, "a whole number from 0 to 1000"],
  ip: [(value) => value === undefined || isText(value), "the text of an address"],
};

export const DEMANDS = Object.keys(RULES) as (keyof Demand)[];

/** The demands as an object that has nothing else, so that all of them are sent. Throws for a mistake in one. */
export function demandFrom(demand: object): Demand {
  if (typeof demand !== "object" || demand === null || Array.isArray(demand)) {
    throw new TypeError("A demand is an object, such as `{ scopes: […] }`.");
  }
  refuseOthers("demand", demand, DEMANDS);
  // Those of a class may be inherited, and would be lost on the way.
  const named = DEMANDS.filter((name) => name in demand).map((name) => [name, (demand as Demand)[name]] as const);
  for (const [name, value] of named) refuseMistake(name, value);
  const checked: Demand = Object.fromEntries(named);
  if (checked.any_of && !checked.scopes) throw new TypeError("`any_of` is about `scopes`, which are missing: it demands nothing.");
  return checked;
}

/** Throws for a member that isn't known. */
export function refuseOthers(kind: string, members: object, known: readonly string[], place = ""): void {
  const other = Object.keys(members).find((name) => !known.includes(name));
  if (other !== undefined) throw new TypeError(`There is no ${kind} \`${other}\`${place}. There are: ${known.join(", ")}.`);
}

function refuseMistake(name: keyof Demand, value: unknown): void {
  const [isRight, expected] = RULES[name];
  const isEmpty = value === "" || (Array.isArray(value) && value.length === 0);
  if (isRight(value) && !isEmpty) return;
  if (isEmpty || value === undefined || value === null) {
    throw new TypeError(`\`${name}\` is ${isEmpty ? "empty" : value}, which demands nothing. Give it a value, or leave it out.`);
  }
  throw new TypeError(`\`${name}\`: ${expected} expected.`);
}

function isFlag(value: unknown): boolean {
  return typeof value === "boolean";
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}
