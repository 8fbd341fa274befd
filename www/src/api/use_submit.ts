// Sends a form to the API, once per click and under one idempotency key.

import { useRef, useState } from "preact/hooks";

import { newIdempotencyKey } from "./client";
import { Problem } from "./problem";

export interface Submit {
  busy: boolean;
  problem: Problem | undefined;
  /** Sends, unless it is being sent already: a double click sends once. */
  submit: () => void;
  /** To be called when the form is edited: the next sending is another request. */
  edited: () => void;
}

/**
 * One form's sending. `send` gets an idempotency key that stays the same until it succeeds or the form is edited, so
 * that a second try after a lost answer does nothing twice. What is made from the time has to be made from `begun`, the
 * time of the first try, or the second would be another request.
 */
export function useSubmit<T>(
  send: (idempotencyKey: string, begun: number) => Promise<T>,
  done: (result: T) => void,
): Submit {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const sending = useRef(false);
  const request = useRef<{ key: string; begun: number } | undefined>(undefined);
  const submit = (): void => {
    if (sending.current) return;
    sending.current = true;
    setBusy(true);
    setProblem(undefined);
    request.current ??= { key: newIdempotencyKey(), begun: Date.now() };
    send(request.current.key, request.current.begun)
      .then(
        (result) => {
          request.current = undefined;
          done(result);
        },
        (error: unknown) => setProblem(Problem.from(error)),
      )
      .finally(() => {
        sending.current = false;
        setBusy(false);
      });
  };
  const edited = (): void => {
    if (!sending.current) request.current = undefined;
  };
  return { busy, problem, submit, edited };
}
