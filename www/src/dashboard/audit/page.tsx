// The audit log of a tenant, or that of the operators.

import type { AuditEntry, OperatorSession } from "../../api/types";
import { useQuery } from "../../api/use_query";
import { Link, useApp } from "../../app";
import { CopyButton } from "../../components/copy";
import { firstPage, Paging, usePlace } from "../../components/paging";
import { Empty, Loading, ProblemView } from "../../components/states";
import { Time } from "../../i18n";
import { adopt } from "../../styles/sheets";
import { ExportButton, fileName, today } from "../exports/button";
import { auditLog } from "../exports/exports";
import { everywhere, type PageProps } from "../pages";
import { Frame } from "../parts/page";
import { useLanding } from "../parts/use_landing";
import styles from "./audit.css";
import { Changes } from "./changes";
import { Sentence, type SentenceProps } from "./sentence";
import { Which } from "./which";

adopt(document, styles);

const PAGE = 50;

export default function AuditPage({ session }: PageProps) {
  const { client, router } = useApp();
  const place = usePlace();
  const all = everywhere(session.operator);
  const { tenant: wanted, key_id: keyId } = router.params.value;
  const tenant = all ? wanted : session.operator.tenant;
  const query = { key_id: keyId, cursor: place.cursor, limit: PAGE };
  const log = useQuery(client, [tenant, ...Object.values(query)], (signal) =>
    (tenant === undefined
      ? client.get("/v1/audit", { query, signal })
      : client.get("/v1/tenants/{tenant}/audit", { path: { tenant }, query, signal })
    ).then(({ data }) => ({ ...data, tenant })),
  );
  useLanding(log.data);
  return (
    <Frame
      title={
        tenant === undefined ? (
          "Audit log of the operators"
        ) : (
          <>
            Audit log of <bdi>{tenant}</bdi>
          </>
        )
      }
      lead={
        tenant === undefined
          ? "Sign-ins, changes of operators and of the deployment’s endpoints for events, and what was done about webhooks that couldn’t be delivered."
          : "Every change of this tenant and its keys. Entries are never altered."
      }
      actions={
        <ExportButton
          key={`${tenant} ${keyId}`}
          label="Export"
          of={() => auditLog(tenant, keyId)}
          name={() => fileName("audit", tenant ?? "operators", keyId, today())}
          noun="{n|one={n} entry|other={n} entries}"
          more="Take the rest by the API, with ?after=."
        />
      }
    >
      <Which tenant={tenant} keyId={keyId} choice={all} />
      {log.problem && <ProblemView problem={log.problem} onRetry={log.reload} />}
      {!log.data && log.loading && <Loading rows={8} />}
      {log.data?.entries.length === 0 && <NoEntry filtered={keyId !== undefined} tenant={tenant} />}
      {log.data && log.data.entries.length > 0 && (
        <Days entries={log.data.entries} tenant={log.data.tenant} reader={session.operator} stale={log.loading} />
      )}
      {log.data && <Paging place={place} next={log.data.next_cursor} label="Pages of the audit log" />}
    </Frame>
  );
}

function NoEntry({ filtered, tenant }: { filtered: boolean; tenant: string | undefined }) {
  const { router } = useApp();
  if (filtered) {
    return (
      <Empty title="Nothing was done to what has this id">
        <p>A key’s id begins with key_, and is in its tenant’s log. An operator’s begins with op_.</p>
        <button type="button" class="button" onClick={() => router.set({ key_id: undefined, ...firstPage() })}>
          Show all entries
        </button>
      </Empty>
    );
  }
  return (
    <Empty title="Nothing is recorded yet">
      <p>
        {tenant === undefined
          ? "The first sign-in or new operator will be here."
          : "The first key or setting of this tenant will be here. Is its name spelled as you spell it in the API?"}
      </p>
    </Empty>
  );
}

interface DaysProps {
  entries: readonly AuditEntry[];
  tenant: string | undefined;
  reader: OperatorSession["operator"];
  stale: boolean;
}

/** The entries under the days of the reader's zone. */
function Days({ entries, tenant, reader, stale }: DaysProps) {
  const { i18n } = useApp();
  const days: { day: string; entries: AuditEntry[] }[] = [];
  for (const entry of entries) {
    const day = i18n.date(entry.at, "long");
    const last = days.at(-1);
    if (last?.day === day) last.entries.push(entry);
    else days.push({ day, entries: [entry] });
  }
  return (
    <div class={stale ? "days stale" : "days"} aria-busy={stale}>
      {days.map(({ day, entries: those }) => (
        <section key={day} aria-label={day}>
          <h2 class="day">{day}</h2>
          <ol class="entries">
            {those.map((entry) => (
              <Entry key={entry.id} entry={entry} tenant={tenant} reader={reader} />
            ))}
          </ol>
        </section>
      ))}
    </div>
  );
}

const GRAVE = ["revoked", "suspended", "dead_letter_discarded", "limits_restored", "erased", "exposed", "endpoint_deleted", "event_discarded"];

function Entry(props: SentenceProps) {
  const { entry, tenant } = props;
  const { router } = useApp();
  return (
    <li class={GRAVE.includes(entry.action) ? "entry grave" : "entry"}>
      <Time value={entry.at} form="clock" />
      <div class="entry-body">
        <p>
          <Sentence {...props} />
        </p>
        <Changes entry={entry} />
        <p class="fine entry-meta">
          {entry.key_display && <code dir="ltr">{entry.key_display}…</code>}
          {entry.from && (
            <span>
              from <code>{entry.from}</code>
            </span>
          )}
          <span>
            <code>{entry.request_id}</code>{" "}
            <CopyButton text={entry.request_id} label={`Copy the request id ${entry.request_id}`} class="link" />
          </span>
          {entry.key_id && router.params.value["key_id"] !== entry.key_id && (
            <Link to={{ ...router.params.value, key_id: entry.key_id, ...firstPage() }}>
              Only this {tenant === undefined ? "operator" : "key"}
            </Link>
          )}
        </p>
      </div>
    </li>
  );
}
