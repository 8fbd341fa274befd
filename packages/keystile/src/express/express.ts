// Middleware for Express 4 and 5.

import type { Request, RequestHandler, Response } from "express";

import type { Demand, Guard } from "../guard/guard.js";
import { answerTo, demandOf, type MiddlewareOptions } from "../guard/middleware.js";
import type { Admitted } from "../guard/verdict.js";

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Express {
    interface Request {
      /** The verdict on the key, behind the middleware of `keystile/express`; see `verdictOf`. */
      keystile?: Admitted;
    }
  }
}

type Ip = (request: Request) => string | undefined;

export interface KeystileOptions extends MiddlewareOptions<Request> {
  /** The guard. One serves all routes. */
  guard: Guard;
}

/** Lets requests through whose key is good, and refuses others with the edge's own answer. */
export function keystile(options: KeystileOptions): RequestHandler {
  if (typeof options?.guard?.verify !== "function") throw new TypeError("`guard` is a Guard of keystile/guard.");
  const ip: Ip = options.ip ?? ((request) => request.ip);
  const demand = demandOf(options);
  return (request, response, next) => {
    pass(request, response, options, (each) => ({ ...demand, ip: ip(each) })).then(
      (isGood) => {
        if (isGood) next();
      },
      (thrown) => next(errorOf(thrown)),
    );
  };
}

/** The verdict on the key of a request that `keystile` let through. Throws for any other, since nothing guards its route. */
export function verdictOf(request: { keystile?: Admitted | undefined }): Admitted {
  if (request.keystile) return request.keystile;
  throw new Error("There is no verdict on this request: put `keystile({ guard })` of keystile/express before its handler.");
}

/** The thrown value as an error: to `next`, nothing means "go on", and "route" and "router" mean "skip". */
const errorOf = (thrown: unknown) =>
  thrown instanceof Error ? thrown : new Error("keystile: an option threw something else than an error", { cause: thrown });

/** Whether the request may go on. If not, it is answered. */
async function pass(request: Request, response: Response, options: KeystileOptions, demandOn: (request: Request) => Demand) {
  const { headers, originalUrl: url } = request;
  const verdict = await options.guard.verify({ headers, url }, demandOn(request));
  if (!verdict.valid) {
    const { status, headers, body } = await answerTo(verdict, options, request);
    response.status(status);
    for (const [name, value] of headers) response.setHeader(name, value);
    response.end(request.method === "HEAD" ? undefined : body);
    return false;
  }
  request.keystile = verdict;
  response.setHeader("Cache-Control", "private, no-store");
  for (const [name, value] of verdict.headers) response.setHeader(name, value);
  return true;
}
