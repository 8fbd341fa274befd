// Making an operator, whose key is shown once.

import { useState } from "preact/hooks";

import type { CreatedOperator, OperatorScope, OperatorSession } from "../../api/types";
import { useSubmit } from "../../api/use_submit";
import { useApp } from "../../app";
import { Dialog } from "../../components/dialog";
import { Field, Fieldset, FormProblem } from "../../components/field";
import { sameScopes } from "../../components/scopes";
import { type Expiry, ExpiryField, instantOf } from "../../keys/expiry";
import { ShownOnce } from "../../keys/secret";
import { holds } from "../../rights";
import { everywhere } from "../pages";
import { NO_LIMITS } from "./no_limits";
import { OPERATOR_SCOPES, ROLES } from "./scopes";
import { Use } from "./use";

interface Props {
  session: OperatorSession;
  onChanged: () => void;
  onClose: () => void;
}

const USUAL: Expiry = { kind: "days", days: 365 };

export function NewOperator({ session, onChanged, onClose }: Props) {
  const { client } = useApp();
  const { operator } = session;
  const all = everywhere(operator);
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<readonly OperatorScope[]>([]);
  const [reach, setReach] = useState<"all" | "one">(all ? "all" : "one");
  const [tenant, setTenant] = useState(all ? "" : operator.tenant);
  const [expiry, setExpiry] = useState(USUAL);
  const [made, setMade] = useState<CreatedOperator>();
  const { busy, problem, submit, edited } = useSubmit(
    (idempotencyKey, begun) => {
      const expires_at = instantOf(expiry, begun);
      return client.post("/v1/operators", {
        body: {
          name,
          scopes: [...scopes],
          tenant: reach === "all" ? "*" : tenant.trim(),
          ...(expires_at !== undefined && { expires_at }),
        },
        idempotencyKey,
      });
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
      title="New operator"
      onClose={onClose}
      footer={
        <>
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" form="new-operator" class="button primary" aria-disabled={busy || scopes.length === 0}>
            {busy ? "Creating…" : "Create operator"}
          </button>
        </>
      }
    >
      <form
        id="new-operator"
        onSubmit={(event) => {
          event.preventDefault();
          if (scopes.length > 0) submit();
        }}
      >
        <FormProblem problem={problem} />
        <Field
          label="Name"
          hint="Of the person or the program. The audit log names it."
          error={problem?.errorOf("name")}
          required
        >
          {(control) => (
            <input
              {...control}
              maxLength={100}
              autocomplete="off"
              value={name}
              onInput={(event) => change(setName)(event.currentTarget.value)}
            />
          )}
        </Field>
        {all && (
          <Fieldset legend="Of which tenants">
            <div class="row">
              <label class="choice">
                <input type="radio" name="reach" checked={reach === "all"} onChange={() => change(setReach)("all")} />
                <span>All tenants</span>
                <span class="hint">Those to come included.</span>
              </label>
              <label class="choice">
                <input type="radio" name="reach" checked={reach === "one"} onChange={() => change(setReach)("one")} />
                <span>One tenant</span>
                <span class="hint">Sees and changes nothing of others.</span>
              </label>
            </div>
          </Fieldset>
        )}
        {all && reach === "one" && (
          <Field
            label="Tenant"
            hint="Your own name for the customer, such as acme."
            error={problem?.errorOf("tenant")}
            required
          >
            {(control) => (
              <input
                {...control}
                maxLength={64}
                pattern="[A-Za-z0-9\-][A-Za-z0-9_\-]*"
                autocomplete="off"
                autocapitalize="off"
                spellcheck={false}
                value={tenant}
                onInput={(event) => change(setTenant)(event.currentTarget.value)}
              />
            )}
          </Field>
        )}
        <ScopeChoice
          session={session}
          everywhere={reach === "all"}
          chosen={scopes}
          onChange={change(setScopes)}
          error={problem?.errorOf("scopes")}
        />
        <ExpiryField
          value={expiry}
          onChange={change(setExpiry)}
          limits={NO_LIMITS}
          error={problem?.errorOf("expires_at")}
        />
      </form>
    </Dialog>
  );
}

interface ChoiceProps {
  session: OperatorSession;
  everywhere: boolean;
  chosen: readonly OperatorScope[];
  onChange: (scopes: OperatorScope[]) => void;
  error: string | undefined;
}

/** Nobody grants more than they hold: what the reader lacks isn't offered. */
function ScopeChoice({ session, everywhere, chosen, onChange, error }: ChoiceProps) {
  const offered = OPERATOR_SCOPES.filter(
    ({ name, everywhereOnly }) => holds(session.operator, name) && (everywhere || !everywhereOnly),
  );
  const roles = ROLES.filter(({ scopes }) => scopes.every((each) => offered.some(({ name }) => name === each)));
  const lacking = OPERATOR_SCOPES.some(({ name }) => !holds(session.operator, name));
  return (
    <Fieldset
      legend="What it may do"
      hint={lacking ? "No more than it needs. You can grant what you hold yourself." : "No more than it needs."}
      error={error}
    >
      {roles.length > 0 && (
        <div class="presets" role="group" aria-label="Usual choices">
          {roles.map((role) => (
            <button
              key={role.name}
              type="button"
              class="preset"
              aria-pressed={sameScopes(role.scopes, chosen)}
              onClick={() => onChange([...role.scopes])}
            >
              <strong>{role.name}</strong>
              <span>{role.about}</span>
            </button>
          ))}
        </div>
      )}
      <div class="scope-list">
        {offered.map((scope) => (
          <label key={scope.name} class="check">
            <input
              type="checkbox"
              checked={chosen.includes(scope.name)}
              onChange={(event) =>
                onChange(
                  offered
                    .map(({ name }) => name)
                    .filter((name) => (name === scope.name ? event.currentTarget.checked : chosen.includes(name))),
                )
              }
            />
            <code>{scope.name}</code>
            <span class="hint">
              {scope.means} {everywhere && scope.everywhere}
            </span>
          </label>
        ))}
      </div>
    </Fieldset>
  );
}
