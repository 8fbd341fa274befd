// Making a key, which is shown once when it is made.

import { useState } from "preact/hooks";

import type { CreatedKey } from "../api/types";
import { useSubmit } from "../api/use_submit";
import { useApp } from "../app";
import { Dialog } from "../components/dialog";
import { Field, Fieldset, FormProblem } from "../components/field";
import { ScopePicker } from "../components/scope_picker";
import { AddressField, linesOf } from "./addresses";
import { useKeys } from "./context";
import { defaultExpiry, ExpiryField, instantOf } from "./expiry";
import { metadataOf, MetadataField } from "./metadata";
import { Secret } from "./secret";

export function NewKey({ onClose }: { onClose: () => void }) {
  const { client, i18n } = useApp();
  const { tenant, catalog, standing, rights, changed } = useKeys();
  const { t } = i18n;
  const [name, setName] = useState("");
  const [environment, setEnvironment] = useState(catalog.environments[0] ?? "live");
  const [expiry, setExpiry] = useState(() => defaultExpiry(standing.limits));
  const [scopes, setScopes] = useState<string[]>([]);
  const [addresses, setAddresses] = useState("");
  const [metadata, setMetadata] = useState("");
  const [made, setMade] = useState<CreatedKey>();
  const given = metadataOf(i18n, metadata);
  const { busy, problem, submit, edited } = useSubmit(
    (idempotencyKey, begun) => {
      const usual = expiry.kind === "days" && expiry.days === standing.limits.default_expiry_days;
      const expires_at = usual ? undefined : instantOf(expiry, begun);
      return client.post("/v1/tenants/{tenant}/keys", {
        path: { tenant },
        idempotencyKey,
        body: {
          name,
          environment,
          ...(scopes.length > 0 && { scopes }),
          ...(expires_at !== undefined && { expires_at }),
          ...(addresses.trim() && { allowed_ips: linesOf(addresses) }),
          ...(given.value && { metadata: given.value }),
        },
      });
    },
    ({ data }) => {
      setMade(data);
      changed();
    },
  );
  if (made) return <Secret made={made} onClose={onClose} />;
  const change = <V,>(set: (value: V) => void) => (value: V): void => {
    set(value);
    edited();
  };
  return (
    <Dialog
      wide
      title={t("new.title")}
      onClose={onClose}
      footer={
        <>
          <button type="button" class="button" onClick={onClose}>
            {t("cancel")}
          </button>
          <button type="submit" form="new-key" class="button primary" aria-disabled={busy}>
            {t(busy ? "new.making" : "new.make")}
          </button>
        </>
      }
    >
      <form
        id="new-key"
        onSubmit={(event) => {
          event.preventDefault();
          if (!given.error) submit();
        }}
      >
        <FormProblem problem={problem} />
        <Field label={t("name")} hint={t("name.hint")} error={problem?.errorOf("name")} required>
          {(control) => (
            <input {...control} maxLength={100} autocomplete="off" value={name} onInput={(event) => change(setName)(event.currentTarget.value)} />
          )}
        </Field>
        {catalog.environments.length > 1 && (
          <Fieldset legend={t("environment")} error={problem?.errorOf("environment")}>
            <div class="row">
              {catalog.environments.map((each) => (
                <label key={each} class="choice">
                  <input
                    type="radio"
                    name="environment"
                    checked={each === environment}
                    onChange={() => change(setEnvironment)(each)}
                  />
                  <span>{t(`environment.${each}`)}</span>
                  <span class="hint">{t(`environment.${each}.hint`)}</span>
                </label>
              ))}
            </div>
          </Fieldset>
        )}
        <ExpiryField value={expiry} onChange={change(setExpiry)} limits={standing.limits} error={problem?.errorOf("expires_at")} />
        <ScopePicker
          catalog={catalog}
          chosen={scopes}
          onChange={change(setScopes)}
          grantable={rights.grantable}
          error={problem?.errorOf("scopes")}
        />
        {catalog.default_scopes === "all" && scopes.length === 0 && <p class="hint">{t("scopes.none_is_all")}</p>}
        <details class="more">
          <summary>{t("new.more")}</summary>
          <AddressField value={addresses} onChange={change(setAddresses)} error={problem?.errorOf("allowed_ips")} />
          {rights.operator && <MetadataField value={metadata} onChange={change(setMetadata)} error={given.error ?? problem?.errorOf("metadata")} />}
        </details>
      </form>
    </Dialog>
  );
}
