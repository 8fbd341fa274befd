// The list of a tenant's keys, by status, with search and filters that stand in the address.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import type { Key, KeyStatus } from "../api/types";
import { firstFound } from "../api/search";
import { useQuery } from "../api/use_query";
import { useApp } from "../app";
import { EmptyPage, firstPage, Paging, usePlace } from "../components/paging";
import { SearchField } from "../components/search_field";
import { Empty, Loading, ProblemView } from "../components/states";
import { Title, useKeys } from "./context";
import { Dialogs, type Open } from "./dialogs";
import { KeyTable } from "./key_table";
import { SharedLimits } from "./limits";

const STATUSES: readonly KeyStatus[] = ["active", "disabled", "revoked", "expired"];
const PAGE = 50;
/** Only living keys can expire soon, be unused or due for rotation. */
const NOT_WATCHED = { expires_within_days: undefined, unused_for_days: undefined, rotation_due: undefined };
const NO_FILTER = { q: undefined, environment: undefined, scope: undefined, ...NOT_WATCHED };

const isOver = (status: KeyStatus): boolean => status === "revoked" || status === "expired";

/** A number of days in the address. */
const days = (text: string | undefined): number | undefined => (text && /^[1-9]\d{0,3}$/.test(text) ? Number(text) : undefined);

export function KeyList({ title, beside }: { title?: ComponentChildren; beside?: ComponentChildren }) {
  const { client, router, i18n } = useApp();
  const keys = useKeys();
  const { t } = i18n;
  const [open, setOpen] = useState<Open>();
  const place = usePlace();
  const { q, environment, scope, status: wanted, expires_within_days: expiring, unused_for_days: unused, rotation_due } = router.params.value;
  const status = STATUSES.find((each) => each === wanted) ?? "active";
  const query = {
    ...{ status, q, scope, cursor: place.cursor },
    environment: environment as Key["environment"] | undefined,
    expires_within_days: days(expiring),
    unused_for_days: days(unused),
    rotation_due: rotation_due === "true" ? ("true" as const) : undefined,
  };
  const page = useQuery(client, [keys.tenant, ...Object.values(query), keys.version], (signal) =>
    firstFound(place.cursor, (cursor) =>
      client
        .get("/v1/tenants/{tenant}/keys", {
          path: { tenant: keys.tenant },
          query: { ...query, cursor, limit: PAGE, include: "usage" },
          signal,
        })
        .then(({ data }) => ({ ...data, status })),
    ),
  );
  const filtered = Boolean(q || environment || scope || expiring || unused || query.rotation_due);
  const neverDue = page.problem?.errorOf(ROTATION_DUE) !== undefined;
  const clear = (): void => router.set({ ...NO_FILTER, ...firstPage() });
  return (
    <section class="keys" part="keys">
      <header class="page-head">
        <div>
          <div class="title-line">
            <Title>{title ?? t("keys.title")}</Title>
            {beside}
          </div>
          <p class="lead" part="lead">{t("keys.lead")}</p>
        </div>
        {keys.rights.write && (
          <div class="actions">
            {keys.rights.operator && (
              <button type="button" class="button" onClick={() => setOpen({ kind: "import" })}>
                {t("keys.import")}
              </button>
            )}
            <button type="button" class="button primary" part="new-key" onClick={() => setOpen({ kind: "new" })}>
              {t("keys.new")}
            </button>
          </div>
        )}
      </header>
      <SharedLimits />
      <StatusTabs status={status} />
      <Filters living={!isOver(status)} />
      {isOver(status) && <p class="fine">{t("keys.ended_note")}</p>}
      {page.problem && !neverDue && <ProblemView problem={page.problem} onRetry={page.reload} />}
      {neverDue && (
        <Empty title={t("filters.rotation_due.never")}>
          <p>{t("filters.rotation_due.how")}</p>
          <button type="button" class="button" onClick={clear}>
            {t("filters.clear")}
          </button>
        </Empty>
      )}
      {!page.data && page.loading && <Loading rows={6} />}
      {page.data && !page.problem && (
        <>
          <KeyTable
            keys={page.data.keys}
            ended={isOver(page.data.status)}
            stale={page.loading}
            onOpen={setOpen}
            empty={
              <EmptyPage place={place} next={page.data.next_cursor}>
                <Nothing status={page.data.status} filtered={filtered} onClear={clear} onNew={() => setOpen({ kind: "new" })} />
              </EmptyPage>
            }
          />
          {page.data.unreadable && <p class="notice bad">{t("keys.unreadable", { n: page.data.unreadable.length })}</p>}
          <Paging place={place} next={page.data.next_cursor} label={t("keys.pages")} />
        </>
      )}
      <Dialogs open={open} onOpen={setOpen} />
    </section>
  );
}

