// Form fields with their labels, hints and errors, and the summary of what is wrong with a form.

import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

import type { Problem } from "../api/problem";
import { useI18n } from "../i18n";
import { problemText } from "./states";

/** The attributes that tie a control to its field. */
export interface ControlProps {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": true | undefined;
  required: boolean | undefined;
}

interface FieldProps {
  label: ComponentChildren;
  hint?: ComponentChildren;
  error?: string | undefined;
  required?: boolean;
  /** Says that it may be left empty. */
  optional?: boolean;
  children: (control: ControlProps) => ComponentChildren;
}

export function Field({ label, hint, error, required, optional = false, children }: FieldProps) {
  const { t } = useI18n();
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div class="field">
      <label for={id}>
        {label}
        {optional && <span class="optional"> {t("optional")}</span>}
      </label>
      {children({ id, "aria-describedby": described || undefined, "aria-invalid": error ? true : undefined, required })}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p class="error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}

/** A group of controls under one legend. */
export function Fieldset(props: { legend: ComponentChildren; hint?: ComponentChildren; error?: string | undefined; children: ComponentChildren }) {
  const id = useId();
  const described = [props.hint && `${id}-hint`, props.error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <fieldset class="field" aria-describedby={described || undefined}>
      <legend>{props.legend}</legend>
      {props.hint && (
        <p class="hint" id={`${id}-hint`}>
          {props.hint}
        </p>
      )}
      {props.children}
      {props.error && (
        <p class="error" id={`${id}-error`}>
          {props.error}
        </p>
      )}
    </fieldset>
  );
}

/** The problem of a form, focused when it appears. Errors of fields that the form shows stand there, too. */
export function FormProblem({ problem }: { problem: Problem | undefined }) {
  const i18n = useI18n();
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (problem) ref.current?.focus();
  }, [problem]);
  if (!problem) return null;
  return (
    <div ref={ref} class="notice bad" role="alert" tabIndex={-1}>
      <p>{problemText(i18n, problem)}</p>
      {problem.errors.length > 1 && (
        <ul>
          {problem.errors.map((each) => (
            <li key={each.field}>
              <bdi>{each.field}</bdi>: <bdi>{each.detail}</bdi>
            </li>
          ))}
        </ul>
      )}
      {problem.requestId && <p class="fine">{i18n.t("request_id", { id: problem.requestId })}</p>}
    </div>
  );
}
