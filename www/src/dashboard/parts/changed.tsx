// The last step of a dialog whose change takes effect at a time that its answer tells.

import type { ComponentChildren } from "preact";

import { Dialog } from "../../components/dialog";

/** Stays until it is in effect or the reader has seen enough. */
export function Changed({
  title,
  onClose,
  children,
}: {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}) {
  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <button type="button" class="button primary" data-focus onClick={onClose}>
          Close
        </button>
      }
    >
      {children}
    </Dialog>
  );
}
