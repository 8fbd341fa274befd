// The engine's answers to what the reader gives, as it is typed.

import { useEffect, useRef, useState } from "preact/hooks";

import { bodyOf, type Draft, readTime } from "./draft";
import { Engine } from "./engine";
import type { Explanation, PastedRequest, Provider, SchemeInfo } from "./explanation";
import type { SchemeChoice } from "./messages";

export type EngineState =
  | { state: "loading" | "unbuilt" }
  | { state: "failed"; error: string; retry: () => void }
  | { state: "ready"; engine: Engine; providers: Provider[] };

/** Loads the engine once. */
export function useEngine(): EngineState {
  const [state, setState] = useState<EngineState>({ state: "loading" });
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    setState({ state: "loading" });
    Engine.load(() => setState({ state: "unbuilt" })).then(
      (loaded) => setState({ state: "ready", ...loaded }),
      (error: unknown) =>
        setState({ state: "failed", error: error instanceof Error ? error.message : String(error), retry: () => setAttempt(attempt + 1) }),
    );
  }, [attempt]);
  return state;
}

/** The scheme that is chosen, or what is wrong with the one that is pasted. */
export interface Chosen {
  choice?: SchemeChoice;
  info?: SchemeInfo;
  error?: string;
  /** Whether this is the answer to an earlier text: the next one is on its way. */
  stale?: boolean;
}

export function useScheme(engine: Engine, providers: Provider[], { own, provider, schemeText }: Draft): Chosen {
  const [read, setRead] = useState<{ text: string; info?: SchemeInfo; error?: string }>({ text: "" });
  useEffect(() => {
    if (!own || schemeText.trim() === "") return;
    let wanted = true;
    engine.ask("scheme", { text: schemeText }).then(
      (info) => wanted && setRead({ text: schemeText, info }),
      (error: Error) => wanted && setRead({ text: schemeText, error: error.message }),
    );
    return () => {
      wanted = false;
    };
  }, [engine, own, schemeText]);
  if (!own) {
    const info = providers.find(({ id }) => id === provider);
    return info ? { choice: provider, info } : {};
  }
  // The last answer counts until the next one comes, so that typing doesn't make the page flicker.
  if (schemeText.trim() === "") return {};
  const stale = read.text !== schemeText;
  if (read.error !== undefined) return { error: read.error, stale };
  return read.info ? { choice: read.info.scheme, info: read.info, stale } : {};
}

/** The request that was read from the pasted headers. */
export interface Read {
  request?: PastedRequest;
  /** Whether it was read from an earlier text: the next one is on its way. */
  stale: boolean;
}

export function useRequest(engine: Engine, text: string): Read {
  const [read, setRead] = useState<{ text: string; request: PastedRequest }>();
  useEffect(() => {
    if (text.trim() === "") return;
    let wanted = true;
    void engine.ask("request", { text }).then((request) => wanted && setRead({ text, request }));
    return () => {
      wanted = false;
    };
  }, [engine, text]);
  // The last answer counts until the next one comes.
  if (text.trim() === "" || !read) return { stale: false };
  return { request: read.request, stale: read.text !== text };
}

export interface Explained {
  explanation?: Explanation;
  error?: string;
  /** Whether a newer answer is on its way. */
  busy: boolean;
}

const QUIET_MS = 150;

/** The explanation of the delivery. While the engine is busy with one, only the newest of the next ones is asked for. */
export function useExplanation(engine: Engine, draft: Draft, chosen: Chosen, { request, stale }: Read): Explained {
  const [explained, setExplained] = useState<Explained>({ busy: false });
  const queue = useRef<Promise<unknown>>(Promise.resolve());
  const newest = useRef(0);
  const { choice } = chosen;
  const waits = stale || (chosen.stale ?? false);
  const complete = choice !== undefined && request !== undefined && draft.secrets.some((secret) => secret !== "");
  useEffect(() => {
    const turn = ++newest.current;
    if (!complete || choice === undefined || !request) {
      setExplained({ busy: false });
      return;
    }
    setExplained((before) => ({ ...before, busy: true }));
    if (waits) return;
    const timer = setTimeout(() => {
      queue.current = queue.current.then(async () => {
        if (turn !== newest.current) return;
        const now = readTime(draft.time);
        const { bytes, error } = bodyOf(draft);
        if (now === undefined || error) return setExplained({ busy: false });
        const asked = {
          scheme: choice,
          secrets: draft.secrets.slice(0, draft.secrets.findLastIndex((secret) => secret !== "") + 1),
          method: draft.method,
          url: draft.url,
          headers: request.headers,
          now,
          params: draft.params,
        };
        try {
          const explanation = await engine.ask("explain", { request: asked, body: bytes });
          if (turn === newest.current) setExplained({ explanation, busy: false });
        } catch (problem) {
          if (turn === newest.current) setExplained({ error: (problem as Error).message, busy: false });
        }
      });
    }, QUIET_MS);
    return () => clearTimeout(timer);
  }, [engine, choice, request, waits, complete, draft]);
  return explained;
}
