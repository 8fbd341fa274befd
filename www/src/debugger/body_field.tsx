// The body, byte for byte: as text, in base64 or hex, or from a file.

import { useRef, useState } from "preact/hooks";

import { Field, Fieldset } from "../components/field";
import { type BodyForm, bodyOf, type Draft, headerOf } from "./draft";
import type { PastedRequest } from "./explanation";

interface Props {
  draft: Draft;
  request: PastedRequest | undefined;
  onChange: (changes: Partial<Draft>) => void;
}

const FORMS: Record<BodyForm, string> = { text: "Text", base64: "Base64", hex: "Hex" };
const MAX_FILE = 8 * 1024 * 1024;

export function BodyField({ draft, request, onChange }: Props) {
  const [over, setOver] = useState(false);
  const [problem, setProblem] = useState<string>();
  const chooser = useRef<HTMLInputElement>(null);
  const { bytes, error } = bodyOf(draft);
  const take = async (file: File | undefined): Promise<void> => {
    setOver(false);
    if (!file) return;
    if (file.size > MAX_FILE) return setProblem(`${file.name} has ${file.size.toLocaleString("en-GB")} bytes; the most is 8 MiB.`);
    setProblem(undefined);
    onChange({ file: { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) } });
  };
  return (
    <div
      class={`field drop ${over ? "over" : ""}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        void take(event.dataTransfer?.files[0]);
      }}
    >
      <Fieldset legend="Body">
        <div class="switch">
          {(Object.keys(FORMS) as BodyForm[]).map((form) => (
            <label key={form}>
              <input
                type="radio"
                name="body-form"
                checked={draft.bodyForm === form && !draft.file}
                onChange={() => onChange({ bodyForm: form, file: undefined })}
              />
              {FORMS[form]}
            </label>
          ))}
          <button type="button" class="link" onClick={() => chooser.current?.click()}>
            Choose a file
          </button>
          <input ref={chooser} type="file" hidden aria-hidden="true" onChange={(event) => void take(event.currentTarget.files?.[0])} />
        </div>
      </Fieldset>
      {draft.file ? (
        <div class="file">
          <span>
            <bdi>{draft.file.name}</bdi>
          </span>
          <button type="button" class="button" onClick={() => onChange({ file: undefined })}>
            Remove the file
          </button>
        </div>
      ) : (
        <Field
          label={<span class="visually-hidden">{`The body as ${FORMS[draft.bodyForm].toLowerCase()}`}</span>}
          error={error ?? problem}
          hint={
            draft.bodyForm === "text"
              ? "A text box turns CR LF into LF and holds no NUL. For exact bytes drop the file here, or use base64 or hex."
              : undefined
          }
        >
          {(control) => (
            <textarea
              {...control}
              class="mono"
              rows={7}
              autocomplete="off"
              spellcheck={false}
              autocapitalize="off"
              dir="ltr"
              placeholder={draft.bodyForm === "text" ? '{"event":"…"}' : draft.bodyForm === "hex" ? "7b 22 65 …" : "eyJldmVudCI6…"}
              value={draft.bodyText}
              onInput={(event) => onChange({ bodyText: event.currentTarget.value })}
            />
          )}
        </Field>
      )}
      {!error && <Length there={bytes.length} stated={headerOf(request, "content-length")} />}
    </div>
  );
}

function Length({ there, stated }: { there: number; stated: string | undefined }) {
  const count = `${there.toLocaleString("en-GB")} ${there === 1 ? "byte" : "bytes"}`;
  if (stated === undefined || !/^\d+$/.test(stated)) return <p class="length">{count}</p>;
  const away = Number(stated) - there;
  if (away === 0) return <p class="length">{count}, as Content-Length says</p>;
  return (
    <p class="length differs">
      {count}; Content-Length says {Number(stated).toLocaleString("en-GB")}: {Math.abs(away).toLocaleString("en-GB")}{" "}
      {away > 0 ? "are missing" : "too many"}
    </p>
  );
}
