// The common part of the commands on keys and on operators: both are holders of a key.

import { answer, answerOnce, record, time } from "../output.mjs";
import { count, moment, said, seconds } from "../option_values.mjs";
import { WrongUsage } from "../failed.mjs";

export const TENANT = { name: "tenant", summary: "your name for the customer" };
export const KEY = { name: "id", summary: "the key's id, such as key_Qh0a9zVVqE0eTn6ZPmRf" };

export const STATUSES = ["active", "disabled", "revoked", "expired"];
/** Filters that lists of keys and of operators have. */
export const FILTERS = {
  status: { type: "string", value: "STATUS", values: STATUSES, summary: `only those that are ${STATUSES.join(", ")}` },
  scope: { type: "string", value: "SCOPE", summary: "only those that were granted this scope" },
  search: { type: "string", short: "q", value: "TEXT", summary: "only those with this text in name or display form" },
  "expires-within": { type: "string", value: "DAYS", summary: "only living ones that expire within so many days" },
  "unused-for": { type: "string", value: "DAYS", summary: "only living ones that nobody used for so many days" },
  secret: { type: "string", value: "FINGERPRINT", summary: "only living ones that depend on this secret" },
};

export const filters = (values) =>
  said({
    status: values.status,
    scope: values.scope,
    q: values.search,
    expires_within_days: count("expires-within", values["expires-within"]),
    unused_for_days: count("unused-for", values["unused-for"]),
    secret: values.secret,
  });

export const EXPIRES = {
  "expires-at": { type: "string", value: "TIME", summary: 'as 2027-01-31T00:00:00Z, a span such as 30d, or "never"' },
};

export const ROTATION = {
  overlap: { type: "string", value: "TIME", summary: "how long both work, such as 12h or 30d (default: not at all)" },
  "after-first-use": { type: "boolean", summary: "the overlap begins with the first use of the successor" },
  "latest-end": { type: "string", value: "TIME", summary: "with --after-first-use: the old one ends after this in any case" },
  ...EXPIRES,
};

export const rotation = (values) =>
  said({
    overlap_seconds: seconds("overlap", values.overlap),
    after_first_use: values["after-first-use"],
    latest_end_seconds: seconds("latest-end", values["latest-end"]),
    expires_at: moment("expires-at", values["expires-at"]),
  });

/** Whether a rotation ends the old key at once. */
export const endsAtOnce = ({ overlap_seconds = 0, after_first_use = false }) => overlap_seconds === 0 && !after_first_use;

export const COLUMNS = {
  ID: ({ id }) => id,
  NAME: ({ name }) => name,
  STATUS: ({ status }) => status,
  SCOPES: ({ scopes }) => scopes,
  EXPIRES: ({ expires_at }) => time(expires_at) ?? "never",
  "LAST USED": ({ last_used_at }) => time(last_used_at) ?? "never",
};

/** A holder in full. */
export function shown(holder) {
  const { usage, pending_end, created_by, created_at, expires_at, revoked_at, last_used_at, ...others } = holder;
  const uses = (each) => each && `${each.allowed} allowed, ${each.refused} refused`;
  return record({
    ...others,
    created_at: time(created_at),
    created_by: created_by?.name,
    expires_at: time(expires_at) ?? "never",
    last_used_at: time(last_used_at) ?? "never",
    revoked_at: time(revoked_at),
    ends_at: time(pending_end?.at),
    used_24h: uses(usage?.["24h"]),
    used_7d: uses(usage?.["7d"]),
    used_30d: uses(usage?.["30d"]),
  });
}

/** When a change is in effect. */
export function inEffect({ effective_by, holds }) {
  if (!effective_by) return "It is in effect as soon as the feed can be reached.";
  const as = holds === "while_feed_reachable" ? " that reaches the feed" : "";
  return `In effect by ${effective_by} at every edge${as}.`;
}

/** Writes a changed holder: what became of it, and when that holds. */
export const changed = (io, values, holder, what) => answer(io, values, holder, `${holder.id} ${what}. ${inEffect(holder)}`);

/**
 * Writes a new key: its text alone on stdout, and the facts on stderr. `rotate` is the command that rotates it, up to its
 * id.
 */
export async function madeKey(io, values, made, what, rotate) {
  if (!values.json) {
    const until = made.expires_at ? `until ${time(made.expires_at)}` : "without an end";
    io.say(`${what} ${made.id}, "${made.name}", with ${made.scopes.join(" ")}, ${until}. ${inEffect(made)}`);
    io.say("This is its text. It isn't shown again.");
  }
  const again = `The text of ${made.id} could not be written, and it isn't shown again. For another one: keystile ${rotate} ${made.id}`;
  await answerOnce(io, values, made, made.key, again);
}

/** The members of a patch that were said; there has to be one. */
export function patchOf(members, options) {
  const patch = said(members);
  if (Object.keys(patch).length > 0) return patch;
  throw new WrongUsage(`Say what to change, by one of ${Object.keys(options).map((name) => `--${name}`).join(", ")}.`);
}
