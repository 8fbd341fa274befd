// Middleware for Hono.

import type { Context, MiddlewareHandler } from "hono";

import { Guard, sayOnceAMinute, type GuardOptions } from "../guard/guard.js";
import { answerTo, demandOf, type MiddlewareOptions } from "../guard/middleware.js";
import type { Admitted } from "../guard/verdict.js";
import { timeLimit } from "../time_limit.js";

export interface KeystileOptions extends MiddlewareOptions<Context> {
  /** Your own guard, or the function that finds it. By default the binding's. */
  guard?: Guard | ((context: Context) => Guard);
  /** The name of the service binding to the edge's entrypoint `Guard`; `KEYSTILE` by default. */
  binding?: string;
  /** For the binding's guard, not for your own; see `Guard`. */
  timeout_ms?: number;
  onUnavailable?: (error: Error) => void;
}

const OF_THE_BINDING = ["binding", "timeout_ms", "onUnavailable"] as const;

/** The variables that the middleware sets: `c.get("keystile")`. */
export interface KeystileEnv {
  Variables: { keystile: Admitted };
}

/** Lets requests through whose key is good, and refuses others with the edge's own answer. */
export function keystile(options: KeystileOptions = {}): MiddlewareHandler<KeystileEnv> {
  const demand = demandOf(options, OF_THE_BINDING);
  const guardOf = guardFor(options);
  return async (c, next) => {
    const { headers, url } = c.req.raw;
    const verdict = await guardOf(c).verify({ headers, url }, { ...demand, ip: options.ip?.(c) });
    if (!verdict.valid) {
      const { status, headers, body } = await answerTo(verdict, options, c);
      return new Response(body, { status, headers });
    }
    c.set("keystile", verdict);
    await next();
    // A handler's own limits stay, and come first.
    for (const [name, value] of verdict.headers) c.header(name, value, { append: name.startsWith("ratelimit") });
    if (!c.res.headers.has("Cache-Control")) c.header("Cache-Control", "private, no-store");
    return undefined;
  };
}

function guardFor(options: KeystileOptions): (c: Context) => Guard {
  const { guard, binding: name = "KEYSTILE", timeout_ms, onUnavailable } = options;
  if (guard !== undefined) {
    const lost = OF_THE_BINDING.find((option) => options[option] !== undefined);
    if (lost) throw new TypeError(`\`${lost}\` is for the binding's guard, and you have a \`guard\` of your own: leave it out here, and give it to that.`);
    if (typeof guard === "function") return guard;
    if (typeof guard?.verify !== "function") throw new TypeError("`guard` is a Guard of keystile/guard, or a function that finds it.");
    return () => guard;
  }
  const settings = {
    ...(timeout_ms !== undefined && { timeout_ms: timeLimit("timeout_ms", timeout_ms) }),
    onUnavailable: onUnavailable ?? sayOnceAMinute(),
  };
  return (c) => new Guard({ binding: bindingOf(c, name), ...settings } satisfies GuardOptions);
}

/** In Workers, where `process.env` has no bindings. */
function bindingOf(c: Context, name: string): object {
  const binding = (c.env as Record<string, unknown> | undefined)?.[name];
  if (typeof binding === "object" && binding !== null) return binding;
  const instead = 'bind the edge\'s entrypoint "Guard" under this name, or pass `guard`.';
  throw new TypeError(`There is no service binding ${name}: ${instead}`);
}
