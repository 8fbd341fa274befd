// Putting all keys of a tenant out of use, and back into use.

import { useState } from "preact/hooks";

import type { Tenant } from "../../api/types";
import { useApp } from "../../app";
import { Dialog } from "../../components/dialog";
import { FormProblem } from "../../components/field";
import { ChangeEffect, useEffectiveChange } from "../../keys/use_change";
import { Changed } from "../parts/changed";
import { isTyped, TypedName } from "../parts/typed_name";

interface Props {
  tenant: Tenant;
  onChanged: () => void;
  onClose: () => void;
}

export function Suspend({ tenant: { tenant, keys }, onChanged, onClose }: Props) {
  const { client, i18n } = useApp();
  const [typed, setTyped] = useState("");
  const change = useEffectiveChange(
    (idempotencyKey) =>
      client.post("/v1/tenants/{tenant}/suspend", { path: { tenant }, idempotencyKey }).then(({ data }) => data),
    onChanged,
  );
  if (change.done) {
    return (
      <Changed title="Tenant suspended" onClose={onClose}>
        <ChangeEffect change={change} what="refused" />
      </Changed>
    );
  }
  const sure = isTyped(typed, tenant);
  const send = (): void => {
    if (sure) change.submit();
  };
  return (
    <Dialog
      alert
      title={
        <>
          Suspend <bdi>{tenant}</bdi>?
        </>
      }
      onClose={onClose}
      footer={
        <>
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" form="suspend" class="button destroy" aria-disabled={change.busy || !sure}>
            {change.busy ? "Suspending…" : "Suspend"}
          </button>
        </>
      }
    >
      <form
        id="suspend"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <p>
          {i18n.format("{n|one={n} active key is|other={n} active keys are} refused everywhere,", { n: keys.active })}{" "}
          and so is each that is made meanwhile. Nothing is deleted: when you resume the tenant, its keys work as
          before.
        </p>
        <TypedName what="the tenant’s name" name={tenant} value={typed} onChange={setTyped} />
        <FormProblem problem={change.problem} />
      </form>
    </Dialog>
  );
}

export function Resume({ tenant: { tenant, keys }, onChanged, onClose }: Props) {
  const { client, i18n } = useApp();
  const change = useEffectiveChange(
    (idempotencyKey) =>
      client.post("/v1/tenants/{tenant}/resume", { path: { tenant }, idempotencyKey }).then(({ data }) => data),
    onChanged,
  );
  if (change.done) {
    return (
      <Changed title="Tenant resumed" onClose={onClose}>
        <ChangeEffect change={change} what="changed" />
      </Changed>
    );
  }
  return (
    <Dialog
      alert
      title={
        <>
          Resume <bdi>{tenant}</bdi>?
        </>
      }
      onClose={onClose}
      footer={
        <>
          <button type="button" class="button" data-focus onClick={onClose}>
            Cancel
          </button>
          <button type="button" class="button primary" aria-disabled={change.busy} onClick={change.submit}>
            {change.busy ? "Resuming…" : "Resume"}
          </button>
        </>
      }
    >
      <p>{i18n.format("{n|one={n} active key works|other={n} active keys work} again.", { n: keys.active })}</p>
      <FormProblem problem={change.problem} />
    </Dialog>
  );
}
