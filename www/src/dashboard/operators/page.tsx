// Operators: who may use the management API and this dashboard, and for what.

import { useState } from "preact/hooks";

import type { KeyStatus, Operator } from "../../api/types";
import { firstFound } from "../../api/search";
import { useQuery } from "../../api/use_query";
import { useApp } from "../../app";
import { EmptyPage, firstPage, Paging, usePlace } from "../../components/paging";
import { SearchField } from "../../components/search_field";
import { Empty, Loading, ProblemView } from "../../components/states";
import { adopt } from "../../styles/sheets";
import { everywhere, type PageProps } from "../pages";
import { Frame } from "../parts/page";
import { useLanding } from "../parts/use_landing";
import { KeepOperator } from "./keep";
import { NewOperator } from "./new";
import styles from "./operators.css";
import { RevokeOperator } from "./revoke";
import { RotateOperator } from "./rotate";
import { type Open, OperatorTable } from "./table";

adopt(document, styles);

const PAGE = 50;
const STATUSES = { active: "In use", expired: "Expired", revoked: "Revoked" } as const satisfies Partial<
  Record<KeyStatus, string>
>;
type Shown = keyof typeof STATUSES;

export default function OperatorsPage({ session }: PageProps) {
  const { client, router } = useApp();
  const place = usePlace();
  const [open, setOpen] = useState<Open>();
  const [version, setVersion] = useState(0);
  const { q, status: wanted } = router.params.value;
  const status = (Object.keys(STATUSES) as Shown[]).find((each) => each === wanted) ?? "active";
  const page = useQuery(client, [q, status, place.cursor, version], (signal) =>
    firstFound(place.cursor, (cursor) =>
      client
        .get("/v1/operators", { query: { q, status, cursor, limit: PAGE, include: "usage" }, signal })
        .then(({ data }) => ({ ...data, status })),
    ),
  );
  useLanding(page.data);
  const changed = (): void => setVersion((times) => times + 1);
  const all = everywhere(session.operator);
  return (
    <Frame
      title="Operators"
      lead={
        all
          ? "People and programs that manage keys. Each has a key of its own, for this dashboard and the management API."
          : "People and programs that manage this tenant’s keys. Each has a key of its own."
      }
      actions={
        <button type="button" class="button primary" onClick={() => setOpen({ kind: "new" })}>
          New operator
        </button>
      }
    >
      <search class="filters">
        <SearchField label="Search by name or beginning of the key" />
        <select
          aria-label="Status"
          value={status}
          onChange={(event) =>
            router.set({
              status: event.currentTarget.value === "active" ? undefined : event.currentTarget.value,
              ...firstPage(),
            })
          }
        >
          {Object.entries(STATUSES).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </search>
      {page.problem && <ProblemView problem={page.problem} onRetry={page.reload} />}
      {!page.data && page.loading && <Loading rows={5} />}
      {page.data && (
        <>
          <OperatorTable
            operators={page.data.keys as Operator[]}
            status={page.data.status}
            reader={session.operator}
            stale={page.loading}
            onOpen={setOpen}
            empty={
              <EmptyPage place={place} next={page.data.next_cursor}>
                <NoOperator status={page.data.status} q={q} />
              </EmptyPage>
            }
          />
          {page.data.unreadable && (
            <p class="notice bad">
              Some operators of this page can’t be read. The log of the management worker has more.
            </p>
          )}
          <Paging place={place} next={page.data.next_cursor} label="Pages of operators" />
        </>
      )}
      <Dialogs open={open} session={session} onChanged={changed} onClose={() => setOpen(undefined)} />
    </Frame>
  );
}

interface DialogsProps extends PageProps {
  open: Open | undefined;
  onChanged: () => void;
  onClose: () => void;
}

function Dialogs({ open, session, ...rest }: DialogsProps) {
  switch (open?.kind) {
    case "new":
      return <NewOperator session={session} {...rest} />;
    case "rotate":
      return <RotateOperator old={open.operator} {...rest} />;
    case "keep":
      return <KeepOperator target={open.operator} {...rest} />;
    case "revoke":
      return <RevokeOperator target={open.operator} self={open.operator.id === session.operator.id} {...rest} />;
    case undefined:
      return null;
  }
}

function NoOperator({ status, q }: { status: Shown; q: string | undefined }) {
  const { router } = useApp();
  if (q) {
    return (
      <Empty title="No operator fits the search">
        <button type="button" class="button" onClick={() => router.set({ q: undefined, ...firstPage() })}>
          Clear the search
        </button>
      </Empty>
    );
  }
  if (status !== "active")
    return <Empty title={status === "revoked" ? "No operator was revoked" : "No operator has expired"} />;
  return (
    <Empty title="No operator but the root key">
      <p>
        Give every person and program a key of its own, with no more than it needs, and keep the root key for
        emergencies.
      </p>
    </Empty>
  );
}
