// Verdicts: what a service learns of a request's key.

/** The reasons for which a key is refused, in the order of the edge's checks. */
export const REFUSALS = {
  MISSING_CREDENTIAL: 401,
  CREDENTIAL_IN_QUERY: 400,
  CREDENTIAL_IN_PATH: 400,
  CONFLICTING_CREDENTIALS: 400,
  MALFORMED: 401,
  WRONG_ENVIRONMENT: 403,
  NOT_FOUND: 401,
  REVOKED: 401,
  TENANT_SUSPENDED: 401,
  DISABLED: 401,
  EXPIRED: 401,
  IP_NOT_ALLOWED: 403,
  INSUFFICIENT_SCOPE: 403,
  RATE_LIMITED: 429,
  QUOTA_EXCEEDED: 429,
  TOO_MANY_FAILURES: 429,
} as const;

export type RefusalCode = keyof typeof REFUSALS;

export type Verdict = Admitted | Refused | Unavailable;

/** A limit of the key, and what is left of it. */
export interface Limit {
  name: string;
  kind: "rate" | "quota";
  limit: number;
  remaining: number;
  /** The time when there is more, by RFC 3339. */
  resets_at: string;
}

/** The facts about a key that is good. */
export interface Facts {
  key_id: string;
  tenant: string;
  name: string;
  environment: "live" | "test";
  /** The granted scopes, without those that they imply. */
  scopes: string[];
  expires_at: string | null;
  /** The issuer's own facts. The holder doesn't see them. */
  metadata: Record<string, unknown>;
  ratelimit: Limit[];
}

export interface Admitted extends Facts {
  valid: true;
  code: "VALID";
  request_id: string;
  /** The headers to add to your answer, such as `RateLimit`. */
  headers: Headers;
}

/** A problem by RFC 9457. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  request_id: string;
  [member: string]: unknown;
}

interface NotAdmitted {
  valid: false;
  status: number;
  /** The reason as a sentence, for the caller. */
  detail: string;
  problem: Problem;
  /** The headers of the answer: a challenge, `Retry-After`, `RateLimit` … */
  headers: Headers;
  /** The answer to send: the edge's own. */
  response(): Response;
}

/** The key is not good for this request. */
export interface Refused extends NotAdmitted {
  code: RefusalCode;
}

/** Nobody can tell right now whether the key is good, so the request is not let through. */
export interface Unavailable extends NotAdmitted {
  code: "DEPENDENCY_UNAVAILABLE";
  /** The reason, for you: `onUnavailable` gets it too. */
  error: Error;
}

const PROBLEM = "application/problem+json";
/** The headers of the edge's answer that belong to the answer of the service, too. */
const TOLD = ["RateLimit-Policy", "RateLimit", "Keystile-Degraded", "Keystile-Request-Id"];
/** The headers that describe a body as it was sent, not as it will be. */
const OF_THE_BODY = ["Content-Length", "Content-Encoding", "Transfer-Encoding"];

/** The verdict on a good key: the edge's facts, and the headers of its answer. */
export function admitted(facts: Facts, answer: Headers): Admitted {
  const headers = new Headers();
  for (const name of TOLD) {
    const value = answer.get(name);
    if (value !== null) headers.set(name, value);
  }
  const { key_id, tenant, name, environment, scopes, expires_at, metadata, ratelimit } = facts;
  const told = { key_id, tenant, name, environment, scopes, expires_at, metadata, ratelimit };
  return { valid: true, code: "VALID", ...told, request_id: answer.get("Keystile-Request-Id") ?? "req_none", headers };
}

/** A refusal by the edge's problem, and the headers of the answer. */
export const refused = (code: RefusalCode, problem: Problem, headers: Headers): Refused => ({
  code,
  ...notAdmitted(problem, headers),
});

/** The 503: the edge's own if it gave one. */
export function unavailable(error: Error, own?: { problem: Problem; headers: Headers }): Unavailable {
  const detail = "Whether this key is good can't be told right now; try again shortly.";
  const problem = own?.problem ?? problemOf(503, "DEPENDENCY_UNAVAILABLE", detail, "req_none");
  const headers = own?.headers ?? new Headers({ "Retry-After": "1", "Cache-Control": "private, no-store" });
  return { code: "DEPENDENCY_UNAVAILABLE", error, ...notAdmitted(problem, headers) };
}

export const problemOf = (status: number, code: string, detail: string, request_id: string): Problem => ({
  type: "about:blank",
  title: TITLES[status] ?? "Error",
  status,
  code,
  detail,
  request_id,
});

const TITLES: Record<number, string> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  429: "Too Many Requests",
  503: "Service Unavailable",
};

function notAdmitted(problem: Problem, answer: Headers): NotAdmitted {
  const headers = new Headers(answer);
  for (const name of OF_THE_BODY) headers.delete(name);
  headers.set("Content-Type", PROBLEM);
  const { status, detail } = problem;
  const response = () => new Response(JSON.stringify(problem), { status, headers });
  return { valid: false, status, detail, problem, headers, response };
}

export const isRefusal = (code: unknown): code is RefusalCode =>
  typeof code === "string" && Object.hasOwn(REFUSALS, code);

/** Whether a JSON value has all the facts of a good key, so that an answer of something else is never a pass. */
export function isFacts(value: unknown): value is Facts {
  if (typeof value !== "object" || value === null) return false;
  const facts = value as Record<string, unknown>;
  const texts = ["key_id", "tenant", "name", "environment"].every((member) => typeof facts[member] === "string");
  const lists = Array.isArray(facts["scopes"]) && Array.isArray(facts["ratelimit"]);
  return facts["valid"] === true && facts["code"] === "VALID" && texts && lists;
}
