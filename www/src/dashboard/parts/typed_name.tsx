// Asks for a name to be typed before a grave action, so that nobody does it to another target by a slip.

import type { ComponentChildren } from "preact";

import { Field } from "../../components/field";

interface TypedNameProps {
  /** The words for the name: "the tenant’s name". */
  what: string;
  name: string;
  value: string;
  onChange: (value: string) => void;
  hint?: ComponentChildren;
}

export function TypedName({ what, name, value, onChange, hint }: TypedNameProps) {
  return (
    <Field
      label={
        <>
          To confirm, type {what}: <bdi class="typed">{name}</bdi>
        </>
      }
      hint={hint}
    >
      {(control) => (
        <input
          {...control}
          data-focus
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          value={value}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

/** White space at the ends is nobody's intention. */
export const isTyped = (value: string, name: string): boolean => value.trim() === name.trim();
