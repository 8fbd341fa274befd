// The addresses that a key may be used from.

import { useApp } from "../app";
import { Field } from "../components/field";

export const linesOf = (text: string): string[] =>
  text
    .split(/[\s,;]+/)
    .map((line) => line.trim())
    .filter((line) => line !== "");

export function AddressField(props: { value: string; onChange: (value: string) => void; error?: string | undefined }) {
  const { i18n } = useApp();
  return (
    <Field label={i18n.t("addresses")} optional hint={i18n.t("addresses.hint")} error={props.error}>
      {(control) => (
        <textarea
          {...control}
          rows={2}
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
