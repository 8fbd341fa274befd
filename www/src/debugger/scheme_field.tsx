// The scheme: a known provider's, or one that is pasted.

import { Field, Fieldset } from "../components/field";
import { type Draft, headerOf } from "./draft";
import type { PastedRequest, Provider } from "./explanation";
import { Prose } from "./prose";
import { ProviderBox } from "./provider_box";
import type { Chosen } from "./use_engine";

interface Props {
  draft: Draft;
  providers: Provider[];
  chosen: Chosen;
  request: PastedRequest | undefined;
  onChange: (changes: Partial<Draft>) => void;
}

const EXAMPLE = `signature = "header:x-signature"
prefix = "sha256="
encoding = "hex"
algorithm = "hmac-sha256"
message = "{timestamp}.{body}"
timestamp = { at = "header:x-timestamp" }`;

export function SchemeField({ draft, providers, chosen, request, onChange }: Props) {
  const provider = providers.find(({ id }) => id === draft.provider);
  return (
    <div class="field">
      <Fieldset legend="Who signs it">
        <div class="switch">
          {[false, true].map((own) => (
            <label key={String(own)}>
              <input type="radio" name="own" checked={draft.own === own} onChange={() => onChange({ own })} />
              {own ? "Own scheme" : "A provider"}
            </label>
          ))}
        </div>
      </Fieldset>
      {draft.own ? (
        <Field label="Scheme, in TOML or JSON" error={chosen.error} hint="As in Keystile’s reference of schemes.">
          {(control) => (
            <textarea
              {...control}
              class="mono"
              rows={7}
              autocomplete="off"
              spellcheck={false}
              dir="ltr"
              value={draft.schemeText}
              onInput={(event) => onChange({ schemeText: event.currentTarget.value })}
            />
          )}
        </Field>
      ) : (
        <Field label="Provider" hint={provider && <About provider={provider} />}>
          {(control) => (
            <ProviderBox
              id={control.id}
              described={control["aria-describedby"]}
              providers={providers}
              chosen={provider}
              onChoose={(id) => onChange({ provider: id, params: {} })}
            />
          )}
        </Field>
      )}
      {draft.own && draft.schemeText === "" && (
        <button type="button" class="link hint" onClick={() => onChange({ schemeText: EXAMPLE })}>
          Begin with an example
        </button>
      )}
      {!draft.own && request && <Fitting providers={providers} chosen={draft.provider} request={request} onChange={onChange} />}
    </div>
  );
}

function About({ provider }: { provider: Provider }) {
  return (
    <>
      Signature at <code>{provider.signature.join(", ")}</code>. {provider.note !== null && <Prose text={provider.note} />}
      {provider.unconfirmed && ` How ${provider.name} signs is known from one source alone (${provider.evidence}).`}
      {provider.token && " It sends the token itself and signs nothing, so there is nothing to search for."}
      {!provider.token && !provider.body_authenticated && " The signature doesn’t cover the whole body."}
    </>
  );
}

/** The providers whose header is there. They are offered, not chosen: several use the same header differently. */
function Fitting({ providers, chosen, request, onChange }: { providers: Provider[]; chosen: string; request: PastedRequest; onChange: Props["onChange"] }) {
  const names = (provider: Provider): string[] =>
    provider.signature.filter((place) => place.startsWith("header:")).flatMap((place) => place.slice("header:".length).split("|"));
  const fits = (provider: Provider): boolean => names(provider).some((name) => name !== "authorization" && headerOf(request, name) !== undefined);
  const fitting = providers.filter(fits);
  if (fitting.length === 0 || fitting.some(({ id }) => id === chosen)) return null;
  return (
    <div class="fitting">
      <p class="hint">The headers have the signature of:</p>
      {fitting.slice(0, 8).map(({ id, name }) => (
        <button key={id} type="button" class="chip" onClick={() => onChange({ provider: id, params: {} })}>
          {name}
        </button>
      ))}
      {fitting.length > 8 && <span class="hint">and {fitting.length - 8} others</span>}
    </div>
  );
}
