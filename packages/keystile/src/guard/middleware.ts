// The common part of the middleware of frameworks.

import { type Demand, demandFrom, DEMANDS, refuseOthers } from "./demand.js";
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

/** The demands of a route; the address is that of each request. */
const OF_A_ROUTE = DEMANDS.filter((name) => name !== "ip");
const OWN = ["guard", "ip", "onRefused"];

/**
 * The demands of these options. Throws for a mistake in one, and for an option that isn't known. `others` are the
 * framework's own options.
 */
export function demandOf(options: object, others: readonly string[] = []): Demand {
  refuseOthers("option", options, [...OF_A_ROUTE, ...OWN, ...others]);
  const named = OF_A_ROUTE.filter((name) => name in options).map((name) => [name, (options as Demand)[name]]);
  return demandFrom(Object.fromEntries(named));
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
