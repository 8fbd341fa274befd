// A request that failed, as one kind of error.

import type { FieldError, ProblemCode } from "./types.ts";

/** The body of a refusal, as RFC 9457 has it. Some codes have more members, such as `limit` and `active`. */
export interface Problem {
  status: number;
  code: string;
  title: string;
  detail: string;
  request_id: string;
  errors?: FieldError[];
  [member: string]: unknown;
}

/** `NETWORK`: no answer came, or not all of it. `TIMEOUT`: it took too long. `KEY_LOST`: see `answer`. */
export type LocalCode = "NETWORK" | "TIMEOUT" | "UNREADABLE_ANSWER" | "KEY_LOST";
/** A code of the API, one of the client, or `HTTP_502` and the like for an answer that isn't the API's. */
export type Code = ProblemCode | LocalCode | `HTTP_${number}` | (string & {});

interface Facts {
  status?: number;
  requestId?: string | undefined;
  problem?: Problem | undefined;
  text?: string | undefined;
  retryAfter?: number | undefined;
  answer?: unknown;
  cause?: unknown;
}

/** A request that failed. Tell failures apart by `code`; the message is for people. */
export class KeystileError extends Error {
  override readonly name = "KeystileError";
  readonly code: Code;
  /** The HTTP status; 0 if no answer came. */
  readonly status: number;
  /** The API's id of the request, which its log has. */
  readonly requestId: string | undefined;
  /** The API's refusal; undefined if the failure isn't one. */
  readonly problem: Problem | undefined;
  /** The body of an answer that isn't the API's, such as a proxy's page. */
  readonly text: string | undefined;
  /** Seconds to wait before another try, if the answer says so. */
  readonly retryAfter: number | undefined;
  /** With `KEY_LOST`: what the API answered, without the text of the key. */
  readonly answer: unknown;

  constructor(code: Code, message: string, { status = 0, requestId, problem, text, retryAfter, answer, cause }: Facts = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.status = status;
    this.requestId = requestId;
    this.problem = problem;
    this.text = text;
    this.retryAfter = retryAfter;
    this.answer = answer;
  }

  /** The mistakes of a request, field by field. */
  get errors(): readonly FieldError[] {
    return this.problem?.errors ?? [];
  }
}

/** The failure that an answer tells. No occurrence of `key` is in it. */
export async function failureOf(response: Response, key: string | undefined): Promise<KeystileError> {
  const received = await response.text();
  const text = key === undefined ? received : received.replaceAll(key, "[the key]");
  const { status, headers } = response;
  const problem = problemIn(text);
  const retryAfter = secondsOf(headers.get("Retry-After"));
  const requestId = problem?.request_id ?? headers.get("Keystile-Request-Id") ?? undefined;
  if (problem) return new KeystileError(problem.code, problem.detail, { status, requestId, problem, retryAfter });
  const from = status >= 300 && status < 400 ? "Is the url right? " : "";
  const message = `${from}HTTP ${status}, and no answer of the management API${text ? `: ${beginning(text)}` : "."}`;
  return new KeystileError(`HTTP_${status}`, message, { status, requestId, text, retryAfter });
}

function problemIn(text: string): Problem | undefined {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body !== "object" || body === null) return undefined;
    const { code, detail } = body as Partial<Problem>;
    return typeof code === "string" && typeof detail === "string" ? (body as Problem) : undefined;
  } catch {
    return undefined;
  }
}

/** The seconds of a `Retry-After`, be it a number or a date. */
function secondsOf(header: string | null): number | undefined {
  if (header === null) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, (at - Date.now()) / 1000);
}

const SHOWN = 200;
const beginning = (text: string) => {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > SHOWN ? `${line.slice(0, SHOWN)}…` : line;
};
