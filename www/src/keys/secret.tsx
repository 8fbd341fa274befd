// A key's text, shown once, with programs that use it.

import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";

import type { CreatedKey, Key, RotatedKey } from "../api/types";
import { useApp } from "../app";
import { CopyButton } from "../components/copy";
import { Dialog } from "../components/dialog";
import { OneTimeSecret } from "../components/one_time_secret";
import { Time } from "../i18n";
import { useKeys } from "./context";
import { EXAMPLES, type Language, sentAs } from "./examples";

export function Secret({ made, onClose }: { made: CreatedKey | RotatedKey; onClose: () => void }) {
  const { api } = useKeys();
  return (
    <ShownOnce made={made} onClose={onClose}>
      {made.key !== null && <Examples secret={made.key} api={api} />}
    </ShownOnce>
  );
}

/** A new key or operator, and the text of its key. */
export interface Made {
  name: string;
  key: string | null;
  effective_by: string | null;
  replaces?: Replaced;
}
type Replaced = Pick<Key, "pending_end">;

export function ShownOnce({ made, onClose, children }: { made: Made; onClose: () => void; children?: ComponentChildren }) {
  const { t } = useApp().i18n;
  if (made.key === null) return <Lost name={made.name} onClose={onClose} />;
  return (
    <OneTimeSecret
      title={t("secret.title")}
      secret={made.key}
      label={t("secret.label", { name: made.name })}
      notCopied={t("secret.not_copied")}
      about={
        <>
          <strong>
            <bdi>{made.name}</bdi>
          </strong>{" "}
          {t("secret.once")}
        </>
      }
      onClose={onClose}
    >
      <p class="fine">{t(made.effective_by === null ? "secret.later" : "secret.works")}</p>
      {made.replaces && <OldKey old={made.replaces} />}
      {children}
    </OneTimeSecret>
  );
}

/** How long the replaced key still works. */
function OldKey({ old }: { old: Replaced }) {
  const { i18n } = useApp();
  const { t } = i18n;
  const end = old.pending_end;
  return (
    <div class="notice">
      {end ? (
        <p>
          {t(end.awaiting_first_use ? "rotation.ends_after_use" : "rotation.ends_by", { overlap: i18n.duration(end.overlap_seconds) })}{" "}
          <Time value={end.at} form="minute" />.
        </p>
      ) : (
        <p>{t("rotation.ended")}</p>
      )}
    </div>
  );
}

function Examples({ secret, api }: { secret: string; api: string }) {
  const { i18n } = useApp();
  const { t } = i18n;
  const { catalog } = useKeys();
  const [language, setLanguage] = useState<Language>("curl");
  const source = useRef<HTMLElement>(null);
  const text = EXAMPLES[language](api, sentAs(catalog.headers[0] ?? "bearer"), secret);
  return (
    <div class="examples">
      <div class="examples-head">
        <div class="segments" role="group" aria-label={t("examples")}>
          {(Object.keys(EXAMPLES) as Language[]).map((each) => (
            <button key={each} type="button" aria-pressed={each === language} onClick={() => setLanguage(each)}>
              {each}
            </button>
          ))}
        </div>
        <CopyButton text={text} label={t("examples.copy", { language })} source={source} class="button small" />
      </div>
      <pre tabIndex={0} role="region" aria-label={t("examples.of", { language })} dir="ltr" translate={false}>
        <code ref={source}>{text}</code>
      </pre>
    </div>
  );
}

/** The answer with the key's text was lost on its way, and this is its repetition. */
function Lost({ name, onClose }: { name: string; onClose: () => void }) {
  const { i18n } = useApp();
  return (
    <Dialog
      title={i18n.t("secret.lost")}
      onClose={onClose}
      footer={
        <button type="button" class="button primary" data-focus onClick={onClose}>
          {i18n.t("close")}
        </button>
      }
    >
      <p class="notice warn">
        <span>
          <bdi>{name}</bdi>: {i18n.t("secret.lost_text")}
        </span>
      </p>
    </Dialog>
  );
}
