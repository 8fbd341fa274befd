// Own values of rate limits and quotas, of a key or a tenant, which go before the plan's. Operators alone set them.

import type { Problem } from "../api/problem";
import type { Key, KeyPatch } from "../api/types";
import { useQuery } from "../api/use_query";
import { useApp } from "../app";
import { Field } from "../components/field";
import { useKeys } from "./context";

type Kind = "rate_limits" | "quotas";
const KINDS: readonly Kind[] = ["rate_limits", "quotas"];

/** The fields' texts by kind and name; empty for no own value. `none` is no limit at all. */
export type OwnLimitTexts = Record<Kind, Record<string, string>>;

const NO_LIMIT = "none";

/** A key or a tenant. */
type Holder = Pick<Key, Kind>;

export function ownLimitsOf(holder: Holder): OwnLimitTexts {
  const texts = (kind: Kind): Record<string, string> =>
    Object.fromEntries(Object.entries(holder[kind]).map(([name, { limit }]) => [name, limit === null ? NO_LIMIT : String(limit)]));
  return { rate_limits: texts("rate_limits"), quotas: texts("quotas") };
}

/** The patch that gives a key or a tenant these values. It leaves out unchanged ones. */
export function patchOfOwnLimits(holder: Holder, texts: OwnLimitTexts): Pick<KeyPatch, Kind> {
  const before = ownLimitsOf(holder);
  const patch: Pick<KeyPatch, Kind> = {};
  for (const kind of KINDS) {
    const changes = Object.entries(texts[kind])
      .filter(([name, text]) => text.trim() !== (before[kind][name] ?? ""))
      .map(([name, text]) => [name, valueOf(text.trim())] as const);
    if (changes.length > 0) patch[kind] = Object.fromEntries(changes);
  }
  return patch;
}

function valueOf(text: string): { limit: number | null } | null {
  if (text === "") return null;
  return { limit: text === NO_LIMIT ? null : Number(text) };
}

interface FieldsProps {
  id: string;
  value: OwnLimitTexts;
  onChange: (value: OwnLimitTexts) => void;
  problem: Problem | undefined;
}

export function OwnLimitsFields({ id, value, onChange, problem }: FieldsProps) {
  const { client } = useApp();
  const { tenant } = useKeys();
  const states = useQuery(client, [tenant, id], (signal) =>
    client.get("/v1/tenants/{tenant}/keys/{id}/limits", { path: { tenant, id }, signal }).then(({ data }) => data.limits),
  );
  const counted = (states.data ?? []).filter(({ per }) => per === "key");
  const all = KINDS.flatMap((kind) => {
    const names = counted.filter((each) => each.kind === (kind === "quotas" ? "quota" : "rate")).map(({ name }) => name);
    return [...new Set([...names, ...Object.keys(value[kind])])].map((name) => ({ kind, name }));
  });
  return <OwnLimitInputs limits={all} value={value} onChange={onChange} problem={problem} />;
}

interface InputsProps extends Omit<FieldsProps, "id"> {
  /** Which can be set; `hint` says what holds without an own value. */
  limits: readonly { kind: Kind; name: string; hint?: string }[];
}

export function OwnLimitInputs({ limits, value, onChange, problem }: InputsProps) {
  const { t } = useApp().i18n;
  if (limits.length === 0) return null;
  return (
    <div class="row">
      {limits.map(({ kind, name, hint }) => (
        <Field
          key={`${kind} ${name}`}
          label={t("limits.own", { name })}
          hint={hint ?? t("limits.own_hint")}
          optional={hint === undefined}
          error={problem?.errorOf(`${kind}.${name}`)}
        >
          {(control) => (
            <input
              {...control}
              inputMode="numeric"
              pattern={`\\s*([1-9][0-9]{0,9}|${NO_LIMIT})?\\s*`}
              value={value[kind][name] ?? ""}
              onInput={(event) => onChange({ ...value, [kind]: { ...value[kind], [name]: event.currentTarget.value } })}
            />
          )}
        </Field>
      ))}
    </div>
  );
}
