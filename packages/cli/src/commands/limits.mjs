// The commands on limits: what is left of them, for keys and tenants.

import { answer, Table, time, write } from "../output.mjs";
import { changeOptions, count } from "../option_values.mjs";

/** Shows limits with what is left of them. */
export async function limits(io, values, asked) {
  const { limits } = await asked;
  if (values.json) return write(io, JSON.stringify({ limits }));
  if (limits.length === 0) return io.say("There are no limits.");
  return table(io, limits);
}

/** Adds to a quota, and shows it. */
export async function addToQuota(io, values, amount, add) {
  const added = await add(count("amount", amount, { shown: "The amount" }), changeOptions(values));
  if (values.json) return answer(io, values, added);
  return table(io, [added]);
}

const table = (io, limits) =>
  new Table(io, {
    NAME: ({ name }) => name,
    KIND: ({ kind }) => kind,
    PER: ({ per }) => per,
    LIMIT: ({ limit }) => limit,
    IN: ({ period, window_seconds }) => period ?? `${window_seconds} s`,
    LEFT: ({ remaining }) => remaining,
    "MORE AT": ({ resets_at }) => time(resets_at),
  }).rows(limits);
