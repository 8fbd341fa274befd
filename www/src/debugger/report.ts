// A report that can be shown to others: no secret, no text of the body, no signature.

import type { Draft } from "./draft";
import type { Change, Explanation, PastedRequest } from "./explanation";

/** Sentences that quote the body or the URL. */
const QUOTING: Record<string, string> = {
  NUMBERS: "The sender wrote a number otherwise.",
  URL: "The sender signed another URL.",
};

const sentenceOf = ({ code, sentence }: Change): string => QUOTING[code] ?? sentence;

export function reportOf(explanation: Explanation, draft: Draft, request: PastedRequest | undefined): string {
  const { verdict, causes, hints, steps, search } = explanation;
  const lines = [
    "Webhook signature, by Keystile’s debugger",
    `Scheme: ${draft.own ? "own" : draft.provider}`,
    `Verdict: ${verdict.code}. ${verdict.detail}`,
    ...causes.flatMap((cause) => [
      `Proved cause ${cause.number} (${cause.verdict} with the change):`,
      ...cause.changes.flatMap((change) => [
        `  ${change.code}: ${sentenceOf(change)}`,
        ...(change.difference
          ? [
              `    first difference in ${change.subject} at byte ${change.difference.offset}: ${change.difference.given.byte ?? "end"} here, ` +
                `${change.difference.signed.byte ?? "end"} where it was signed; ${change.difference.given.length} and ${change.difference.signed.length} bytes`,
            ]
          : []),
      ]),
      `  Mend it: ${cause.mend.sentence}`,
    ]),
    ...hints.map(({ code, sentence }) => `Hint, ${code}: ${QUOTING[code] ?? sentence}`),
    `Search: ${search.tries} changes tried, ${search.ending}`,
    ...steps.secrets.map(({ index, key_lengths, forms, problem }) =>
      `Secret ${index + 1}: ${problem ?? `read as ${forms.join(" or ")}, key of ${key_lengths.join(" and ")} bytes`}`,
    ),
    ...steps.readings.flatMap((reading) => [
      ...reading.sources.map(({ place, values }) => `Signature at ${place}: ${values.map((value) => `${value.length} characters`).join(", ") || "nothing"}`),
      ...reading.entries.map(({ used, note }, at) => `  entry ${at + 1}: ${used ? "compared" : "not compared"}, ${note}`),
      ...(reading.timestamp ? [`Timestamp at ${reading.timestamp.place}: ${reading.timestamp.text ?? "nothing"}, age ${reading.timestamp.age ?? "unknown"} s`] : []),
      ...reading.messages.map(({ template, parts, length }) => {
        const all = parts.map((part) => `${part.label} ${part.length}`).join(", ");
        return `Message ${template.replaceAll("\n", "\\n")}: ${length} bytes (${all})`;
      }),
    ]),
    `Headers: ${request?.headers.map(([name]) => name).join(", ") ?? "none"}`,
  ];
  return `${lines.join("\n")}\n`;
}
