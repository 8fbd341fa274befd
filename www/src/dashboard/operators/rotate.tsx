// Replacing an operator's key by another.

import { useState } from "preact/hooks";

import type { Operator, RotatedOperator } from "../../api/types";
import { useSubmit } from "../../api/use_submit";
import { useApp } from "../../app";
import { Dialog } from "../../components/dialog";
import { FormProblem } from "../../components/field";
import { type Expiry, ExpiryField, instantOf, successorsEnd } from "../../keys/expiry";
import { OverlapField, rotationOf, usualOverlap } from "../../keys/overlap";
import { ShownOnce } from "../../keys/secret";
import { OperatorLine } from "./line";
import { NO_LIMITS } from "./no_limits";
import { Use } from "./use";

interface Props {
  old: Operator;
  onChanged: () => void;
  onClose: () => void;
}

export function RotateOperator({ old, onChanged, onClose }: Props) {
  const { client, i18n } = useApp();
  const { t } = i18n;
  const [overlap, setOverlap] = useState(usualOverlap);
  const [expiry, setExpiry] = useState<Expiry>({ kind: "keep" });
  const [made, setMade] = useState<RotatedOperator>();
  const { busy, problem, submit, edited } = useSubmit(
    (idempotencyKey, begun) => {
      const expires_at = instantOf(expiry, begun);
      const body = { ...rotationOf(overlap), ...(expires_at !== undefined && { expires_at }) };
      return client.post("/v1/operators/{id}/rotate", { path: { id: old.id }, body, idempotencyKey });
    },
    ({ data }) => {
      setMade(data);
      onChanged();
    },
  );
  if (made) {
    return (
      <ShownOnce made={made} onClose={onClose}>
        <Use />
      </ShownOnce>
    );
  }
  const change =
    <V,>(set: (value: V) => void) =>
    (value: V): void => {
      set(value);
      edited();
    };
  return (
    <Dialog
      wide
      title="Rotate this operator’s key"
      onClose={onClose}
      footer={
        <>
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" form="rotate-operator" class="button primary" aria-disabled={busy}>
            Rotate
          </button>
        </>
      }
    >
      <form
        id="rotate-operator"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <OperatorLine value={old} />
        <p class="after">Makes a successor that may do the same, with a new key. Put it in place of the old one.</p>
        <FormProblem problem={problem} />
        <OverlapField value={overlap} onChange={change(setOverlap)} error={problem?.errorOf("overlap_seconds")} />
        <ExpiryField
          value={expiry}
          onChange={change(setExpiry)}
          limits={NO_LIMITS}
          error={problem?.errorOf("expires_at")}
          keep={{
            label: old.expires_at ? t("rotate.keep", { date: i18n.date(successorsEnd(old.created_at, old.expires_at)) }) : t("rotate.keep_never"),
          }}
        />
      </form>
    </Dialog>
  );
}
