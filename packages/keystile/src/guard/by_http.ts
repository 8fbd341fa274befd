// The way to the edge by HTTP: `POST /keystile/v1/verify`, with an operator key.

import type { Demand } from "./demand.js";
import { keysIn, type Guarded } from "./question.js";
import {
  admitted,
  isFacts,
  isRefusal,
  problemOf,
  REFUSALS,
  refused,
  type Limit,
  type RefusalCode,
  type Verdict,
} from "./verdict.js";

export interface Edge {
  /** The address of the edge's own endpoints, without a slash at its end. */
  url: string;
  operatorKey: string;
  places: readonly string[];
  realm: string;
  fetch: typeof fetch;
}

/** A refusal, as `verify` answers it. */
interface Answer {
  valid: false;
  code: RefusalCode;
  detail: string;
  ratelimit: Limit[];
  retry_after_seconds: number | null;
}
/** The refusal of a request in which there are two. */
const CONFLICTING: Answer = {
  valid: false,
  code: "CONFLICTING_CREDENTIALS",
  detail: "Two different keys were sent; send one.",
  ratelimit: [],
  retry_after_seconds: null,
};

/** Asks the edge for its verdict. It throws if there is none. */
export async function askByHttp(edge: Edge, request: Guarded, demand: Demand, signal: AbortSignal): Promise<Verdict> {
  const keys = "headers" in request ? keysIn(request.headers, edge.places) : [request.key];
  if (keys.length > 1) return refusal(edge, CONFLICTING, demand, "req_none");
  const { fetch } = edge;
  const response = await fetch(`${edge.url}/v1/verify`, {
    method: "POST",
    headers: { Authorization: `Bearer ${edge.operatorKey}`, "Content-Type": "application/json" },
    body: JSON.stringify({ ...demand, key: keys[0] }),
    // An operator key goes nowhere else.
    redirect: "manual",
    signal,
  });
  const text = await response.text();
  const answer = json(text);
  if (response.status === 200) {
    if (isFacts(answer)) return admitted(answer, withLimits(response.headers, answer.ratelimit));
    const requestId = response.headers.get("Keystile-Request-Id") ?? "req_none";
    if (isAnswer(answer)) return refusal(edge, answer, demand, requestId);
  }
  const { code, detail } = (answer ?? {}) as Partial<Answer>;
  const said = code === undefined ? "something that is no answer of the edge" : `${code}: ${detail}`;
  throw new Error(`${edge.url} answered ${response.status}, ${said}`);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isAnswer(value: unknown): value is Answer {
  const answer = value as Partial<Answer> | null | undefined;
  return answer?.valid === false && isRefusal(answer.code) && Array.isArray(answer.ratelimit);
}

/** The problem that the edge makes of such a refusal on a route. */
function refusal(edge: Edge, answer: Answer, demand: Demand, requestId: string): Verdict {
  const { code, detail, ratelimit, retry_after_seconds: retryAfter } = answer;
  const status = REFUSALS[code];
  const problem = problemOf(status, code, detail, requestId);
  const own = { "Cache-Control": "private, no-store", "Keystile-Request-Id": requestId };
  const headers = withLimits(new Headers(own), ratelimit);
  if (code === "INSUFFICIENT_SCOPE") {
    problem["required_scopes"] = demand.scopes ?? [];
    if (demand.any_of) problem["any_of"] = true;
  }
  if (status === 429) {
    problem.type = "https://iana.org/assignments/http-problem-types#quota-exceeded";
    const cost = demand.cost ?? 1;
    problem["violated-policies"] = ratelimit.filter(({ remaining }) => remaining < cost).map(({ name }) => name);
  }
  const challenge = challengeOf(edge, code, detail, demand);
  if (challenge !== undefined) headers.set("WWW-Authenticate", challenge);
  if (retryAfter !== null) headers.set("Retry-After", String(retryAfter));
  return refused(code, problem, headers);
}

/** The challenge that a key meets: Bearer with its errors (RFC 6750), or that of the first place, without an error. */
function challengeOf({ places, realm }: Edge, code: RefusalCode, detail: string, demand: Demand): string | undefined {
  const status = REFUSALS[code];
  if (!places.includes("bearer")) return status === 401 ? firstChallenge(places[0] ?? "", realm) : undefined;
  const error = bearerError(code, status);
  if (error === undefined) return status === 401 ? `Bearer realm="${realm}"` : undefined;
  const safe = detail.replaceAll(/[^ -~]|["\\`]/g, "'");
  // All that stand in a challenge are needed, so of several that are enough it names one.
  const scopes = (demand.scopes ?? []).slice(0, demand.any_of ? 1 : undefined).join(" ");
  const scope = code === "INSUFFICIENT_SCOPE" ? `, scope="${scopes}"` : "";
  return `Bearer realm="${realm}", error="${error}", error_description="${safe}"${scope}`;
}

function bearerError(code: RefusalCode, status: number): string | undefined {
  if (code === "INSUFFICIENT_SCOPE") return "insufficient_scope";
  if (status === 400) return "invalid_request";
  return status === 401 && code !== "MISSING_CREDENTIAL" ? "invalid_token" : undefined;
}

function firstChallenge(place: string, realm: string): string {
  const [kind, name = ""] = place.split(":");
  const shown = (text: string) => text.replaceAll(/(?<=^|-)[a-z]/g, (letter) => letter.toUpperCase());
  if (kind === "scheme") return `${shown(name)} realm="${realm}"`;
  if (kind === "basic") return `Basic realm="${realm}", charset="UTF-8"`;
  return `ApiKey realm="${realm}", in="header", name="${shown(place)}"`;
}

/** These headers and that of the limits, as the edge writes it. */
function withLimits(headers: Headers, limits: Limit[]): Headers {
  if (limits.length === 0) return headers;
  const told = new Headers(headers);
  const seconds = ({ resets_at }: Limit) => Math.max(0, Math.ceil((Date.parse(resets_at) - Date.now()) / 1000));
  told.set("RateLimit", limits.map((limit) => `"${limit.name}";r=${limit.remaining};t=${seconds(limit)}`).join(", "));
  return told;
}