/** Stands in the list's place when no key fits. */
function Nothing(props: { status: KeyStatus; filtered: boolean; onClear: () => void; onNew: () => void }) {
  const { i18n } = useApp();
  const { rights, standing } = useKeys();
  const { t } = i18n;
  if (props.filtered) {
    return (
      <Empty title={t("keys.no_match")}>
        <button type="button" class="button" onClick={props.onClear}>
          {t("filters.clear")}
        </button>
      </Empty>
    );
  }
  if (props.status !== "active") return <Empty title={t(`keys.none.${props.status}`)} />;
  const any = Object.values(standing.keys).some((count) => count > 0);
  return (
    <Empty title={t(any ? "keys.none.active" : "keys.none.ever")}>
      <p>{t(rights.write ? "keys.none.hint" : "keys.none.ask")}</p>
      {rights.write && (
        <button type="button" class="button primary" onClick={props.onNew}>
          {t("keys.new")}
        </button>
      )}
    </Empty>
  );
}

/** Active and disabled keys, and apart from them those that have ended for good. */
function StatusTabs({ status }: { status: KeyStatus }) {
  const { router, i18n } = useApp();
  const { standing } = useKeys();
  return (
    <nav class="tabs" aria-label={i18n.t("keys.by_status")}>
      {STATUSES.map((each) => (
        <button
          key={each}
          type="button"
          class={each === "revoked" ? "tab apart" : "tab"}
          aria-current={each === status ? "page" : undefined}
          onClick={() => router.set({ status: each === "active" ? undefined : each, ...(isOver(each) && NOT_WATCHED), ...firstPage() })}
        >
          {i18n.t(`status.${each}`)} <span class="count">{i18n.number(standing.keys[each])}</span>
        </button>
      ))}
    </nav>
  );
}

function Filters({ living }: { living: boolean }) {
  const { router, i18n } = useApp();
  const { catalog } = useKeys();
  const { t } = i18n;
  const { environment = "", scope = "" } = router.params.value;
  return (
    <search class="filters">
      <SearchField label={t("filters.search")} />
      {catalog.environments.length > 1 && (
        <select
          aria-label={t("environment")}
          value={environment}
          onChange={(event) => router.set({ environment: event.currentTarget.value, ...firstPage() })}
        >
          <option value="">{t("filters.all_environments")}</option>
          {catalog.environments.map((each) => (
            <option key={each} value={each}>
              {t(`environment.${each}`)}
            </option>
          ))}
        </select>
      )}
      <select
        aria-label={t("filters.scope")}
        value={scope}
        onChange={(event) => router.set({ scope: event.currentTarget.value, ...firstPage() })}
      >
        <option value="">{t("filters.all_scopes")}</option>
        {catalog.scopes.map(({ name }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      {living && <WatchFilter />}
    </search>
  );
}

const EXPIRING = "expires_within_days";
const UNUSED = "unused_for_days";
const ROTATION_DUE = "rotation_due";
/** The usual numbers of days. An address may name other numbers, and the choice then shows them, too. */
const USUAL = { [EXPIRING]: "30", [UNUSED]: "90" } as const;

/** Keys to look after: those that end soon, those that nobody uses and, for operators, those that are too old. */
function WatchFilter() {
  const { router, i18n } = useApp();
  const { rights } = useKeys();
  const { t } = i18n;
  const params = router.params.value;
  const due = params[ROTATION_DUE] === "true";
  const chosen = due ? ROTATION_DUE : ([EXPIRING, UNUSED] as const).find((name) => days(params[name]) !== undefined);
  return (
    <select
      aria-label={t("filters.watch")}
      value={chosen ?? ""}
      onChange={(event) => {
        const name = event.currentTarget.value as keyof typeof USUAL | typeof ROTATION_DUE | "";
        const value = name && (name === ROTATION_DUE ? "true" : USUAL[name]);
        router.set({ ...NOT_WATCHED, ...(name && { [name]: value }), ...firstPage() });
      }}
    >
      <option value="">{t("filters.watch_all")}</option>
      {([EXPIRING, UNUSED] as const).map((name) => (
        <option key={name} value={name}>
          {t(`filters.${name}`, { n: days(params[name]) ?? Number(USUAL[name]) })}
        </option>
      ))}
      {(rights.operator || due) && <option value={ROTATION_DUE}>{t("filters.rotation_due")}</option>}
    </select>
  );
}
