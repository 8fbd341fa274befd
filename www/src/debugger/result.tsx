// The verdict, its causes, and what to do.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { useApp } from "../app";
import { CopyButton } from "../components/copy";
import { DifferenceView } from "./bytes_view";
import { bodyOf, type Draft, readTime } from "./draft";
import type { Cause, Explanation, Hint, Mend, PastedRequest } from "./explanation";
import { Prose } from "./prose";
import { reportOf } from "./report";
import { StepsView } from "./steps";
import type { Chosen, Explained } from "./use_engine";

interface Props {
  draft: Draft;
  chosen: Chosen;
  request: PastedRequest | undefined;
  explained: Explained;
  onChange: (changes: Partial<Draft>) => void;
  /** The examples to offer while nothing is given. */
  children: ComponentChildren;
}

export function Result({ draft, chosen, request, explained, onChange, children }: Props) {
  const { announce } = useApp();
  const { explanation, error } = explained;
  const said = explanation && `${explanation.verdict.code}. ${explanation.causes[0]?.sentence ?? explanation.verdict.detail}`;
  const last = useRef<string | undefined>(undefined);
  useEffect(() => {
    if (said && said !== last.current) announce(`Verdict: ${said}`);
    last.current = said;
  }, [said]);
  if (error) {
    return (
      <div class="notice bad" role="alert">
        <p>{error}</p>
      </div>
    );
  }
  if (!explanation) return <Missing draft={draft} chosen={chosen} request={request} examples={children} />;
  return (
    <div class="result">
      <VerdictBanner explanation={explanation} />
      {explanation.causes.map((cause, at) => (
        <CauseCard key={`${cause.code}-${at}`} cause={cause} first={at === 0} explanation={explanation} onChange={onChange} />
      ))}
      {explanation.hints.length > 0 && <Hints hints={explanation.hints} />}
      <Searched explanation={explanation} />
      <div class="actions">
        <CopyButton text={reportOf(explanation, draft, request)} label="Copy a report without secrets, body and signatures">
          Copy a report
        </CopyButton>
        <span class="hint">Without secrets, body and signatures.</span>
      </div>
      <h3 class="steps-title">Step by step</h3>
      <StepsView explanation={explanation} />
    </div>
  );
}

/** Lists the input that is still needed for a verdict. */
function Missing({ draft, chosen, request, examples }: { draft: Draft; chosen: Chosen; request: PastedRequest | undefined; examples: ComponentChildren }) {
  const needed = [
    [chosen.choice !== undefined, draft.own ? "a scheme that can work" : "who signs it"],
    [request !== undefined, "the headers"],
    [draft.secrets.some((secret) => secret !== ""), "the secret"],
    ...(bodyOf(draft).error ? [[false, "a body that can be read"] as const] : []),
    ...(readTime(draft.time) === undefined ? [[false, "a time that can be read"] as const] : []),
  ] as const;
  const begun = needed.some(([there]) => there);
  return (
    <div class="empty">
      <p class="empty-title">{begun ? "Still needed for a verdict:" : "The verdict appears here as you type."}</p>
      {begun && (
        <ul class="needed">
          {needed.map(([there, what]) => (
            <li key={what} class={there ? "there" : undefined}>
              {what}
              <span class="visually-hidden">{there ? " (there)" : " (missing)"}</span>
            </li>
          ))}
        </ul>
      )}
      {!begun && (
        <>
          <p>Or look at one that fails:</p>
          {examples}
        </>
      )}
    </div>
  );
}

function VerdictBanner({ explanation: { verdict } }: { explanation: Explanation }) {
  return (
    <div class={`verdict notice ${verdict.valid ? "good" : "bad"}`}>
      <p class="verdict-code">
        {verdict.valid ? "Genuine" : "Refused"} <code>{verdict.code}</code>
      </p>
      <p>
        <Prose text={verdict.detail} />
        {verdict.secret !== null && ` Secret ${verdict.secret + 1} matches.`}
        {verdict.valid && !verdict.body_authenticated && " The signature doesn’t cover the whole body."}
      </p>
      {verdict.event_id !== null && (
        <p class="fine">
          Event id <bdi class="mono">{verdict.event_id}</bdi>
        </p>
      )}
      {verdict.event_type !== null && (
        <p class="fine">
          Event type <bdi class="mono">{verdict.event_type}</bdi>
        </p>
      )}
    </div>
  );
}

function CauseCard({ cause, first, explanation, onChange }: { cause: Cause; first: boolean; explanation: Explanation; onChange: Props["onChange"] }) {
  const isTime = cause.changes.some(({ subject }) => subject === "time");
  const signed = explanation.steps.readings.map(({ timestamp }) => timestamp?.time).find((time) => time != null);
  return (
    <article class="cause">
      <h3>{cause.changes.length === 1 ? "What is wrong" : "What is wrong, together"}</h3>
      {cause.changes.map((change, at) => (
        <div key={at} class="change">
          <p class="cause-sentence">
            <Prose text={change.sentence} />
          </p>
          {change.difference && <DifferenceView difference={change.difference} subject={change.subject.replace(/^header:/, "header ")} />}
        </div>
      ))}
      <p class="proof">
        {isTime
          ? "Proved: the signature matches; only the time doesn’t."
          : cause.verdict === "OK"
            ? "Proved: with this change the delivery is genuine."
            : `Proved: with this change the signature matches (then ${cause.verdict}).`}{" "}
        <span class="fine">{[...new Set(cause.changes.map(({ code }) => code))].join(", ")}</span>
      </p>
      <MendView mend={cause.mend} open={first} />
      {isTime && signed != null && (
        <button type="button" class="button" onClick={() => onChange({ time: String(signed) })}>
          Check as if it arrived when it was signed
        </button>
      )}
    </article>
  );
}

function MendView({ mend, open }: { mend: Mend; open: boolean }) {
  return (
    <div class="mend">
      <p>
        <b>Mend it:</b> <Prose text={mend.sentence} />
      </p>
      {mend.frameworks.length > 0 && (
        <details open={open && mend.frameworks.length < 6}>
          <summary>How in practice</summary>
          <dl class="frameworks">
            {mend.frameworks.map(([name, line]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>
                  <code dir="ltr">{line}</code>
                </dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </div>
  );
}

function Hints({ hints }: { hints: Hint[] }) {
  return (
    <article class="cause hints">
      <h3>Nothing is proved. What points somewhere:</h3>
      <ul>
        {hints.map((hint, at) => (
          <li key={at}>
            <p>
              <Prose text={hint.sentence} />
            </p>
            <MendView mend={hint.mend} open={false} />
          </li>
        ))}
      </ul>
    </article>
  );
}

function Searched({ explanation: { search } }: { explanation: Explanation }) {
  if (search.ending === "not_needed") return null;
  const tries = `${search.tries.toLocaleString("en-GB")} ${search.tries === 1 ? "change" : "changes"}`;
  const ending = {
    found: `${tries} tried.`,
    exhausted: `${tries} tried: of the body, the secret, the signature, the time, the URL, the headers and the scheme.`,
    tries: `${tries} tried, which is the limit.`,
    time: `${tries} tried in 2 seconds, which is the limit.`,
    not_possible: "A token that is sent as it is isn’t searched for.",
    not_needed: "",
  }[search.ending];
  return <p class="hint">{ending}</p>;
}
