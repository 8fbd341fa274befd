// Adding units to the present period of a quota.

import { useState } from "preact/hooks";

import { Problem } from "../../api/problem";
import type { LimitState } from "../../api/types";
import { useSubmit } from "../../api/use_submit";
import { useApp } from "../../app";
import { Dialog } from "../../components/dialog";
import { Field, FormProblem } from "../../components/field";
import { Time } from "../../i18n";
import { Changed } from "../parts/changed";

const MOST = 1_000_000_000;

export function AddToQuota({ tenant, quota, onClose }: { tenant: string; quota: LimitState; onClose: () => void }) {
  const { client, announce, i18n } = useApp();
  const [amount, setAmount] = useState("");
  const [recorded, setRecorded] = useState(false);
  const { busy, problem, submit, edited } = useSubmit(
    (idempotencyKey) =>
      client
        .post("/v1/tenants/{tenant}/quotas/{name}/add", {
          path: { tenant, name: quota.name },
          body: { amount: Number(amount) },
          idempotencyKey,
        })
        .then(({ data }) => data as LimitState)
        .catch((error: unknown) => {
          // It is made by itself, once.
          if (error instanceof Problem && error.code === "CHANGE_PENDING") return null;
          throw error;
        }),
    (now) => {
      if (now === null) return setRecorded(true);
      announce(`Added. ${i18n.number(now.remaining)} are left.`);
      onClose();
    },
  );
  if (recorded) {
    return (
      <Changed title="Recorded" onClose={onClose}>
        <p class="notice">
          The counts can’t be reached just now. The addition is recorded, and is made once they can, by itself.
        </p>
      </Changed>
    );
  }
  return (
    <Dialog
      title={
        <>
          Add to the quota <code>{quota.name}</code>
        </>
      }
      onClose={onClose}
      footer={
        <>
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" form="add-to-quota" class="button primary" aria-disabled={busy}>
            {busy ? "Adding…" : "Add"}
          </button>
        </>
      }
    >
      <form
        id="add-to-quota"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <FormProblem problem={problem} />
        <p>
          {i18n.number(quota.remaining)} units are left. What you add is for the present period, which ends{" "}
          <Time value={quota.resets_at} form="minute" />.
        </p>
        <Field label="Units to add" error={problem?.errorOf("amount")} required>
          {(control) => (
            <input
              {...control}
              type="number"
              inputMode="numeric"
              min={1}
              max={MOST}
              step={1}
              value={amount}
              onInput={(event) => {
                setAmount(event.currentTarget.value);
                edited();
              }}
            />
          )}
        </Field>
      </form>
    </Dialog>
  );
}
