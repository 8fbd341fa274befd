// How a source of webhooks is told of.

import type { WebhookSource } from "../../api/types";

export const MODES: Record<WebhookSource["mode"], string> = {
  queue: "Kept and tried again if the upstream fails.",
  direct: "The sender gets the upstream’s answer, and tries again itself.",
};

export const providerOf = (provider: string): string => (provider === "own" ? "A scheme of your own" : provider);
