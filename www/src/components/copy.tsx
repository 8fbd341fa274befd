// Copying, which says what really happened.

import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { useApp } from "../app";

interface CopyProps {
  text: string;
  /** The name of the copied text, for the button's name: "Copy: the key Zapier". */
  label: string;
  /** The element that shows the text: it is selected where the browser doesn't let the page copy. */
  source?: RefObject<HTMLElement | null>;
  /** The button's text, in place of "Copy". */
  children?: string;
  class?: string;
  onCopied?: () => void;
}

const SHOWN_MS = 4000;

export function CopyButton({ text, label, source, children, class: className = "button", onCopied }: CopyProps) {
  const { i18n, announce } = useApp();
  const [outcome, setOutcome] = useState<"copied" | "selected" | "failed">();
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async (): Promise<void> => {
    const result = await copied(text, source?.current ?? null);
    if (result === "copied") onCopied?.();
    setOutcome(result);
    announce(i18n.t(`copy.${result}`));
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setOutcome(undefined), SHOWN_MS);
  };
  const shown = outcome ? i18n.t(`copy.${outcome}`) : (children ?? i18n.t("copy"));
  return (
    <button type="button" class={className} aria-label={`${shown}: ${label}`} onClick={() => void copy()}>
      {shown}
    </button>
  );
}

async function copied(text: string, source: HTMLElement | null): Promise<"copied" | "selected" | "failed"> {
  try {
    // There is no clipboard on pages over plain http, and frames may be refused it.
    await navigator.clipboard.writeText(text);
    return "copied";
  } catch {
    return source && select(source) ? "selected" : "failed";
  }
}

/** Selects an element's text, so that the reader can copy it. */
export function select(element: HTMLElement): boolean {
  const selection = getSelection();
  if (!selection) return false;
  selection.selectAllChildren(element);
  return true;
}

/** A text to take along, in full and selected by a click, with its button. */
export function CopyField({ text, label, onCopied }: { text: string; label: string; onCopied?: () => void }) {
  const source = useRef<HTMLElement>(null);
  return (
    <div class="copy-field" part="secret">
      <code ref={source} class="secret" tabIndex={0} role="textbox" aria-readonly="true" aria-label={label} dir="ltr" translate={false}>
        {text}
      </code>
      <CopyButton text={text} label={label} source={source} class="button primary" {...(onCopied && { onCopied })} />
    </div>
  );
}
