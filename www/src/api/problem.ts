// Errors of the API, as RFC 9457 has them, and those of the way to it.

import type { FieldError } from "./types";

interface ProblemBody {
  code?: string;
  title?: string;
  detail?: string;
  request_id?: string;
  errors?: FieldError[];
}

/** A request that didn't succeed. `status` 0 and the code `NETWORK` say that no answer came. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** The members that only some codes have, such as `limit` and `active`. */
    readonly body: Readonly<Record<string, unknown>> = {},
    /** Seconds, if the answer says so. */
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }

  get requestId(): string | undefined {
    return (this.body as ProblemBody).request_id;
  }

  /** The mistakes, field by field. */
  get errors(): readonly FieldError[] {
    return (this.body as ProblemBody).errors ?? [];
  }

  /** The mistake in a field, or in a part of it (`scopes[2]`). */
  errorOf(field: string): string | undefined {
    return this.errors.find((each) => each.field === field || each.field.startsWith(`${field}[`) || each.field.startsWith(`${field}.`))?.detail;
  }

  /** The problem that an answer tells; one without a problem's body tells its status at least. */
  static async of(response: Response): Promise<Problem> {
    const body = (await response.json().catch(() => ({}))) as ProblemBody;
    const retryAfter = Number(response.headers.get("Retry-After") ?? Number.NaN);
    return new Problem(
      response.status,
      body.code ?? `HTTP_${response.status}`,
      body.detail ?? body.title ?? `${response.status} ${response.statusText}`,
      body as Record<string, unknown>,
      Number.isFinite(retryAfter) ? retryAfter : null,
    );
  }

  /** Any thrown value as a problem. */
  static from(error: unknown): Problem {
    if (error instanceof Problem) return error;
    return new Problem(0, "UNEXPECTED", error instanceof Error ? error.message : String(error));
  }
}

export const wasAborted = (error: unknown): boolean => error instanceof DOMException && error.name === "AbortError";
