// Revoking a key: for good, so the reversible way is offered beside it.

import { useState } from "preact/hooks";

import type { ChangedKey, Key } from "../api/types";
import { useApp } from "../app";
import { Dialog } from "../components/dialog";
import { Field, FormProblem } from "../components/field";
import { Time } from "../i18n";
import { useKeys } from "./context";
import { KeyLine } from "./key_line";
import { ChangeEffect, useChange } from "./use_change";

const DAY_MS = 86_400_000;

export function RevokeKey({ target, onClose, onDisable }: { target: Key; onClose: () => void; onDisable: () => void }) {
  const { client, i18n } = useApp();
  const { tenant } = useKeys();
  const { t } = i18n;
  const [reason, setReason] = useState("");
  const change = useChange<ChangedKey>((idempotencyKey) =>
    client
      .post("/v1/tenants/{tenant}/keys/{id}/revoke", {
        path: { tenant, id: target.id },
        body: { reason: reason.trim() || null },
        idempotencyKey,
      })
      .then(({ data }) => data),
  );
  if (change.done) {
    return (
      <Dialog
        title={t("revoke.done")}
        onClose={onClose}
        footer={
          <button type="button" class="button primary" data-focus onClick={onClose}>
            {t("close")}
          </button>
        }
      >
        <KeyLine value={target} />
        <ChangeEffect change={change} what="refused" />
      </Dialog>
    );
  }
  const recent = target.last_used_at !== null && Date.now() - Date.parse(target.last_used_at) < DAY_MS;
  return (
    <Dialog
      alert
      title={t("revoke.title")}
      onClose={onClose}
      footer={
        <>
          {target.status === "active" && (
            <button type="button" class="button apart" onClick={onDisable}>
              {t("revoke.disable")}
            </button>
          )}
          <button type="button" class="button" data-focus onClick={onClose}>
            {t("cancel")}
          </button>
          <button type="button" class="button destroy" aria-disabled={change.busy} onClick={change.submit}>
            {t("action.revoke")}
          </button>
        </>
      }
    >
      <KeyLine value={target} />
      {recent && target.last_used_at && (
        <p class="notice warn">
          <span>
            {t("revoke.in_use")} <Time value={target.last_used_at} />.
          </span>
        </p>
      )}
      <p>{t("revoke.text")}</p>
      <Field label={t("revoke.reason")} optional hint={t("revoke.reason_hint")} error={change.problem?.errorOf("reason")}>
        {(control) => (
          <input
            {...control}
            maxLength={500}
            value={reason}
            onInput={(event) => {
              setReason(event.currentTarget.value);
              change.edited();
            }}
          />
        )}
      </Field>
      <FormProblem problem={change.problem} />
    </Dialog>
  );
}
