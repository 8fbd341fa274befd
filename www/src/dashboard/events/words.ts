// The words for types of events, and for what came of sending one.

import type { EventAttempt, EventEndpoint, EventType, UnsentEvent } from "../../api/types";

/** Every type, with when it is sent, in groups. */
export const TYPES: readonly { group: string; types: Partial<Record<EventType, string>> }[] = [
  {
    group: "Changes of keys",
    types: {
      "key.created": "A key was made.",
      "key.updated": "Its name, scopes, expiry or limits were changed.",
      "key.rotated": "Another key takes its place.",
      "key.revoked": "It is refused for good.",
      "key.disabled": "It was put out of use.",
      "key.enabled": "It was put back into use.",
    },
  },
  {
    group: "Keys that need somebody",
    types: {
      "key.exposed": "It was found where it doesn’t belong.",
      "key.expiring": "It will expire soon.",
      "key.expired": "It has expired.",
      "key.rotation_due": "It is older than keys should grow.",
      "key.unused": "It is unused, and will be disabled.",
      "limit.reached": "A rate limit or quota was reached.",
    },
  },
  {
    group: "Tenants and endpoints",
    types: {
      "tenant.suspended": "All keys of a tenant were put out of use.",
      "tenant.resumed": "They were put back into use.",
      "endpoint.disabled": "Another endpoint failed for five days.",
    },
  },
];

export const OUTCOMES: Record<EventAttempt["outcome"], { name: string; tone: string; means: string }> = {
  delivered: { name: "Delivered", tone: "good", means: "The receiver took it." },
  refused: { name: "Refused", tone: "bad", means: "The receiver answered with another status than 2xx." },
  redirected: { name: "Redirected", tone: "bad", means: "Redirects are not followed: set the address that they lead to." },
  gone: { name: "Gone", tone: "bad", means: "The answer 410 says that the receiver wants no more events." },
  timeout: { name: "No answer", tone: "bad", means: "No answer came within 15 seconds." },
  unreachable: { name: "Unreachable", tone: "bad", means: "There was no connection to the receiver." },
  forbidden_address: { name: "Not sent", tone: "bad", means: "Events are not sent to this address." },
  no_secret: {
    name: "Not sent",
    tone: "bad",
    means: "KEYSTILE_SECRET lacks the value that the endpoint’s secret is sealed with. Put it back, or rotate the secret.",
  },
};

export const REASONS: Record<UnsentEvent["reason"], string> = {
  attempts_failed: "All attempts failed",
  endpoint_disabled: "The endpoint was disabled",
  too_many_waiting: "Too many events were waiting",
  paused_too_long: "The endpoint was paused for too long",
};

export const STATUSES: Record<EventEndpoint["status"], { name: string; tone: string }> = {
  active: { name: "Active", tone: "good" },
  paused: { name: "Paused", tone: "idle" },
  disabled: { name: "Disabled", tone: "bad" },
};
