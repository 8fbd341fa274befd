// Taking back the end that a rotation set for an operator's old key.

import type { Operator } from "../../api/types";
import { useApp } from "../../app";
import { Dialog } from "../../components/dialog";
import { FormProblem } from "../../components/field";
import { ChangeEffect, useEffectiveChange } from "../../keys/use_change";
import { Changed } from "../parts/changed";
import { OperatorLine } from "./line";

interface Props {
  target: Operator;
  onChanged: () => void;
  onClose: () => void;
}

export function KeepOperator({ target, onChanged, onClose }: Props) {
  const { client, i18n } = useApp();
  const { t } = i18n;
  const change = useEffectiveChange(
    (idempotencyKey) =>
      client
        .post("/v1/operators/{id}/rotate/cancel", { path: { id: target.id }, idempotencyKey })
        .then(({ data }) => data),
    onChanged,
  );
  if (change.done) {
    return (
      <Changed title={t("cancel.done")} onClose={onClose}>
        <OperatorLine value={target} />
        <ChangeEffect change={change} what="changed" />
      </Changed>
    );
  }
  return (
    <Dialog
      alert
      title={t("cancel.title")}
      onClose={onClose}
      footer={
        <>
          <button type="button" class="button" data-focus onClick={onClose}>
            {t("cancel")}
          </button>
          <button type="button" class="button primary" aria-disabled={change.busy} onClick={change.submit}>
            {t("action.cancel_rotation")}
          </button>
        </>
      }
    >
      <OperatorLine value={target} />
      <p>{t("cancel.text")}</p>
      <FormProblem problem={change.problem} />
    </Dialog>
  );
}
