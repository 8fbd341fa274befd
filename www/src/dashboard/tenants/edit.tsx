// Changing a tenant's plan and limits. Only what was changed is sent; what is emptied is taken back, so that the plan's
// value holds.

import { useState } from "preact/hooks";

import type { Limits, Plans, Tenant, TenantPatch } from "../../api/types";
import { useApp } from "../../app";
import { Dialog } from "../../components/dialog";
import { Field, FormProblem } from "../../components/field";
import { OwnLimitInputs, ownLimitsOf, patchOfOwnLimits } from "../../keys/own_limits";
import { ChangeEffect, useEffectiveChange } from "../../keys/use_change";
import { Changed } from "../parts/changed";
import { planOf } from "./plan";

interface Props {
  original: Tenant;
  plans: Plans;
  onChanged: () => void;
  onClose: () => void;
}

const NAMES = [
  "max_active_keys",
  "default_expiry_days",
  "max_expiry_days",
] as const satisfies readonly (keyof Limits)[];
const FIELDS: Record<(typeof NAMES)[number], { label: string; most: number; none: string }> = {
  max_active_keys: { label: "Active keys, at most", most: 1_000_000, none: "no limit" },
  default_expiry_days: { label: "Usual life of a key, days", most: 3650, none: "never" },
  max_expiry_days: { label: "Longest life of a key, days", most: 3650, none: "no limit" },
};
type LimitTexts = Record<(typeof NAMES)[number], string>;

export function EditTenant({ original: given, plans, onChanged, onClose }: Props) {
  const { client } = useApp();
  // The form keeps the state that it began with: the page behind it may learn of another one meanwhile.
  const [original] = useState(given);
  const [plan, setPlan] = useState(original.plan ?? "");
  const [limits, setLimits] = useState(() => textsOf(original.own_limits));
  const [own, setOwn] = useState(() => ownLimitsOf(original));
  const patch: TenantPatch = {
    ...(plan !== (original.plan ?? "") && { plan: plan || null }),
    ...patchOfLimits(original.own_limits, limits),
    ...patchOfOwnLimits(original, own),
  };
  const change = useEffectiveChange(
    () =>
      client
        .patch("/v1/tenants/{tenant}", { path: { tenant: original.tenant }, body: patch })
        // Without a rate limit or quota among it, it is in effect with the answer.
        .then(({ data }) => ({ effective_by: data.effective_by ?? new Date().toISOString() })),
    onChanged,
  );
  if (change.done) {
    return (
      <Changed title="Saved" onClose={onClose}>
        <ChangeEffect change={change} what="changed" />
      </Changed>
    );
  }
  const { problem } = change;
  const nothing = Object.keys(patch).length === 0;
  const edited =
    <V,>(set: (value: V) => void) =>
    (value: V): void => {
      set(value);
      change.edited();
    };
  const chosen = planOf(plans, plan || null);
  return (
    <Dialog
      wide
      title={
        <>
          Plan and limits of <bdi>{original.tenant}</bdi>
        </>
      }
      onClose={onClose}
      footer={
        <>
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" form="edit-tenant" class="button primary" aria-disabled={change.busy || nothing}>
            {change.busy ? "Saving…" : "Save"}
          </button>
        </>
      }
    >
      <form
        id="edit-tenant"
        onSubmit={(event) => {
          event.preventDefault();
          if (!nothing) change.submit();
        }}
      >
        <FormProblem problem={problem} />
        <PlanField
          plans={plans}
          original={original.plan}
          value={plan}
          onChange={edited(setPlan)}
          error={problem?.errorOf("plan")}
        />
        <p class="after hint">
          What you set below is this tenant’s own, and goes before its plan. Empty a field to take its own value back:
          the plan’s holds then.
        </p>
        <div class="row">
          {NAMES.map((name) => (
            <Field
              key={name}
              label={FIELDS[name].label}
              hint={`Empty: ${chosen[name] ?? FIELDS[name].none}`}
              error={problem?.errorOf(name)}
            >
              {(control) => (
                <input
                  {...control}
                  type="number"
                  inputMode="numeric"
                  min={1}
                  max={FIELDS[name].most}
                  step={1}
                  value={limits[name]}
                  onInput={(event) => edited(setLimits)({ ...limits, [name]: event.currentTarget.value })}
                />
              )}
            </Field>
          ))}
        </div>
        <OwnLimitInputs
          limits={settable(original, plans, plan || null)}
          value={own}
          onChange={edited(setOwn)}
          problem={problem}
        />
      </form>
    </Dialog>
  );
}

interface PlanFieldProps {
  plans: Plans;
  original: string | null;
  value: string;
  onChange: (plan: string) => void;
  error: string | undefined;
}

function PlanField({ plans, original, value, onChange, error }: PlanFieldProps) {
  const gone = original !== null && !plans.plans.some(({ name }) => name === original);
  const about = plans.plans.find(({ name }) => name === value)?.description;
  if (plans.plans.length === 0 && original === null) {
    return <p class="hint">keystile.toml has no plans, so what it says for everybody holds.</p>;
  }
  return (
    <Field
      label="Plan"
      hint={about ?? (value === "" ? "What keystile.toml says for tenants without a plan." : undefined)}
      error={error}
    >
      {(control) => (
        <select {...control} data-focus value={value} onChange={(event) => onChange(event.currentTarget.value)}>
          <option value="">None</option>
          {gone && <option value={original}>{original} (no longer in keystile.toml)</option>}
          {plans.plans.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

const textsOf = (limits: Limits): LimitTexts =>
  Object.fromEntries(NAMES.map((name) => [name, limits[name] === null ? "" : String(limits[name])])) as LimitTexts;

/** Nothing of what is as it was; null takes an own value back. */
function patchOfLimits(original: Limits, texts: LimitTexts): TenantPatch {
  const before = textsOf(original);
  const changed = NAMES.filter((name) => texts[name].trim() !== before[name]);
  return Object.fromEntries(changed.map((name) => [name, texts[name].trim() === "" ? null : Number(texts[name])]));
}

/** Every rate limit and quota that a plan, everybody or this tenant has. */
function settable(tenant: Tenant, plans: Plans, plan: string | null) {
  const chosen = planOf(plans, plan);
  const everyPlan = [plans, ...plans.plans];
  return (["rate_limits", "quotas"] as const).flatMap((kind) => {
    const names = new Set([...everyPlan.flatMap((each) => Object.keys(each[kind])), ...Object.keys(tenant[kind])]);
    return [...names].map((name) => {
      const planned = chosen[kind][name]?.limit;
      const without = planned === undefined || planned === null ? "no limit" : String(planned);
      return { kind, name, hint: `Units, or “none” for no limit. Empty: ${without}` };
    });
  });
}
