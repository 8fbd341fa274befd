// Uses for billing, over as many answers as they take.

import { unreadable } from "../answer.ts";
import { KeystileError } from "../error.ts";
import type { QueryOf, UsageExportEntry } from "../types.ts";

type Query = QueryOf<"exportUsage">;
type End = Extract<UsageExportEntry, { end: unknown }>["end"];
type Entries = AsyncGenerator<UsageExportEntry, void, undefined>;
/** The query after an entry of an answer; null after its last one, undefined where it can't end. */
type Next = (entry: UsageExportEntry) => null | undefined;

/**
 * The entries of one answer after the other. `answer` gives those of one answer. An answer without its last line, with
 * other lines than that counts, or to another question fails.
 */
export async function* exportedUses(
  tenant: string | null,
  first: Query,
  answer: (query: Query, next: Next) => Entries,
): Entries {
  const next: Next = (entry) => ("end" in entry ? null : undefined);
  for (let query = first; ; ) {
    let [lines, end]: [number, End | undefined] = [0, undefined];
    for await (const entry of answer(query, next)) {
      if ("end" in entry) {
        end = entry.end;
        check(end, tenant, query, lines);
      }
      lines += 1;
      yield entry;
    }
    if (end === undefined) throw new KeystileError("NETWORK", "The answer was cut: it has no last line.");
    if (end.next === null) return;
    query = { ...query, after: end.next };
  }
}

function check(end: End, tenant: string | null, { after }: Query, lines: number): void {
  if (typeof end !== "object" || end === null || (typeof end.next !== "string" && end.next !== null)) throw unreadable();
  if (end.lines === lines && end.tenant === tenant && end.after === (after ?? null)) return;
  const message = `The last line is of another answer: ${end.lines} lines of ${end.tenant ?? "all tenants"} after ${end.after}, but ${lines} came.`;
  throw new KeystileError("UNREADABLE_ANSWER", message, { status: 200 });
}
