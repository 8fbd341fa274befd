// Shows the audit log of a key: each action, its author, and the values before and after.

import type { ComponentChildren } from "preact";

import type { AuditEntry } from "../api/types";
import { useQuery } from "../api/use_query";
import { useApp } from "../app";
import { Paging, usePlace } from "../components/paging";
import { Empty, Loading, ProblemView } from "../components/states";
import { T, Time } from "../i18n";
import { Subtitle, useKeys } from "./context";

const PAGE = 20;

export function KeyAudit({ id }: { id: string }) {
  const { client, i18n } = useApp();
  const { tenant, version } = useKeys();
  const { t } = i18n;
  const place = usePlace("log");
  const log = useQuery(client, [tenant, id, place.cursor, version], (signal) =>
    client
      .get("/v1/tenants/{tenant}/audit", { path: { tenant }, query: { key_id: id, limit: PAGE, cursor: place.cursor }, signal })
      .then(({ data }) => data),
  );
  return (
    <section class="card">
      <Subtitle>{t("audit.title")}</Subtitle>
      {log.problem && <ProblemView problem={log.problem} onRetry={log.reload} />}
      {!log.data && log.loading && <Loading rows={3} />}
      {log.data?.entries.length === 0 && <Empty title={t("audit.none")} />}
      {log.data && log.data.entries.length > 0 && (
        <ol class="log">
          {log.data.entries.map((entry) => (
            <li key={entry.id}>
              <AuditLine entry={entry} />
            </li>
          ))}
        </ol>
      )}
      {log.data && <Paging place={place} next={log.data.next_cursor} label={t("audit.pages")} />}
    </section>
  );
}

/** One entry as a sentence, and under it what changed. */
export function AuditLine({ entry }: { entry: AuditEntry }) {
  const { i18n } = useApp();
  const actor = <bdi class="strong">{entry.actor.name}</bdi>;
  const who = entry.on_behalf_of ? <T id="audit.for" values={{ actor, other: <bdi>{entry.on_behalf_of.name}</bdi> }} /> : actor;
  return (
    <>
      <p>
        {who} {i18n.t(`audit.${entry.action}`)}
      </p>
      <p class="fine">
        <Time value={entry.at} form="second" />
        {entry.from && (
          <>
            {" · "}
            <code>{entry.from}</code>
          </>
        )}
      </p>
      <Differences detail={entry.detail} />
    </>
  );
}

function Differences({ detail }: { detail: AuditEntry["detail"] }) {
  const rows = Object.entries(detail as Record<string, { from?: unknown; to?: unknown }>);
  if (rows.length === 0) return null;
  return (
    <ul class="differences">
      {rows.map(([field, { from, to }]) => (
        <li key={field}>
          <code>{field}</code> {from !== null && from !== undefined && <del>{shown(from)}</del>} <ins>{shown(to)}</ins>
        </li>
      ))}
    </ul>
  );
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

function shown(value: unknown): ComponentChildren {
  if (value === null || value === undefined) return "–";
  if (typeof value === "string" && TIME.test(value)) return <Time value={value} form="second" />;
  if (Array.isArray(value)) return <bdi>{value.join(", ")}</bdi>;
  return <bdi>{typeof value === "object" ? JSON.stringify(value) : String(value)}</bdi>;
}
