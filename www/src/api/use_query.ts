// Reads from the API for a component, and keeps the last answer while another is awaited.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import type { Client } from "./client";
import { Problem, wasAborted } from "./problem";

export interface Query<T> {
  /** The last answer; it stays while another is awaited. */
  data: T | undefined;
  problem: Problem | undefined;
  loading: boolean;
  /** Asks again. */
  reload: () => void;
  /** Takes this for the answer, such as what a change answered. */
  set: (data: T) => void;
}

/**
 * Asks when the component appears, when `about` changes, after a new sign-in, and on `reload`. An answer that comes
 * after a later question is dropped. `keep: false` forgets the last answer when `about` changes.
 */
export function useQuery<T>(
  client: Client,
  about: readonly unknown[],
  load: (signal: AbortSignal) => Promise<T>,
  { keep = true }: { keep?: boolean } = {},
): Query<T> {
  const [state, setState] = useState<{ data: T | undefined; problem: Problem | undefined; loading: boolean }>({
    data: undefined,
    problem: undefined,
    loading: true,
  });
  const [asked, setAsked] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  const generation = client.generation.value;
  const topic = useRef<string | undefined>(undefined);
  useEffect(() => {
    const now = JSON.stringify(about);
    const forget = !keep && topic.current !== now;
    topic.current = now;
    const abort = new AbortController();
    setState((before) => ({ data: forget ? undefined : before.data, problem: undefined, loading: true }));
    latest.current(abort.signal).then(
      (data) => {
        if (!abort.signal.aborted) setState({ data, problem: undefined, loading: false });
      },
      (error: unknown) => {
        if (abort.signal.aborted || wasAborted(error)) return;
        setState((before) => ({ data: before.data, problem: Problem.from(error), loading: false }));
      },
    );
    return () => abort.abort();
  }, [...about, asked, generation]);
  const reload = useCallback(() => setAsked((times) => times + 1), []);
  const set = useCallback((data: T) => setState({ data, problem: undefined, loading: false }), []);
  return { ...state, reload, set };
}
