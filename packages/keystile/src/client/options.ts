// The options of a call: those of every call, and of a change those that the API's document has for it.

import { timeLimit } from "../time_limit.ts";
import type { OperationId } from "./operations.ts";
import type { operations } from "./schema.ts";

export interface CallOptions {
  signal?: AbortSignal | undefined;
  /** Milliseconds for each try, in place of the client's. */
  timeout?: number | undefined;
  /** Tries after the first, in place of the client's. */
  retries?: number | undefined;
  /** Is told the status and the headers of each answer. An error that it throws ends the call. */
  onResponse?: ((answer: { status: number; headers: Headers }) => void) | undefined;
}

export interface Versioned {
  /** Only if the key, operator, tenant or endpoint has this `version`; else the call fails with `VERSION_MISMATCH`. */
  ifVersion?: number | undefined;
}

export interface Waiting {
  /** Seconds, 30 at most, in which the answer may wait for the change to be in effect at every edge. */
  wait?: number | undefined;
}

export interface Repeatable {
  /** One of yours, to repeat a call from another process. By default each call has one for all its tries. */
  idempotencyKey?: string | undefined;
}

/** The options of an operation. */
export type OptionsOf<Id extends OperationId> = CallOptions &
  IfTaken<Id, "If-Match", Versioned> &
  IfTaken<Id, "Prefer", Waiting> &
  IfTaken<Id, "Idempotency-Key", Repeatable>;

/** All options that an operation may have. */
export type AnyOptions = CallOptions & Versioned & Waiting & Repeatable;

type IfTaken<Id extends OperationId, Header extends string, Options> = Header extends HeaderOf<Id> ? Options : unknown;
type HeaderOf<Id extends OperationId> = operations[Id] extends { parameters: { header?: infer H } }
  ? [H] extends [undefined]
    ? never
    : keyof NonNullable<H>
  : never;

const LONGEST_WAIT = 30;

/** Throws for a value that would be no limit, no end of the tries, or no time to wait. */
export function refuseMistakes({ timeout, retries, wait }: AnyOptions): void {
  if (timeout !== undefined) timeLimit("timeout", timeout);
  if (retries !== undefined) wholeNumber("retries", retries, Infinity);
  if (wait !== undefined) wholeNumber("wait", wait, LONGEST_WAIT);
}

function wholeNumber(name: string, value: unknown, most: number): void {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most) return;
  throw new TypeError(`\`${name}\`: a whole number ${most === Infinity ? "from 0" : `from 0 to ${most}`} expected.`);
}
