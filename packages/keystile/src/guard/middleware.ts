// The common part of the middleware of frameworks.

import type { Demand } from "./question.js";
import type { Refused, Unavailable } from "./verdict.js";

/** The demands, and what a refused caller is told; `Context` is the framework's. */
export interface MiddlewareOptions<Context> extends Omit<Demand, "ip"> {
  /** The caller's address, for keys with an address list. */
  ip?: (context: Context) => string | undefined;
  /**
   * Another body for a refusal: a text, or an object for JSON; `undefined` for the edge's own. Status and headers stay.
   */
  onRefused?: (verdict: Refused | Unavailable, context: Context) => Body | Promise<Body>;
}

export type Body = string | object | undefined | void;

const DEMANDS = ["scopes", "any_of", "environment", "strict", "cost"];
const OWN = ["guard", "ip", "onRefused"];

/**
 * Throws for an option that isn't known, and for a demand that demands nothing: a misspelt demand would let any key in.
 * `others` are the framework's own options.
 */
export function refuseMistakes(options: object, others: readonly string[] = []): void {
  const known = [...DEMANDS, ...OWN, ...others];
  for (const [name, value] of Object.entries(options)) {
    if (!known.includes(name)) throw new TypeError(`There is no option \`${name}\`. There are: ${known.join(", ")}.`);
    if (DEMANDS.includes(name) && (value === undefined || value === null || value === "")) {
      throw new TypeError(`\`${name}\` is ${value === "" ? "empty" : value}, which demands nothing. Give it a value, or leave it out.`);
    }
  }
}

/** The demand of a request. */
export function demandOf<Context>(options: MiddlewareOptions<Context>, ip: string | undefined): Demand {
  const { scopes, any_of, environment, strict, cost } = options;
  return {
    ...(scopes !== undefined && { scopes }),
    ...(any_of !== undefined && { any_of }),
    ...(environment !== undefined && { environment }),
    ...(strict !== undefined && { strict }),
    ...(cost !== undefined && { cost }),
    ...(ip !== undefined && { ip }),
  };
}

/** The answer to a refused request: the edge's own, with another body if `onRefused` gives one. */
export async function answerTo<Context>(
  verdict: Refused | Unavailable,
  options: MiddlewareOptions<Context>,
  context: Context,
): Promise<{ status: number; headers: Headers; body: string }> {
  const { status, problem } = verdict;
  const headers = new Headers(verdict.headers);
  const other = await options.onRefused?.(verdict, context);
  if (other === undefined || other === null) return { status, headers, body: JSON.stringify(problem) };
  const isText = typeof other === "string";
  headers.set("Content-Type", isText ? "text/plain; charset=utf-8" : "application/json");
  return { status, headers, body: isText ? other : JSON.stringify(other) };
}
