// The secrets. They are masked, and password managers are told to leave them alone.

import { useState } from "preact/hooks";

import { Field } from "../components/field";
import type { Draft } from "./draft";
import type { SchemeInfo } from "./explanation";

interface Props {
  draft: Draft;
  info: SchemeInfo | undefined;
  onChange: (changes: Partial<Draft>) => void;
}

/** Describes how each form of secrets is written. */
const FORMS: Record<string, string> = {
  utf8: "the text as the provider shows it",
  base64: "base64",
  hex: "hex",
  whsec: "base64, usually after whsec_",
  "whsec-or-utf8": "base64 after whsec_, or a text",
  "whsec-and-utf8": "whsec_… or a text; both readings are tried",
  sha1: "a text, whose SHA-1 is the key",
  nfkd: "a text",
  "ed25519-hex": "an Ed25519 public key in hex",
  "ed25519-base64": "an Ed25519 public key in base64",
  whpk: "whpk_…, a public key",
  "spki-base64": "a public key in base64 (SubjectPublicKeyInfo)",
  pem: "a public key or certificate in PEM",
  jwk: "a public key as JWK",
};

export function SecretsField({ draft, info, onChange }: Props) {
  const [shown, setShown] = useState(false);
  const what = info?.public_key ? "Public key" : "Secret";
  const put = (at: number, text: string): void => onChange({ secrets: draft.secrets.map((secret, index) => (index === at ? text : secret)) });
  const hint = info && `Written as: ${info.secret_forms.map((form) => FORMS[form] ?? form).join("; or ")}.`;
  return (
    <div class="field">
      {draft.secrets.map((secret, at) => (
        <Field key={at} label={draft.secrets.length > 1 ? `${what} ${at + 1}` : what} hint={at === 0 ? hint : undefined}>
          {(control) => (
            <div class="secret-row">
              {info?.public_key || (shown && secret.includes("\n")) ? (
                <textarea
                  {...control}
                  class="mono"
                  rows={3}
                  spellcheck={false}
                  autocomplete="off"
                  dir="ltr"
                  value={secret}
                  onInput={(event) => put(at, event.currentTarget.value)}
                />
              ) : (
                <input
                  {...control}
                  class="mono"
                  type={(shown ? "text" : "password") as "password"}
                  autocomplete="off"
                  data-1p-ignore
                  data-lpignore="true"
                  data-bwignore
                  data-form-type="other"
                  spellcheck={false}
                  dir="ltr"
                  value={secret}
                  onInput={(event) => put(at, event.currentTarget.value)}
                />
              )}
              {draft.secrets.length > 1 && (
                <button
                  type="button"
                  class="icon-button"
                  aria-label={`Remove ${what.toLowerCase()} ${at + 1}`}
                  onClick={() => onChange({ secrets: draft.secrets.filter((_, index) => index !== at) })}
                >
                  ✕
                </button>
              )}
            </div>
          )}
        </Field>
      ))}
      <div class="secret-actions">
        {!info?.public_key && (
          <button type="button" class="link" aria-pressed={shown} onClick={() => setShown(!shown)}>
            {shown ? "Hide" : "Show"} what is typed
          </button>
        )}
        <button type="button" class="link" onClick={() => onChange({ secrets: [...draft.secrets, ""] })}>
          Try another one, too
        </button>
      </div>
    </div>
  );
}
