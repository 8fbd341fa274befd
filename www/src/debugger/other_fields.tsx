// The URL and the method, if the scheme signs them, the time, and the scheme's parameters.

import { Field } from "../components/field";
import { type Draft, readTime } from "./draft";
import type { SchemeInfo } from "./explanation";

interface Props {
  draft: Draft;
  info: SchemeInfo | undefined;
  onChange: (changes: Partial<Draft>) => void;
}

const METHODS = ["POST", "GET", "PUT", "PATCH", "DELETE"];

export function OtherFields({ draft, info, onChange }: Props) {
  const url = info?.reads_url ?? false;
  const method = info?.reads_method ?? false;
  return (
    <>
      {(info?.params ?? []).map((name) => (
        <Field key={name} label={`Parameter ${name}`} hint="What this provider needs beside the secret.">
          {(control) => (
            <input
              {...control}
              type="text"
              autocomplete="off"
              spellcheck={false}
              dir="ltr"
              value={draft.params[name] ?? ""}
              onInput={(event) => onChange({ params: { ...draft.params, [name]: event.currentTarget.value } })}
            />
          )}
        </Field>
      ))}
      {url && (
        <Field label="URL" hint="As it is registered with the sender, with the query that came. It is signed.">
          {(control) => (
            <input
              {...control}
              type="url"
              class="mono"
              autocomplete="off"
              spellcheck={false}
              dir="ltr"
              placeholder="https://example.com/webhooks"
              value={draft.url}
              onInput={(event) => onChange({ url: event.currentTarget.value })}
            />
          )}
        </Field>
      )}
      {method && (
        <Field label="Method" hint="It is signed.">
          {(control) => (
            <select {...control} value={draft.method} onChange={(event) => onChange({ method: event.currentTarget.value })}>
              {[...new Set([...METHODS, draft.method])].map((each) => (
                <option key={each}>{each}</option>
              ))}
            </select>
          )}
        </Field>
      )}
      <TimeField draft={draft} onChange={onChange} />
      {info && !url && !method && <p class="hint">This scheme signs neither the URL nor the method.</p>}
    </>
  );
}

function TimeField({ draft, onChange }: { draft: Draft; onChange: Props["onChange"] }) {
  const time = readTime(draft.time);
  const given = draft.time.trim() !== "";
  const read = given && time !== undefined ? new Date(time * 1000).toISOString().replace("T", " ").slice(0, 19) : undefined;
  return (
    <Field
      label="When it arrived"
      optional
      hint={read ? `${read} UTC` : "Empty for now. Or seconds or milliseconds since 1970, or a date such as 2026-11-26T10:00:00Z."}
      error={time === undefined ? "This is no time." : undefined}
    >
      {(control) => (
        <input
          {...control}
          type="text"
          autocomplete="off"
          spellcheck={false}
          dir="ltr"
          placeholder="now"
          value={draft.time}
          onInput={(event) => onChange({ time: event.currentTarget.value })}
        />
      )}
    </Field>
  );
}
