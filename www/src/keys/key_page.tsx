// One key: whether it is used, what came of it, its limits, its rotation and its history.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import type { Key } from "../api/types";
import { useQuery } from "../api/use_query";
import { Link, useApp } from "../app";
import { CopyButton } from "../components/copy";
import { Loading, ProblemView } from "../components/states";
import { Badge, Effective, StatusBadge } from "../components/status";
import { Time } from "../i18n";
import { actionsOf } from "./actions";
import { KeyAudit } from "./audit";
import { By } from "./by";
import { Subtitle, Title, useKeys } from "./context";
import { Dialogs, type Open } from "./dialogs";
import { Scopes } from "./key_table";
import { KeyUsage, StillUsed } from "./key_usage";
import { LimitMeters } from "./limits";
import { textOfMetadata } from "./metadata";
import { RotationState } from "./rotation_state";

export function KeyPage({ id }: { id: string }) {
  const { client, router, i18n } = useApp();
  const keys = useKeys();
  const { tenant } = keys;
  const { t } = i18n;
  const [open, setOpen] = useState<Open>();
  const key = useQuery(client, [tenant, id, keys.version], (signal) =>
    client.get("/v1/tenants/{tenant}/keys/{id}", { path: { tenant, id }, signal }).then(({ data }) => data),
  );
  const page = useRef<HTMLElement>(null);
  // The link that led here is gone: a screen reader goes on at the heading.
  useEffect(() => page.current?.querySelector<HTMLElement>("[data-landing]")?.focus({ preventScroll: true }), [key.data?.id]);
  const { key: _, log: __, period: ___, ...list } = router.params.value;
  const back = (
    <Link to={list} class="back">
      {t("key.back")}
    </Link>
  );
  if (!key.data) {
    return (
      <section class="keys">
        {back}
        <Title>{t(key.problem?.status === 404 ? "key.none" : "column.key")}</Title>
        {key.problem ? <ProblemView problem={key.problem} onRetry={key.reload} /> : <Loading rows={6} />}
      </section>
    );
  }
  // The action for a pending rotation stands beside the rotation's state, so the page head leaves it out.
  const items = actionsOf(i18n, keys, { ...key.data, pending_end: null }, setOpen);
  return (
    <section ref={page} class="keys key-page" part="key">
      {back}
      <header class="page-head">
        <div>
          <Title>
            <bdi>{key.data.name}</bdi> <StatusBadge status={key.data.status} />
          </Title>
          <p class="key-line">
            <code dir="ltr">{key.data.display}…</code>
            {keys.catalog.environments.length > 1 && <Badge>{t(`environment.${key.data.environment}`)}</Badge>}
            {key.data.imported && <Badge>{t("imported")}</Badge>}
          </p>
        </div>
        <div class="actions">
          {items.map(({ label, danger, onSelect }) => (
            <button key={label} type="button" class={danger ? "button danger-text" : "button"} onClick={onSelect}>
              {label}
            </button>
          ))}
        </div>
      </header>
      {key.data.status === "revoked" && <Revoked value={key.data} />}
      {key.data.exposure && <Exposed exposure={key.data.exposure} works={key.data.status === "active"} />}
      {key.data.pending_end && <RotationState value={key.data} end={key.data.pending_end} onOpen={setOpen} />}
      <div class="columns">
        <div class="stack">
          <StillUsed value={key.data} />
          <KeyUsage id={id} />
          {keys.rights.audit && <KeyAudit id={id} />}
        </div>
        <aside class="stack" aria-label={t("key.facts")}>
          <Facts value={key.data} />
          <KeyLimits id={id} version={key.data.version} />
        </aside>
      </div>
      <Dialogs open={open} onOpen={setOpen} />
    </section>
  );
}

function Revoked({ value }: { value: Key }) {
  const { i18n } = useApp();
  return (
    <div class="notice bad">
      <p>
        {i18n.t("key.revoked")} {value.revoked_at && <Time value={value.revoked_at} form="minute" />}.{" "}
        {value.revoke_reason && (
          <>
            {i18n.t("column.reason")}: <bdi>{value.revoke_reason}</bdi>
          </>
        )}
      </p>
      {value.effective_by !== undefined && <Effective by={value.effective_by} holds={value.holds} what="refused" />}
    </div>
  );
}

/** Where the key was found that doesn't belong there. The URL is a stranger's, so it is no link. */
function Exposed({ exposure, works }: { exposure: NonNullable<Key["exposure"]>; works: boolean }) {
  const { i18n } = useApp();
  return (
    <div class="notice bad">
      <p>
        {i18n.t("key.exposed")} <Time value={exposure.at} form="minute" /> ({exposure.source})
        {exposure.url && (
          <>
            : <bdi>{exposure.url}</bdi>
          </>
        )}
      </p>
      {works && <p>{i18n.t("key.exposed.works")}</p>}
    </div>
  );
}

function Facts({ value }: { value: Key }) {
  const { router, i18n } = useApp();
  const { rights } = useKeys();
  const { t } = i18n;
  const other = (id: string): ComponentChildren => (
    <Link to={{ ...router.params.value, log: undefined, key: id }}>
      <code>{id}</code>
    </Link>
  );
  const metadata = Object.keys(value.metadata).length > 0;
  return (
    <section class="card">
      <Subtitle>{t("key.facts")}</Subtitle>
      <dl class="facts">
        <Fact label={t("scopes")}>
          <Scopes scopes={value.scopes} all />
        </Fact>
        <Fact label={t("expiry")}>{value.expires_at ? <Time value={value.expires_at} form="minute" /> : t("never")}</Fact>
        <Fact label={t("addresses")}>
          {value.allowed_ips.length > 0 ? <code>{value.allowed_ips.join(", ")}</code> : t("anywhere")}
        </Fact>
        <Fact label={t("column.created")}>
          <Time value={value.created_at} form="minute" /> <By actor={value.created_by} />
        </Fact>
        {value.rotated_from && <Fact label={t("key.replaces")}>{other(value.rotated_from)}</Fact>}
        {value.rotated_to && <Fact label={t("key.replaced_by")}>{other(value.rotated_to)}</Fact>}
        <Fact label={t("key.id")}>
          <code>{value.id}</code> <CopyButton text={value.id} label={t("key.copy_id")} class="link" />
        </Fact>
        {rights.operator && metadata && (
          <Fact label={t("metadata")}>
            <pre tabIndex={0} role="region" aria-label={t("metadata")}>
              <code>{textOfMetadata(value.metadata)}</code>
            </pre>
          </Fact>
        )}
      </dl>
    </section>
  );
}

function Fact({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function KeyLimits({ id, version }: { id: string; version: number }) {
  const { client, i18n } = useApp();
  const { tenant } = useKeys();
  const limits = useQuery(client, [tenant, id, version], (signal) =>
    client.get("/v1/tenants/{tenant}/keys/{id}/limits", { path: { tenant, id }, signal }).then(({ data }) => data.limits),
  );
  if (!limits.problem && limits.data?.length === 0) return null;
  return (
    <section class="card">
      <Subtitle>{i18n.t("limits.title")}</Subtitle>
      {limits.problem && <ProblemView problem={limits.problem} onRetry={limits.reload} />}
      {limits.data && <LimitMeters limits={limits.data} />}
      {!limits.data && limits.loading && <Loading rows={2} />}
    </section>
  );
}
