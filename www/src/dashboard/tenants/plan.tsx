// Shows a tenant's plan, the limits on its keys, its rate limits and quotas, and what is left of them.

import { useState } from "preact/hooks";

import type { LimitState, Limits, OwnLimits, Plan, Plans, Tenant } from "../../api/types";
import { useQuery } from "../../api/use_query";
import { useApp } from "../../app";
import { Empty, Loading, ProblemView } from "../../components/states";
import { Table } from "../../components/table";
import { Time } from "../../i18n";
import { Card, Fact } from "../parts/page";
import { AddToQuota } from "./add_to_quota";

/** The plan of that name; for none, what holds for tenants without one. */
export function planOf(plans: Plans, name: string | null): Omit<Plan, "name" | "description"> {
  return (
    plans.plans.find((each) => each.name === name) ?? {
      ...plans.limits,
      quotas: plans.quotas,
      rate_limits: plans.rate_limits,
    }
  );
}

const LIMITS = [
  ["max_active_keys", "Active keys, at most"],
  ["default_expiry_days", "Keys usually expire after"],
  ["max_expiry_days", "Keys expire after, at most"],
] as const satisfies readonly (readonly [keyof Limits, string])[];

export function PlanCard({ tenant, plans, onEdit }: { tenant: Tenant; plans: Plans; onEdit?: () => void }) {
  const { i18n } = useApp();
  const plan = plans.plans.find(({ name }) => name === tenant.plan);
  return (
    <Card
      title="Plan"
      tools={
        onEdit && (
          <button type="button" class="button small" onClick={onEdit}>
            Edit plan and limits
          </button>
        )
      }
    >
      <dl class="facts">
        <Fact label="Plan">
          {tenant.plan === null ? (
            <span class="quiet">None: what holds for everybody</span>
          ) : (
            <bdi class="strong">{tenant.plan}</bdi>
          )}
          {plan && <p class="fine">{plan.description}</p>}
          {tenant.plan !== null && !plan && <p class="fine danger-text">keystile.toml has no such plan any more.</p>}
        </Fact>
        {LIMITS.map(([name, label]) => (
          <Fact key={name} label={label}>
            {shown(i18n.number, name, tenant.limits[name])}{" "}
            <Origin own={tenant.own_limits[name] !== null} plan={tenant.plan} />
          </Fact>
        ))}
      </dl>
    </Card>
  );
}

function shown(number: (value: number) => string, name: keyof Limits, value: number | null): string {
  if (value === null) return name === "default_expiry_days" ? "Never" : "No limit";
  return name === "max_active_keys" ? number(value) : `${number(value)} ${value === 1 ? "day" : "days"}`;
}

function Origin({ own, plan }: { own: boolean; plan: string | null }) {
  if (own) return <span class="origin own">its own</span>;
  return <span class="origin">{plan === null ? "of everybody" : "of its plan"}</span>;
}

/** A rate limit or quota that holds for a tenant's keys, or is defined for others. */
interface Allowance {
  kind: "rate" | "quota";
  name: string;
  /** Null is no limit; undefined, it isn't among the tenant's. */
  limit: number | null | undefined;
  own: boolean;
  /** Of one that the tenant's keys share. */
  state: LimitState | undefined;
}

function allowancesOf(tenant: Tenant, plans: Plans, states: readonly LimitState[]): Allowance[] {
  const plan = planOf(plans, tenant.plan);
  const of = (kind: Allowance["kind"], own: OwnLimits, planned: OwnLimits): Allowance[] => {
    const shared = states.filter((each) => each.kind === kind).map(({ name }) => name);
    return [...new Set([...Object.keys(planned), ...Object.keys(own), ...shared])].map((name) => ({
      kind,
      name,
      limit: (own[name] ?? planned[name])?.limit,
      own: name in own,
      state: states.find((each) => each.kind === kind && each.name === name),
    }));
  };
  return [...of("rate", tenant.rate_limits, plan.rate_limits), ...of("quota", tenant.quotas, plan.quotas)];
}

