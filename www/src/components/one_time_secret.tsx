// A secret that is shown this once.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import { useI18n } from "../i18n";
import { CopyField } from "./copy";
import { Dialog } from "./dialog";

interface OneTimeSecretProps {
  title: string;
  secret: string;
  /** The name of the secret, for its field and its button. */
  label: string;
  /** Stands above the secret. */
  about: ComponentChildren;
  /** The warning to who closes it without having copied. */
  notCopied: string;
  onClose: () => void;
  children?: ComponentChildren;
}

/** Neither Esc nor a click beside it closes this. It asks once more if the secret wasn't copied. */
export function OneTimeSecret({ title, secret, label, about, notCopied, onClose, children }: OneTimeSecretProps) {
  const { t } = useI18n();
  const [copied, setCopied] = useState(false);
  const [asked, setAsked] = useState(false);
  const unsure = asked && !copied;
  return (
    <Dialog
      wide
      sticky
      title={title}
      onClose={onClose}
      footer={
        <button
          type="button"
          class={unsure ? "button" : "button primary"}
          onClick={() => (copied || asked ? onClose() : setAsked(true))}
        >
          {t(unsure ? "secret.close_anyway" : "secret.close")}
        </button>
      }
    >
      <div class="stack">
        <p>{about}</p>
        <CopyField text={secret} label={label} onCopied={() => setCopied(true)} />
        {unsure && (
          <p class="notice warn" role="alert">
            {notCopied}
          </p>
        )}
        {children}
      </div>
    </Dialog>
  );
}
