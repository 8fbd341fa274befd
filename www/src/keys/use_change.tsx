// A change of a key that takes effect everywhere at a time that its answer tells.

import { useEffect, useRef, useState } from "preact/hooks";

import { Problem } from "../api/problem";
import { type Submit, useSubmit } from "../api/use_submit";
import { useApp } from "../app";
import { Effective } from "../components/status";
import { useKeys } from "./context";

interface Effect {
  effective_by: string | null;
  holds?: "always" | "while_feed_reachable";
}

export interface Change<T> extends Submit {
  /** Recorded: what it answered, or null while the feed has yet to take it. */
  done: { answer: T | null } | undefined;
}

const PENDING = ["REVOCATION_PENDING", "CHANGE_PENDING"];
const AGAIN_MS = 3000;

/**
 * Sends a change. "Recorded, but not in effect yet" is progress: it is asked again until the answer says when it is.
 * The list learns of the change at once.
 */
export function useChange<T extends Effect>(send: (idempotencyKey: string) => Promise<T>, onDone?: (answer: T) => void): Change<T> {
  const { changed } = useKeys();
  return useEffectiveChange(send, (answer) => {
    changed();
    if (answer) onDone?.(answer);
  });
}

/** The same for a change of anything. `onDone` hears null while it is recorded alone. */
export function useEffectiveChange<T extends Effect>(
  send: (idempotencyKey: string) => Promise<T>,
  onDone: (answer: T | null) => void,
): Change<T> {
  const [done, setDone] = useState<{ answer: T | null }>();
  const latest = useRef(send);
  latest.current = send;
  const attempt = (key: string): Promise<T | null> =>
    latest.current(key).catch((error: unknown) => {
      if (error instanceof Problem && PENDING.includes(error.code)) return null;
      throw error;
    });
  const submit = useSubmit(attempt, (answer) => {
    setDone({ answer });
    onDone(answer);
  });
  const pending = done?.answer === null;
  useEffect(() => {
    if (!pending) return;
    const timer = setInterval(submit.submit, AGAIN_MS);
    return () => clearInterval(timer);
  }, [pending]);
  return { ...submit, done };
}

export function ChangeEffect<T extends Effect>({ change, what }: { change: Change<T>; what: "refused" | "changed" }) {
  const { i18n } = useApp();
  if (!change.done) return null;
  const { answer } = change.done;
  if (answer === null) {
    return (
      <p class="effective pending" role="status">
        {i18n.t("effective.unknown")}
      </p>
    );
  }
  return <Effective by={answer.effective_by} holds={answer.holds} what={what} />;
}
