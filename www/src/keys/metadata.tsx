// A key's metadata: a JSON object of the operator's own.

import { useApp } from "../app";
import { Field } from "../components/field";
import type { I18n } from "../i18n";

type Json = Record<string, unknown>;

const EXAMPLE = '{"team": "billing"}';

/** The object that a text is; nothing for an empty one. */
export function metadataOf({ t }: I18n, text: string): { value?: Json; error?: string } {
  if (text.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { value: value as Json };
    return { error: t("metadata.object", { example: EXAMPLE }) };
  } catch (error) {
    return { error: t("metadata.json", { detail: error instanceof Error ? error.message : String(error) }) };
  }
}

/** A merge patch (RFC 7396) that makes the one of the other: null removes a member. */
export function mergePatch(from: Json, to: Json): Json {
  const patch: Json = {};
  for (const name of Object.keys(from)) if (!(name in to)) patch[name] = null;
  for (const [name, value] of Object.entries(to)) {
    const before = from[name];
    if (JSON.stringify(before) === JSON.stringify(value)) continue;
    patch[name] = isObject(before) && isObject(value) ? mergePatch(before, value) : value;
  }
  return patch;
}

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

export function MetadataField(props: { value: string; onChange: (value: string) => void; error?: string | undefined }) {
  const { i18n } = useApp();
  return (
    <Field label={i18n.t("metadata")} optional hint={i18n.t("metadata.hint")} error={props.error}>
      {(control) => (
        <textarea
          {...control}
          rows={3}
          dir="ltr"
          class="mono"
          spellcheck={false}
          value={props.value}
          onInput={(event) => props.onChange(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}
