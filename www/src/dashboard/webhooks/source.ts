// How a source of webhooks is told of.

import type { WebhookSource } from "../../api/types";

export const MODES: Record<WebhookSource["mode"], string> = {
  queue: "Kept and tried again if the upstream fails.",
  direct: "The sender gets the upstream’s answer, and tries again itself.",
};

/** The deliveries that are refused as repeats. */
export const REPLAYS: Record<WebhookSource["replays"], { name: string; text: string }> = {
  "refuse-same-id": {
    name: "By their id",
    text: "The same bytes under another id are handed on, and marked.",
  },
  "refuse-same-bytes": {
    name: "By their bytes",
    text: "The same signed bytes are refused under whatever id.",
  },
};

/** The means by which a sender's events are told apart. */
export const TOLD_APART_BY: Record<WebhookSource["told_apart_by"], string> = {
  signed_id: "Each event has an id that is signed.",
  unsigned_id: "The events’ ids are not signed.",
  nothing: "Nothing tells its events apart.",
};

export const providerOf = (provider: string): string => (provider === "own" ? "A scheme of your own" : provider);
