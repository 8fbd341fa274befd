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

/** Characters that aren't seen, or that turn the direction of what follows them. */
const UNSEEN = /[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g;

/** Metadata as JSON to be read: what isn't seen is escaped, which is the same JSON. */
export const textOfMetadata = (metadata: Json): string =>
  JSON.stringify(metadata, null, 2).replace(UNSEEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** A merge patch (RFC 7396) that makes the one of the other: null removes a member. */
export function mergePatch(from: Json, to: Json): Json {
  const removed = Object.keys(from).filter((name) => !Object.hasOwn(to, name));
  const changed = Object.entries(to).flatMap(([name, value]): [string, unknown][] => {
    const before = Object.hasOwn(from, name) ? from[name] : undefined;
    if (JSON.stringify(before) === JSON.stringify(value)) return [];
    return [[name, isObject(before) && isObject(value) ? mergePatch(before, value) : value]];
  });
  // By entries: an assignment to `__proto__` would set no member.
  return Object.fromEntries([...removed.map((name): [string, unknown] => [name, null]), ...changed]);
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
