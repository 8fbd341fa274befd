// New keys, whose text is in one answer only.

import { unreadable } from "./answer.ts";
import { KeystileError } from "./error.ts";
import type { OperationId } from "./operations.ts";
import type { OptionsOf, Repeatable } from "./options.ts";

/** An answer with the text of its key. */
export type Shown<T> = T & { key: string };
export type WithoutIdempotencyKey<Id extends OperationId> = OptionsOf<Id> & { idempotencyKey?: undefined };

/**
 * The answer, unless it is a repeated one that nobody asked for: then the first was lost with the key's text. Who names
 * an idempotency key asks for repeated answers.
 */
export async function shown<T extends { id: string; key: string | null }>(pending: Promise<T>, options: Repeatable): Promise<T> {
  const answer = await pending;
  if (typeof answer.id !== "string" || (typeof answer.key !== "string" && answer.key !== null)) throw unreadable();
  if (answer.key !== null || options.idempotencyKey !== undefined) return answer;
  const message = `${answer.id} was made, but the answer with its text was lost on the way. Revoke it and make another.`;
  throw new KeystileError("KEY_LOST", message, { answer });
}
