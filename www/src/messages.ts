// The texts of the parts that all pages share. The element's attribute `messages` replaces any of them, by its name.
// `{name}` is a place; `{n|one=a key|other={n} keys}` is chosen by the language's plural rules.

import { keysEnglish } from "./keys/messages";

const common = {
  close: "Close",
  cancel: "Cancel",
  save: "Save",
  optional: "(optional)",
  loading: "Loading",
  retry: "Try again",
  previous: "Previous",
  next: "Next",
  page: "Page {n}",
  "search.none_yet": "None found so far",
  "search.none_yet.hint": "There are very many keys, and the search has looked at a part of them.",
  "search.go_on": "Search on",
  "search.no_more": "There are no more",
  copy: "Copy",
  "copy.copied": "Copied",
  "copy.selected": "Selected: press Ctrl+C or ⌘C",
  "copy.failed": "Not copied: select it and copy",
  never: "Never",
  anywhere: "Anywhere",
  unknown: "Unknown",
  request_id: "Request {id}",

  "status.active": "Active",
  "status.disabled": "Disabled",
  "status.revoked": "Revoked",
  "status.expired": "Expired",

  "effective.refused.by": "Refused everywhere by {time}: {seconds} s to go",
  "effective.refused.done": "In effect: refused everywhere",
  "effective.changed.by": "In effect everywhere by {time}: {seconds} s to go",
  "effective.changed.done": "In effect everywhere",
  "effective.unknown": "Recorded. It takes effect as soon as the change feed can be reached, by itself.",
  "effective.condition": "Places that can’t reach the change feed meanwhile may take longer.",

  scopes: "Scopes",
  "scopes.hint": "Give the key no more than its user needs.",
  "scopes.presets": "Presets",
  "scopes.all": "All",
  "scopes.read": "Read",
  "scopes.write": "Write",
  "scopes.column": "{verb}, all",
  "scopes.no_cell": "There is no scope for {verb}.",
  "scopes.unavailable": "Can’t be granted: {reason}.",
  "scopes.implied": "Included in {by}.",
  "scopes.cell_unavailable": "{verb} can’t be granted: {reason}.",
  "scopes.cell_implied": "{verb} is included in {by}.",
  "scopes.count": "{n|one={n} scope chosen|other={n} scopes chosen}",
  "scopes.clear": "Clear",

  "usage.allowed": "Allowed",
  "usage.refused": "Refused",
  "usage.counts": "{allowed} allowed, {refused} refused",
  "usage.as_table": "Show as a table",
  "usage.from": "From",

  "problem.NETWORK": "No answer came. Check the connection and try again; nothing is done twice.",
  "problem.UNEXPECTED": "Something went wrong on this page: {detail}",
  "problem.SESSION_ENDED": "Your session has ended.",
  "problem.NO_SESSION": "There is no session: {detail}",
  "problem.VERSION_MISMATCH": "Somebody changed this meanwhile.",
  "problem.REVOCATION_PENDING": "Recorded. It takes effect as soon as the change feed can be reached, by itself.",
  "problem.CHANGE_PENDING": "Recorded. It takes effect as soon as the change feed can be reached, by itself.",
} as const;

export const english = { ...common, ...keysEnglish };
export type MessageId = keyof typeof english;
export type Messages = Record<MessageId, string>;
