// The headers, in whatever form they were copied.

import { useEffect, useState } from "preact/hooks";

import { Field } from "../components/field";
import { alsoTaken, type Draft } from "./draft";
import type { PastedRequest, SchemeInfo } from "./explanation";
import { Prose } from "./prose";
import type { Read } from "./use_engine";

interface Props {
  draft: Draft;
  info: SchemeInfo | undefined;
  read: Read;
  onChange: (changes: Partial<Draft>) => void;
}

export function HeadersField({ draft, info, read: { request, stale }, onChange }: Props) {
  const [taken, setTaken] = useState<string[]>([]);
  useEffect(() => {
    if (!request) return setTaken([]);
    if (stale) return;
    const also = alsoTaken(draft, request);
    if (also.taken.length === 0) return;
    setTaken((before) => [...new Set([...before, ...also.taken])]);
    onChange(also.changes);
  }, [request, stale]);
  const hint = <>Lines, a whole request, curl, HAR, JSON, an event of AWS Lambda, or what your language prints of them.</>;
  return (
    <div class="field">
      <Field label="Headers" hint={hint}>
        {(control) => (
          <textarea
            {...control}
            class="mono"
            rows={6}
            autocomplete="off"
            spellcheck={false}
            autocapitalize="off"
            dir="ltr"
            placeholder="x-hub-signature-256: sha256=…"
            value={draft.headersText}
            onInput={(event) => onChange({ headersText: event.currentTarget.value })}
          />
        )}
      </Field>
      {request && <Taken request={request} info={info} taken={taken} />}
    </div>
  );
}

function Taken({ request, info, taken }: { request: PastedRequest; info: SchemeInfo | undefined; taken: string[] }) {
  const isRead = (name: string): boolean => info?.headers?.includes(name) ?? false;
  const count = request.headers.length;
  return (
    <details class="read">
      <summary>
        {count === 0 ? "No header was read" : `${count} ${count === 1 ? "header" : "headers"} read from ${request.form}`}
        {taken.length > 0 && `, and ${taken.join(", ")}`}
      </summary>
      <dl class="pairs mono" dir="ltr">
        {request.headers.map(([name, value], at) => (
          <div key={at} class={isRead(name) ? "read-by-scheme" : undefined}>
            <dt>
              {name}
              {isRead(name) && <span class="visually-hidden"> (the scheme reads it)</span>}
            </dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {request.notes.map((note) => (
        <p key={note} class="hint">
          <Prose text={note} />
        </p>
      ))}
    </details>
  );
}
