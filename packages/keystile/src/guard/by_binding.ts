// The way to the edge by a service binding to its entrypoint `Guard`.

import type { Demand } from "./demand.js";
import { pairsOf, type Guarded } from "./question.js";
import { admitted, isFacts, isRefusal, refused, unavailable, type Problem, type Verdict } from "./verdict.js";

/** The entrypoint, as a binding shows it. */
export interface GuardEntrypoint {
  verify(request: { url: string | undefined; headers: [string, string][] }, question: object): Promise<Response>;
}

/** Asks the edge for its verdict. It throws if there is none. */
export async function askByBinding(entrypoint: GuardEntrypoint, request: Guarded, demand: Demand): Promise<Verdict> {
  const { ip, ...question } = demand;
  const response =
    "headers" in request
      ? await entrypoint.verify({ url: absolute(request.url), headers: from(ip, pairsOf(request.headers)) }, question)
      : await entrypoint.verify({ url: undefined, headers: from(ip, []) }, { ...question, key: request.key });
  const body: unknown = await response.json();
  if (response.status === 200 && isFacts(body)) return admitted(body, response.headers);
  const problem = body as Problem;
  const { code, status } = problem;
  if (response.status === status && isRefusal(code)) return refused(code, problem, response.headers);
  const error = new Error(`The edge answered ${response.status} ${code}: ${problem.detail}`);
  const isOwn = response.status === 503 && code === "DEPENDENCY_UNAVAILABLE";
  return unavailable(error, isOwn ? { problem, headers: response.headers } : undefined);
}

/** The headers as if they came from this address. */
function from(ip: string | undefined, headers: [string, string][]): [string, string][] {
  if (ip === undefined) return headers;
  return [...headers.filter(([name]) => name.toLowerCase() !== "cf-connecting-ip"), ["CF-Connecting-IP", ip]];
}

/** Node's URLs are paths; the edge looks for keys in them whatever their origin is. */
const absolute = (url: string | undefined) => (url?.startsWith("/") ? `http://guard${url}` : url);
