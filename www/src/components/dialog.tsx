// Modal dialogs: native, so the rest of the page is inert and focus returns to where it was.

import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";

import { useI18n } from "../i18n";

interface DialogProps {
  title: ComponentChildren;
  children: ComponentChildren;
  /** The buttons. */
  footer?: ComponentChildren;
  onClose: () => void;
  /** A question about something that can't be undone: announced with its text, focus on the element with data-focus. */
  alert?: boolean;
  /** Neither Esc nor a cross closes it: only a button in it. */
  sticky?: boolean;
  wide?: boolean;
  part?: string;
}

/**
 * Opens when it appears. Focus goes to the element with `data-focus`, else to the first field, else to the title.
 * When it goes away, focus returns to the opener. If that is gone with its row, it goes to the next
 * row, else to the element with `data-landing`.
 */
export function Dialog({ title, children, footer, onClose, alert = false, sticky = false, wide = false, part = "dialog" }: DialogProps) {
  const { t } = useI18n();
  const id = useId();
  const ref = useRef<HTMLDialogElement>(null);
  const open = useRef(false);
  useLayoutEffect(() => {
    const dialog = ref.current;
    if (!dialog) return;
    const root = dialog.getRootNode() as Document | ShadowRoot;
    const opener = root.activeElement as HTMLElement | null;
    const after = opener?.closest("[data-row]")?.nextElementSibling?.getAttribute("data-row");
    dialog.showModal();
    open.current = true;
    focusIn(dialog);
    return () => {
      open.current = false;
      dialog.close();
      returnFocus(root, opener, after);
      // The opener may go in the same update, such as the row of a revoked key: look again when that is done.
      setTimeout(() => returnFocus(root, opener, after), 0);
    };
  }, []);
  // Another step in the same dialog, such as the outcome: what had the focus is gone.
  const first = useRef(true);
  useLayoutEffect(() => {
    if (!first.current && ref.current) focusIn(ref.current);
    first.current = false;
  }, [title]);
  return (
    <dialog
      ref={ref}
      class={wide ? "dialog wide" : "dialog"}
      part={part}
      role={alert ? "alertdialog" : undefined}
      aria-labelledby={`${id}-title`}
      aria-describedby={alert ? `${id}-body` : undefined}
      {...{ closedby: sticky ? "none" : "closerequest" }}
      onCancel={(event) => {
        if (event.target !== ref.current) return;
        event.preventDefault();
        if (!sticky) onClose();
      }}
      onClose={() => {
        // Some browsers close on a second Esc whatever the page says.
        if (open.current && ref.current?.isConnected) {
          if (sticky) ref.current.showModal();
          else onClose();
        }
      }}
    >
      <header class="dialog-head">
        <h2 id={`${id}-title`} tabIndex={-1}>
          {title}
        </h2>
        {!sticky && (
          <button type="button" class="icon-button" aria-label={t("close")} onClick={onClose}>
            <Cross />
          </button>
        )}
      </header>
      <div class="dialog-body" id={`${id}-body`}>
        {children}
      </div>
      {footer && <footer class="dialog-foot">{footer}</footer>}
      <div class="visually-hidden" role="status" data-live />
    </dialog>
  );
}

function focusIn(dialog: HTMLElement): void {
  const wanted =
    dialog.querySelector<HTMLElement>("[data-focus]") ??
    dialog.querySelector<HTMLElement>(".dialog-body :is(input, select, textarea):not(:disabled)") ??
    dialog.querySelector<HTMLElement>("h2");
  wanted?.focus();
}

function returnFocus(root: Document | ShadowRoot, opener: HTMLElement | null, after: string | null | undefined): void {
  const now = root.activeElement;
  if (now && now !== document.body && now.isConnected) return;
  if (opener?.isConnected && opener !== document.body) {
    opener.focus();
    if (root.activeElement === opener) return;
  }
  const row = after ? root.querySelector(`[data-row="${CSS.escape(after)}"]`) : null;
  const landing = row?.querySelector<HTMLElement>("a, button") ?? root.querySelector<HTMLElement>("[data-landing]");
  landing?.focus();
}

const Cross = () => (
  <svg viewBox="0 0 16 16" aria-hidden="true" class="icon">
    <path d="M4 4l8 8M12 4l-8 8" />
  </svg>
);