export function Allowances({ tenant, plans, mayAdd }: { tenant: Tenant; plans: Plans; mayAdd: boolean }) {
  const { client, i18n } = useApp();
  const [adding, setAdding] = useState<LimitState>();
  const states = useQuery(client, [tenant.tenant, JSON.stringify(tenant)], (signal) =>
    client
      .get("/v1/tenants/{tenant}/limits", { path: { tenant: tenant.tenant }, signal })
      .then(({ data }) => data.limits),
  );
  const rows = allowancesOf(tenant, plans, states.data ?? []);
  return (
    <Card title="Rate limits and quotas" stale={states.loading && states.data !== undefined}>
      {states.problem && <ProblemView problem={states.problem} onRetry={states.reload} />}
      {!states.data && states.loading && <Loading rows={3} />}
      {(states.data || states.problem) && (
        <Table
          caption="Rate limits and quotas"
          rows={rows}
          keyOf={({ kind, name }) => `${kind} ${name}`}
          columns={[
            {
              id: "name",
              label: "Limit",
              cell: (row) => (
                <div class="name-cell">
                  <code>{row.name}</code>
                  <span class="fine">{row.kind === "rate" ? "Rate limit" : "Quota"}</span>
                </div>
              ),
            },
            {
              id: "holds",
              label: "Holds",
              cell: (row) => (
                <div class="name-cell">
                  <span>{row.limit === null || row.limit === undefined ? "No limit" : i18n.number(row.limit)}</span>
                  <Origin own={row.own} plan={tenant.plan} />
                </div>
              ),
            },
            { id: "left", label: "Left", cell: (row) => <Left row={row} unknown={states.data === undefined} /> },
            ...(mayAdd
              ? [
                  {
                    id: "actions",
                    label: "",
                    name: "Actions",
                    end: true,
                    cell: ({ kind, state }: Allowance) =>
                      kind === "quota" &&
                      state && (
                        <button type="button" class="button small" onClick={() => setAdding(state)}>
                          Add<span class="visually-hidden"> to {state.name}</span>
                        </button>
                      ),
                  },
                ]
              : []),
          ]}
          empty={
            <Empty title="No rate limit or quota holds">
              <p>keystile.toml defines them; plans and “Edit plan and limits” set them.</p>
            </Empty>
          }
        />
      )}
      {mayAdd && rows.length > 0 && <Restore tenant={tenant.tenant} />}
      {adding && (
        <AddToQuota
          tenant={tenant.tenant}
          quota={adding}
          onClose={() => {
            setAdding(undefined);
            states.reload();
          }}
        />
      )}
    </Card>
  );
}

function Left({ row: { state, limit: holds }, unknown }: { row: Allowance; unknown: boolean }) {
  const { i18n } = useApp();
  if (!state) {
    const each = typeof holds === "number" && !unknown;
    return <span class="quiet">{each ? "Counted for each key: see its page" : "–"}</span>;
  }
  const { remaining, limit } = state;
  const text = `${i18n.number(remaining)} of ${i18n.number(limit)}`;
  const per =
    state.kind === "rate" ? `in any ${i18n.duration(state.window_seconds ?? 0)}` : `a ${state.period ?? "day"}`;
  return (
    <div class="name-cell">
      <span>
        {text} <span class="fine">{per}, shared</span>
      </span>
      <meter
        class="inline-meter"
        min={0}
        max={Math.max(limit, remaining)}
        low={limit * 0.2}
        optimum={limit}
        value={remaining}
        aria-label={`${state.name}: ${text} left`}
      />
      {remaining < limit && (
        <span class="fine">
          More at <Time value={state.resets_at} form={state.kind === "rate" ? "second" : "minute"} />
        </span>
      )}
    </div>
  );
}

const DOCUMENT = "https://github.com/keystile/keystile/blob/main/docs/reference/management-api.md#restoring-counts";

/** Nothing for a page: after it, nothing is admitted for a while. */
function Restore({ tenant }: { tenant: string }) {
  return (
    <p class="fine">
      Counts that went wrong can be taken back to a point of the last 30 days, by{" "}
      <code>POST /v1/tenants/{tenant}/limits/restore</code>. Quotas count as used up afterwards, until you add to them,
      so read <a href={DOCUMENT}>what it does</a> first.
    </p>
  );
}
