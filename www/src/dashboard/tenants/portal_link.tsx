// A link to the customer's page, for one person: what the product's backend does by the API, done by hand.

import { useState } from "preact/hooks";

import type { Catalog, OperatorSession } from "../../api/types";
import { useQuery } from "../../api/use_query";
import { useSubmit } from "../../api/use_submit";
import { useApp } from "../../app";
import { CopyField } from "../../components/copy";
import { Dialog } from "../../components/dialog";
import { Field, Fieldset, FormProblem } from "../../components/field";
import { ScopePicker } from "../../components/scope_picker";
import { Loading, ProblemView } from "../../components/states";
import { Time } from "../../i18n";
import { holds } from "../../rights";

const RIGHTS = {
  "keys:read": ["See keys", "Lists them with their use and limits."],
  "keys:write": ["Change keys", "Creates, edits, rotates, disables and revokes them."],
  "audit:read": ["See the history", "What was done to keys, without operators’ names."],
} as const;
type Right = keyof typeof RIGHTS;
const ALL = Object.keys(RIGHTS) as Right[];
const MINUTE = 60;
const LENGTHS = [5 * MINUTE, 15 * MINUTE, 30 * MINUTE, 60 * MINUTE];
const USUAL = 15 * MINUTE;

interface Props {
  tenant: string;
  session: OperatorSession;
  onClose: () => void;
}

export function PortalLink({ tenant, session, onClose }: Props) {
  const { client, i18n } = useApp();
  const held = ALL.filter((right) => holds(session.operator, right));
  const [actor, setActor] = useState({ id: "", name: "" });
  const [may, setMay] = useState<readonly Right[]>(held);
  const [scopes, setScopes] = useState<string[]>([]);
  const [seconds, setSeconds] = useState(USUAL);
  const [made, setMade] = useState<{ url: string; expires_at: string }>();
  const catalog = useQuery(client, [], (signal) => client.get("/v1/scopes", { signal }).then(({ data }) => data));
  const { busy, problem, submit, edited } = useSubmit(
    (idempotencyKey) =>
      client.post("/v1/tenants/{tenant}/portal-sessions", {
        path: { tenant },
        body: { actor, may: [...may], scopes, expires_in_seconds: seconds },
        idempotencyKey,
      }),
    ({ data }) => setMade(data),
  );
  if (made) return <Ready made={made} name={actor.name} onClose={onClose} />;
  const change =
    <V,>(set: (value: V) => void) =>
    (value: V): void => {
      set(value);
      edited();
    };
  const grants = may.includes("keys:write");
  return (
    <Dialog
      wide
      title={
        <>
          Open the page of <bdi>{tenant}</bdi>
        </>
      }
      onClose={onClose}
      footer={
        <>
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" form="portal-link" class="button primary" aria-disabled={busy || may.length === 0}>
            {busy ? "Making…" : "Make the link"}
          </button>
        </>
      }
    >
      <form
        id="portal-link"
        onSubmit={(event) => {
          event.preventDefault();
          if (may.length > 0) submit();
        }}
      >
        <FormProblem problem={problem} />
        <p>
          The link opens the customer’s own key page, once. The audit log names you, and the person for whom you made
          it.
        </p>
        <div class="row after">
          <Field
            label="Person’s name"
            hint="As the audit log shows it."
            error={problem?.errorOf("actor.name")}
            required
          >
            {(control) => (
              <input
                {...control}
                maxLength={100}
                autocomplete="off"
                value={actor.name}
                onInput={(event) => change(setActor)({ ...actor, name: event.currentTarget.value })}
              />
            )}
          </Field>
          <Field
            label="Person’s id"
            hint="Your product’s id, such as u_7."
            error={problem?.errorOf("actor.id")}
            required
          >
            {(control) => (
              <input
                {...control}
                maxLength={100}
                autocomplete="off"
                spellcheck={false}
                value={actor.id}
                onInput={(event) => change(setActor)({ ...actor, id: event.currentTarget.value })}
              />
            )}
          </Field>
        </div>
        <Fieldset
          legend="What may be done there"
          hint="No more than you may do yourself."
          error={problem?.errorOf("may") ?? chooseOne(may)}
        >
          <div class="choices">
            {held.map((right) => (
              <label key={right} class="choice">
                <input
                  type="checkbox"
                  checked={may.includes(right)}
                  onChange={(event) =>
                    change(setMay)(
                      ALL.filter((each) => (each === right ? event.currentTarget.checked : may.includes(each))),
                    )
                  }
                />
                <span>{RIGHTS[right][0]}</span>
                <span class="hint">{RIGHTS[right][1]}</span>
              </label>
            ))}
          </div>
        </Fieldset>
        {grants && catalog.problem && <ProblemView problem={catalog.problem} onRetry={catalog.reload} />}
        {grants && !catalog.data && catalog.loading && <Loading />}
        {grants && catalog.data && (
          <Grantable
            catalog={catalog.data}
            scopes={scopes}
            onChange={change(setScopes)}
            error={problem?.errorOf("scopes")}
          />
        )}
        <Field
          label="The session ends after"
          hint="The link itself works for five minutes, and once."
          error={problem?.errorOf("expires_in_seconds")}
        >
          {(control) => (
            <select
              {...control}
              value={String(seconds)}
              onChange={(event) => change(setSeconds)(Number(event.currentTarget.value))}
            >
              {LENGTHS.map((each) => (
                <option key={each} value={String(each)}>
                  {i18n.duration(each)}
                </option>
              ))}
            </select>
          )}
        </Field>
      </form>
    </Dialog>
  );
}

const chooseOne = (may: readonly Right[]): string | undefined =>
  may.length === 0 ? "Choose one at least." : undefined;

interface GrantableProps {
  catalog: Catalog;
  scopes: string[];
  onChange: (scopes: string[]) => void;
  error: string | undefined;
}

function Grantable({ catalog, scopes, onChange, error }: GrantableProps) {
  return (
    <>
      <ScopePicker catalog={catalog} chosen={scopes} onChange={onChange} grantable={null} error={error} />
      <p class="hint">
        {scopes.length === 0
          ? "Without a scope, no key can be created there, and keys that have one can’t be edited."
          : "Keys can be given these there. Keys that have others can’t be edited."}
      </p>
    </>
  );
}

function Ready({
  made,
  name,
  onClose,
}: {
  made: { url: string; expires_at: string };
  name: string;
  onClose: () => void;
}) {
  return (
    <Dialog
      wide
      title="The link is ready"
      onClose={onClose}
      footer={
        <button type="button" class="button" onClick={onClose}>
          Close
        </button>
      }
    >
      <div class="stack">
        <p>
          For <bdi class="strong">{name}</bdi>. It works once, within five minutes; the session ends{" "}
          <Time value={made.expires_at} form="minute" />. Whoever opens it acts as this person, so send it to nobody
          else.
        </p>
        <CopyField text={made.url} label="The link" />
        <p class="ready-link">
          <a class="button" href={made.url} target="_blank" rel="noopener noreferrer">
            Open it here
          </a>
          <span class="fine">In a new tab. You stay signed in here.</span>
        </p>
      </div>
    </Dialog>
  );
}
