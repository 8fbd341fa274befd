// The page: what the reader gives on one side, what the engine says of it on the other.

import { useEffect, useRef, useState } from "preact/hooks";

import { Loading } from "../components/states";
import { BodyField } from "./body_field";
import { type Draft, EMPTY } from "./draft";
import type { Engine } from "./engine";
import { EXAMPLES } from "./examples";
import type { Provider } from "./explanation";
import { HeadersField } from "./headers_field";
import { OtherFields } from "./other_fields";
import { Result } from "./result";
import { SampleMaker } from "./sample_maker";
import { SchemeField } from "./scheme_field";
import { SecretsField } from "./secrets_field";
import { useEngine, useExplanation, useRequest, useScheme } from "./use_engine";

export function Page() {
  const engine = useEngine();
  return (
    <>
      <header class="top">
        <a class="brand" href="/">
          Keystile
        </a>
        <span>Webhook debugger</span>
      </header>
      <main class="debugger">
        <div class="intro">
          <h1>Why doesn’t this signature match?</h1>
          <p class="hint">
            Paste a delivery and the secret. This page verifies it as Keystile does, shows what was signed, and finds what was changed by trying
            it. All of it happens in this browser: nothing is sent, stored or put into the address, and leaving the page forgets it.
          </p>
        </div>
        {engine.state === "ready" ? (
          <Bench engine={engine.engine} providers={engine.providers} />
        ) : engine.state === "failed" ? (
          <div class="notice bad" role="alert">
            <p>The engine could not be loaded: {engine.error}</p>
            <button type="button" class="button" onClick={engine.retry}>
              Try again
            </button>
          </div>
        ) : engine.state === "unbuilt" ? (
          <div class="notice" role="status">
            <p>The engine is still being compiled. It appears here by itself; if it doesn’t, the terminal of npm start says why.</p>
          </div>
        ) : (
          <Loading rows={6} />
        )}
      </main>
    </>
  );
}

function Bench({ engine, providers }: { engine: Engine; providers: Provider[] }) {
  const [draft, setDraft] = useState<Draft>(EMPTY);
  // A new key makes all fields anew, so that nothing stays in them.
  const [round, setRound] = useState(0);
  const change = (changes: Partial<Draft>): void => setDraft((before) => ({ ...before, ...changes }));
  const clear = (): void => {
    setDraft(EMPTY);
    setRound((before) => before + 1);
  };
  useEffect(() => {
    // A browser may keep the page as it is for the way back.
    addEventListener("pagehide", clear);
    return () => removeEventListener("pagehide", clear);
  }, []);
  const said = useRef<HTMLElement>(null);
  const toVerdict = (): void => {
    const heading = said.current?.querySelector("h2");
    const { top = 0, bottom = 0 } = heading?.getBoundingClientRect() ?? {};
    if (top < 0 || bottom > innerHeight / 2) heading?.scrollIntoView();
    heading?.focus({ preventScroll: true });
  };
  const chosen = useScheme(engine, providers, draft);
  const read = useRequest(engine, draft.headersText);
  const { request } = read;
  const explained = useExplanation(engine, draft, chosen, read);
  const load = (next: Partial<Draft>): void => {
    setDraft({ ...EMPTY, ...next });
    setRound((before) => before + 1);
    // The button that was pressed may be gone.
    toVerdict();
  };
  return (
    <>
      <div class="bench">
        <section aria-labelledby="given">
          <div class="section-head">
            <h2 id="given">The delivery</h2>
            <button type="button" class="button" onClick={clear}>
              Clear all
            </button>
          </div>
          <div key={round} class="given">
            <SchemeField draft={draft} providers={providers} chosen={chosen} request={request} onChange={change} />
            <HeadersField draft={draft} info={chosen.info} read={read} onChange={change} />
            <BodyField draft={draft} request={request} onChange={change} />
            <SecretsField draft={draft} info={chosen.info} onChange={change} />
            <OtherFields draft={draft} info={chosen.info} onChange={change} />
          </div>
          {explained.explanation && (
            <button type="button" class={`button peek ${explained.explanation.verdict.valid ? "good" : "bad"}`} onClick={toVerdict}>
              <b>{explained.explanation.verdict.valid ? "✓ Genuine" : `✕ ${explained.explanation.verdict.code}`}</b> See the verdict
            </button>
          )}
        </section>
        <section ref={said} class="said" aria-labelledby="said" aria-busy={explained.busy}>
          <div class="section-head">
            <h2 id="said" tabIndex={-1}>
              The verdict
            </h2>
          </div>
          <Result draft={draft} chosen={chosen} request={request} explained={explained} onChange={change}>
            <ul class="examples">
              {EXAMPLES.map(({ title, make }) => (
                <li key={title}>
                  <button type="button" class="button" onClick={() => void make(engine).then(load)}>
                    {title}
                  </button>
                </li>
              ))}
            </ul>
          </Result>
        </section>
      </div>
      <SampleMaker engine={engine} draft={draft} chosen={chosen} onUse={load} />
    </>
  );
}
