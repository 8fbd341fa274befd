// Disabling a key, enabling it again, and keeping one that a rotation was to end.

import type { Key } from "../api/types";
import { useApp } from "../app";
import { Dialog } from "../components/dialog";
import { FormProblem } from "../components/field";
import { useKeys } from "./context";
import { KeyLine } from "./key_line";
import { ChangeEffect, useChange } from "./use_change";

const PATHS = {
  disable: "/v1/tenants/{tenant}/keys/{id}/disable",
  enable: "/v1/tenants/{tenant}/keys/{id}/enable",
  cancel: "/v1/tenants/{tenant}/keys/{id}/rotate/cancel",
} as const;

export function ChangeDialog({ kind, target, onClose }: { kind: keyof typeof PATHS; target: Key; onClose: () => void }) {
  const { client, i18n } = useApp();
  const { tenant } = useKeys();
  const { t } = i18n;
  const change = useChange((idempotencyKey) =>
    client.post(PATHS[kind], { path: { tenant, id: target.id }, idempotencyKey }).then(({ data }) => data),
  );
  if (change.done) {
    return (
      <Dialog
        title={t(`${kind}.done`)}
        onClose={onClose}
        footer={
          <button type="button" class="button primary" data-focus onClick={onClose}>
            {t("close")}
          </button>
        }
      >
        <KeyLine value={target} />
        <ChangeEffect change={change} what={kind === "disable" ? "refused" : "changed"} />
      </Dialog>
    );
  }
  return (
    <Dialog
      alert
      title={t(`${kind}.title`)}
      onClose={onClose}
      footer={
        <>
          <button type="button" class="button" data-focus onClick={onClose}>
            {t("cancel")}
          </button>
          <button type="button" class="button primary" aria-disabled={change.busy} onClick={change.submit}>
            {t(`action.${kind === "cancel" ? "cancel_rotation" : kind}`)}
          </button>
        </>
      }
    >
      <KeyLine value={target} />
      <p>{t(`${kind}.text`)}</p>
      <FormProblem problem={change.problem} />
    </Dialog>
  );
}
