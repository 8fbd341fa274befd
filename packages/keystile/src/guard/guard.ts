// The verdict on a request's key, for services that guard themselves.

import { addressOf } from "../address.js";
import { timeLimit } from "../time_limit.js";
import { askByBinding, type GuardEntrypoint } from "./by_binding.js";
import { askByHttp } from "./by_http.js";
import { demandFrom, refuseOthers, type Demand } from "./demand.js";
import type { Guarded } from "./question.js";
import { unavailable, type Verdict } from "./verdict.js";

export type { Demand } from "./demand.js";
export type { Guarded, HeadersLike } from "./question.js";
export type { Admitted, Facts, Limit, Problem, RefusalCode, Refused, Unavailable, Verdict } from "./verdict.js";

/** The way to the edge: a service binding, or its address and an operator key. */
export type GuardOptions = (ByBinding | ByHttp) & {
  /** The time that a verdict may take, a whole number of milliseconds; 5000 by default. After that the request is refused. */
  timeout_ms?: number;
  /** Gets the reason whenever nobody could tell. By default `console.error` says it, once a minute at most. */
  onUnavailable?: (error: Error) => void;
};

export interface ByBinding {
  /** A service binding to the edge's entrypoint `Guard`. */
  binding: object;
}

export interface ByHttp {
  /** The address of the edge's own endpoints, such as `https://api.example.com/keystile`. Plain http is for this machine. */
  url: string | undefined;
  /** An operator key with the scope `verify`. A variable of the environment may lack it, or the address: an error says so. */
  operator_key: string | undefined;
  /** The places of a key, as in `[keys] headers` of keystile.toml; `["bearer", "x-api-key"]` by default. */
  places?: string[];
  /** The realm of challenges; `Keystile` by default. */
  realm?: string;
  /** Another `fetch`. */
  fetch?: typeof fetch;
}

type Ask = (request: Guarded, demand: Demand, signal: AbortSignal) => Promise<Verdict>;

const TIMEOUT_MS = 5_000;
const PLACES = ["bearer", "x-api-key"];
const OF_EACH_WAY = ["timeout_ms", "onUnavailable"];
const SAID_EVERY_MS = 60_000;

/** Gives the edge's verdicts. A request of which nobody can tell is refused. */
export class Guard {
  readonly #ask: Ask;
  readonly #timeoutMs: number;
  readonly #onUnavailable: (error: Error) => void;

  constructor(options: GuardOptions) {
    this.#ask = way(options);
    this.#timeoutMs = timeLimit("timeout_ms", options.timeout_ms ?? TIMEOUT_MS);
    this.#onUnavailable = options.onUnavailable ?? sayOnceAMinute();
  }

  /** The verdict on a request. It throws only on a mistake in its arguments. */
  async verify(request: Guarded, demand: Demand = {}): Promise<Verdict> {
    if (typeof request !== "object" || request === null || !("headers" in request || "key" in request)) {
      throw new TypeError("`verify` takes a request, which has `headers`, or `{ key }`.");
    }
    const checked = demandFrom(demand);
    let verdict: Verdict;
    try {
      verdict = await within(this.#timeoutMs, (signal) => this.#ask(request, checked, signal));
    } catch (error) {
      verdict = unavailable(error instanceof Error ? error : new Error(String(error)));
    }
    if (verdict.code === "DEPENDENCY_UNAVAILABLE") this.#tell(verdict.error);
    return verdict;
  }

  #tell(error: Error) {
    try {
      this.#onUnavailable(error);
    } catch (own) {
      console.error("keystile: onUnavailable failed:", own);
    }
  }
}

function way(options: GuardOptions): Ask {
  if ("binding" in options) {
    refuseOthers("option", options, ["binding", ...OF_EACH_WAY], " beside `binding`");
    const entrypoint = options.binding as GuardEntrypoint;
    if (typeof entrypoint !== "object" || entrypoint === null) {
      throw new TypeError('`binding` is a service binding to the edge, with `entrypoint = "Guard"`; there is none.');
    }
    return (request, demand) => askByBinding(entrypoint, request, demand);
  }
  refuseOthers("option", options, ["url", "operator_key", "places", "realm", "fetch", ...OF_EACH_WAY]);
  const { url, operator_key: operatorKey, places = PLACES, realm = "Keystile", fetch = globalThis.fetch } = options;
  const address = addressOf(url, { of: "the edge's own endpoints", example: "https://api.example.com/keystile" });
  if (!operatorKey) throw new TypeError("`operator_key` is an operator key with the scope `verify`; there is none.");
  const edge = { url: address, operatorKey, places, realm, fetch };
  return (request, demand, signal) => askByHttp(edge, request, demand, signal);
}

/** The outcome, if it comes in time. */
async function within<T>(timeoutMs: number, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const late = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new Error(`The edge did not answer within ${timeoutMs} ms.`);
      reject(error);
      late.abort(error);
    }, timeoutMs);
  });
  try {
    return await Promise.race([ask(late.signal), end]);
  } finally {
    clearTimeout(timer);
  }
}

/** Writes an error to the log, unless it did so within the last minute. */
export function sayOnceAMinute(): (error: Error) => void {
  let said = -Infinity;
  return (error) => {
    if (Date.now() - said < SAID_EVERY_MS) return;
    said = Date.now();
    console.error("keystile: requests are refused with 503, since nobody can tell whether their keys are good:", error);
  };
}
