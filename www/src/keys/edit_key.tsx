// Changing a key. Only what was changed is sent, and only if nobody else changed the key meanwhile.

import { useRef, useState } from "preact/hooks";

import { Problem } from "../api/problem";
import type { ChangedKey, Key, KeyPatch } from "../api/types";
import { useApp } from "../app";
import { Dialog } from "../components/dialog";
import { Field, FormProblem } from "../components/field";
import { ScopePicker } from "../components/scope_picker";
import { sameScopes } from "../components/scopes";
import { AddressField, linesOf } from "./addresses";
import { useKeys } from "./context";
import { type Expiry, ExpiryField, instantOf } from "./expiry";
import { KeyLine } from "./key_line";
import { mergePatch, metadataOf, MetadataField, textOfMetadata } from "./metadata";
import { OwnLimitsFields, ownLimitsOf, type OwnLimitTexts, patchOfOwnLimits } from "./own_limits";
import { ChangeEffect, useChange } from "./use_change";
import { Versions } from "./versions";

export function EditKey({ original, onClose }: { original: Key; onClose: () => void }) {
  const { client, i18n } = useApp();
  const { tenant, catalog, standing, rights } = useKeys();
  const { t } = i18n;
  const [name, setName] = useState(original.name);
  const [scopes, setScopes] = useState<string[]>(original.scopes);
  const [expiry, setExpiry] = useState<Expiry>({ kind: "keep" });
  const [addresses, setAddresses] = useState(original.allowed_ips.join("\n"));
  const [metadata, setMetadata] = useState(() => textOf(original.metadata as Record<string, unknown>));
  const [own, setOwn] = useState<OwnLimitTexts>(() => ownLimitsOf(original));
  const [version, setVersion] = useState(original.version);
  const [other, setOther] = useState<Key>();
  const [opened] = useState(original.allowed_ips.length > 0);
  const given = metadataOf(i18n, metadata);

  const patch = (): KeyPatch => {
    const expires_at = instantOf(expiry);
    const addressesNow = linesOf(addresses);
    const metadataPatch = rights.operator ? mergePatch(original.metadata as Record<string, unknown>, given.value ?? {}) : {};
    return {
      ...(name.trim() !== original.name && { name }),
      ...(!sameScopes(scopes, original.scopes) && { scopes }),
      ...(expires_at !== undefined && { expires_at }),
      ...(addressesNow.join() !== original.allowed_ips.join() && { allowed_ips: addressesNow.length > 0 ? addressesNow : null }),
      ...(Object.keys(metadataPatch).length > 0 && { metadata: metadataPatch }),
      ...patchOfOwnLimits(original, own),
    };
  };
  // Once it is recorded the key has another version, and the same change is sent only to hear when it is in effect.
  const recorded = useRef(false);
  const change = useChange<ChangedKey>(() =>
    client
      .patch("/v1/tenants/{tenant}/keys/{id}", {
        path: { tenant, id: original.id },
        body: patch(),
        ifMatch: recorded.current ? "*" : `"${version}"`,
      })
      .then(({ data }) => data)
      .catch(async (error: unknown) => {
        if (error instanceof Problem && error.code === "CHANGE_PENDING") recorded.current = true;
        if (error instanceof Problem && error.code === "VERSION_MISMATCH") {
          const { data } = await client.get("/v1/tenants/{tenant}/keys/{id}", { path: { tenant, id: original.id } });
          setOther(data);
        }
        throw error;
      }),
  );
  if (change.done) {
    return (
      <Dialog
        title={t("edit.done")}
        onClose={onClose}
        footer={
          <button type="button" class="button primary" data-focus onClick={onClose}>
            {t("close")}
          </button>
        }
      >
        <KeyLine value={{ ...original, name }} />
        <ChangeEffect change={change} what="changed" />
      </Dialog>
    );
  }
  if (other && other.version !== version) {
    return (
      <Versions
        original={original}
        other={other}
        mine={patch()}
        onMine={() => setVersion(other.version)}
        onClose={onClose}
      />
    );
  }
  const { problem } = change;
  const nothing = Object.keys(patch()).length === 0;
  const edited = <V,>(set: (value: V) => void) => (value: V): void => {
    set(value);
    change.edited();
  };
  return (
    <Dialog
      wide
      title={t("edit.title")}
      onClose={onClose}
      footer={
        <>
          <button type="button" class="button" onClick={onClose}>
            {t("cancel")}
          </button>
          <button type="submit" form="edit-key" class="button primary" aria-disabled={change.busy || nothing}>
            {t("save")}
          </button>
        </>
      }
    >
      <form
        id="edit-key"
        onSubmit={(event) => {
          event.preventDefault();
          if (!given.error && !nothing) change.submit();
        }}
      >
        {version !== original.version && <p class="notice warn">{t("versions.again")}</p>}
        <FormProblem problem={problem?.code === "VERSION_MISMATCH" ? undefined : problem} />
        <Field label={t("name")} error={problem?.errorOf("name")} required>
          {(control) => (
            <input {...control} maxLength={100} autocomplete="off" value={name} onInput={(event) => edited(setName)(event.currentTarget.value)} />
          )}
        </Field>
        {original.pending_end ? (
          <p class="hint">{t("edit.expiry_pending")}</p>
        ) : (
          <ExpiryField
            value={expiry}
            onChange={edited(setExpiry)}
            limits={standing.limits}
            error={problem?.errorOf("expires_at")}
            keep={{ label: original.expires_at ? t("edit.keep", { time: i18n.dateMinute(original.expires_at) }) : t("edit.keep_never") }}
          />
        )}
        <ScopePicker
          catalog={catalog}
          chosen={scopes}
          onChange={edited(setScopes)}
          grantable={rights.grantable}
          error={problem?.errorOf("scopes") ?? (scopes.length === 0 ? t("scopes.one") : undefined)}
        />
        <details class="more" open={opened}>
          <summary>{t("new.more")}</summary>
          <AddressField value={addresses} onChange={edited(setAddresses)} error={problem?.errorOf("allowed_ips")} />
          {rights.operator && (
            <>
              <MetadataField value={metadata} onChange={edited(setMetadata)} error={given.error ?? problem?.errorOf("metadata")} />
              <OwnLimitsFields id={original.id} value={own} onChange={edited(setOwn)} problem={problem} />
            </>
          )}
        </details>
      </form>
    </Dialog>
  );
}

const textOf = (metadata: Record<string, unknown>): string =>
  Object.keys(metadata).length === 0 ? "" : textOfMetadata(metadata);
