// Replacing a key by another, and how long the old one works beside it.

import { useState } from "preact/hooks";

import type { Key, RotatedKey, Rotation } from "../api/types";
import { useSubmit } from "../api/use_submit";
import { useApp } from "../app";
import { Dialog } from "../components/dialog";
import { FormProblem } from "../components/field";
import { useKeys } from "./context";
import { type Expiry, ExpiryField, instantOf, successorsEnd } from "./expiry";
import { KeyLine } from "./key_line";
import { OverlapField, rotationOf, usualOverlap } from "./overlap";
import { Secret } from "./secret";

export function RotateKey({ old, onClose }: { old: Key; onClose: () => void }) {
  const { client, i18n } = useApp();
  const { tenant, standing, changed } = useKeys();
  const { t } = i18n;
  const [overlap, setOverlap] = useState(usualOverlap);
  const [expiry, setExpiry] = useState<Expiry>({ kind: "keep" });
  const [made, setMade] = useState<RotatedKey>();
  const { busy, problem, submit, edited } = useSubmit(
    (idempotencyKey, begun) => {
      const expires_at = instantOf(expiry, begun);
      const body: Rotation = { ...rotationOf(overlap), ...(expires_at !== undefined && { expires_at }) };
      return client.post("/v1/tenants/{tenant}/keys/{id}/rotate", { path: { tenant, id: old.id }, body, idempotencyKey });
    },
    ({ data }) => {
      setMade(data);
      changed();
    },
  );
  if (made) return <Secret made={made} onClose={onClose} />;
  const change = <V,>(set: (value: V) => void) => (value: V): void => {
    set(value);
    edited();
  };
  return (
    <Dialog
      wide
      title={t("rotate.title")}
      onClose={onClose}
      footer={
        <>
          <button type="button" class="button" onClick={onClose}>
            {t("cancel")}
          </button>
          <button type="submit" form="rotate-key" class="button primary" aria-disabled={busy}>
            {t("action.rotate")}
          </button>
        </>
      }
    >
      <form
        id="rotate-key"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <KeyLine value={old} />
        <p>{t("rotate.text")}</p>
        <FormProblem problem={problem} />
        <OverlapField value={overlap} onChange={change(setOverlap)} error={problem?.errorOf("overlap_seconds")} />
        <ExpiryField
          value={expiry}
          onChange={change(setExpiry)}
          limits={standing.limits}
          error={problem?.errorOf("expires_at")}
          keep={{ label: old.expires_at ? t("rotate.keep", { date: i18n.date(successorsEnd(old.created_at, old.expires_at)) }) : t("rotate.keep_never") }}
        />
      </form>
    </Dialog>
  );
}
