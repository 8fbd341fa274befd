// How a key stands, and when a change to it is in effect.

import { useEffect, useRef } from "preact/hooks";

import { useApp } from "../app";
import type { KeyStatus } from "../api/types";
import { useI18n, useNow } from "../i18n";

const TONE: Record<KeyStatus, string> = { active: "good", disabled: "warn", revoked: "bad", expired: "idle" };

export function StatusBadge({ status }: { status: KeyStatus }) {
  const { t } = useI18n();
  return <Badge tone={TONE[status]}>{t(`status.${status}`)}</Badge>;
}

/** A short word about something: `tone` is good, warn, bad, idle or plain. */
export function Badge({ tone = "plain", children }: { tone?: string; children: preact.ComponentChildren }) {
  return (
    <span class={`badge ${tone}`} part="badge">
      {children}
    </span>
  );
}

interface EffectiveProps {
  /** Null while it isn't known. */
  by: string | null;
  holds?: "always" | "while_feed_reachable" | undefined;
  /** The effect that is announced then, such as "Refused everywhere". */
  what: "refused" | "changed";
}

/** Counts down to the time by which a change is in effect everywhere, and says so then. */
export function Effective({ by, holds, what }: EffectiveProps) {
  const { i18n, announce } = useApp();
  const end = by === null ? null : Date.parse(by);
  const started = useRef(Date.now());
  const waiting = end !== null && end > started.current;
  const now = useNow(waiting, 200);
  const done = end !== null && now >= end;
  useEffect(() => {
    if (done && waiting) announce(i18n.t(`effective.${what}.done`));
  }, [done]);
  const { t } = i18n;
  if (end === null || by === null) return <p class="effective pending">{t("effective.unknown")}</p>;
  return (
    <div class={done ? "effective done" : "effective pending"}>
      <p>
        {done
          ? t(`effective.${what}.done`)
          : t(`effective.${what}.by`, { time: i18n.clock(by), seconds: Math.max(1, Math.ceil((end - now) / 1000)) })}
      </p>
      {holds === "while_feed_reachable" && <p class="fine">{t("effective.condition")}</p>}
    </div>
  );
}
