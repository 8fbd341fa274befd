// The frame of a console page: its heading, what can be done on it, and what stands below.

import type { ComponentChildren } from "preact";

import { adopt } from "../../styles/sheets";
import styles from "./parts.css";

adopt(document, styles);

interface FrameProps {
  title: ComponentChildren;
  /** Stands above the title, such as the way back to a list. */
  above?: ComponentChildren;
  lead?: ComponentChildren;
  actions?: ComponentChildren;
  children: ComponentChildren;
}

export function Frame({ title, above, lead, actions, children }: FrameProps) {
  return (
    <section class="page">
      {above}
      <header class="page-head">
        <div>
          <h1 tabIndex={-1} data-landing class="title">
            {title}
          </h1>
          {lead && <p class="lead">{lead}</p>}
        </div>
        {actions && <div class="actions">{actions}</div>}
      </header>
      {children}
    </section>
  );
}

/** A part of a page with its heading, and at its end what chooses what it shows. */
export function Card(props: {
  title: ComponentChildren;
  tools?: ComponentChildren;
  children: ComponentChildren;
  stale?: boolean;
}) {
  return (
    <section class={props.stale ? "card stale" : "card"} aria-busy={props.stale}>
      <header class="card-head">
        <h2>{props.title}</h2>
        {props.tools}
      </header>
      {props.children}
    </section>
  );
}

/** A number with its name. */
export function Tile({ label, children }: { label: ComponentChildren; children: ComponentChildren }) {
  return (
    <div class="tile">
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** A fact in a list of facts. */
export function Fact({ label, children }: { label: ComponentChildren; children: ComponentChildren }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** One of a few choices that stand side by side. */
export function Segments<T extends string>(props: {
  label: string;
  values: readonly (readonly [T, string])[];
  value: T;
  onChange: (value: T) => void;
}) {
  return (
    <div class="segments" role="group" aria-label={props.label}>
      {props.values.map(([value, text]) => (
        <button key={value} type="button" aria-pressed={value === props.value} onClick={() => props.onChange(value)}>
          {text}
        </button>
      ))}
    </div>
  );
}
