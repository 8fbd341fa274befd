// Revoking an operator: for good, and for its sessions, too.

import { useState } from "preact/hooks";

import type { Operator } from "../../api/types";
import { useApp } from "../../app";
import { Dialog } from "../../components/dialog";
import { Field, FormProblem } from "../../components/field";
import { ChangeEffect, useEffectiveChange } from "../../keys/use_change";
import { Changed } from "../parts/changed";
import { isTyped, TypedName } from "../parts/typed_name";
import { OperatorLine } from "./line";

interface Props {
  target: Operator;
  /** Whether it is the reader. */
  self: boolean;
  onChanged: () => void;
  onClose: () => void;
}

export function RevokeOperator({ target, self, onChanged, onClose }: Props) {
  const { client } = useApp();
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  const change = useEffectiveChange(
    (idempotencyKey) =>
      client
        .post("/v1/operators/{id}/revoke", {
          path: { id: target.id },
          body: { reason: reason.trim() || null },
          idempotencyKey,
        })
        .then(({ data }) => data),
    onChanged,
  );
  if (change.done) {
    return (
      <Changed title="Operator revoked" onClose={onClose}>
        <OperatorLine value={target} />
        <ChangeEffect change={change} what="refused" />
      </Changed>
    );
  }
  const sure = isTyped(typed, target.name);
  return (
    <Dialog
      alert
      title="Revoke this operator?"
      onClose={onClose}
      footer={
        <>
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" form="revoke-operator" class="button destroy" aria-disabled={change.busy || !sure}>
            {change.busy ? "Revoking…" : "Revoke"}
          </button>
        </>
      }
    >
      <form
        id="revoke-operator"
        onSubmit={(event) => {
          event.preventDefault();
          if (sure) change.submit();
        }}
      >
        <OperatorLine value={target} />
        <p class="after">
          Its key is refused for good. Its sessions end, and so do the customers’ sessions that it opened. The keys that
          it made stay.
        </p>
        {self && <p class="notice warn">This is you. You are signed out as soon as it is in effect.</p>}
        <TypedName what="its name" name={target.name} value={typed} onChange={setTyped} />
        <Field
          label="Reason"
          optional
          hint="Stands in the list and in the audit log."
          error={change.problem?.errorOf("reason")}
        >
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
      </form>
    </Dialog>
  );
}
