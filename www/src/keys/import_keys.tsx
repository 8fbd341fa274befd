// Importing the keys of another system from a file, with what became of each line.

import { useState } from "preact/hooks";

import { newIdempotencyKey } from "../api/client";
import { Problem } from "../api/problem";
import type { Imported, ImportLine } from "../api/types";
import { useSubmit } from "../api/use_submit";
import { useApp } from "../app";
import { Dialog } from "../components/dialog";
import { Field, FormProblem } from "../components/field";
import { Badge } from "../components/status";
import { Table } from "../components/table";
import { useKeys } from "./context";
import { parseImport } from "./import_file";

/** Keys per request, at most. */
const AT_ONCE = 5000;
/** Lines that the report shows, at most; the rest is counted. */
const SHOWN = 200;

interface Line {
  number: number;
  name: string;
  display: string;
  status: Imported["results"][number]["status"];
  why: string;
}
interface Report {
  imported: number;
  existing: number;
  failed: number;
  lines: Line[];
}

export function ImportKeys({ onClose }: { onClose: () => void }) {
  const { client, i18n } = useApp();
  const { tenant, changed } = useKeys();
  const { t } = i18n;
  const [file, setFile] = useState<File>();
  const [progress, setProgress] = useState(0);
  const [report, setReport] = useState<Report>();
  const { busy, problem, submit, edited } = useSubmit(
    async () => {
      if (!file) throw new Problem(0, "NO_FILE", t("import.no_file"));
      const { lines } = await read(file);
      const sum: Report = { imported: 0, existing: 0, failed: 0, lines: [] };
      // A line is imported once however often it is sent, so a repetition after an error harms nothing.
      for (let at = 0; at < lines.length; at += AT_ONCE) {
        setProgress(at);
        const part = lines.slice(at, at + AT_ONCE);
        // The API checks each line and says what is wrong with it.
        const options = { path: { tenant }, body: { keys: part as ImportLine[] }, idempotencyKey: newIdempotencyKey() };
        const report = await client.post("/v1/tenants/{tenant}/keys/import", options).then(({ data }) => data, reportOf);
        add(sum, report, part, at);
      }
      return sum;
    },
    (sum) => {
      setReport(sum);
      changed();
    },
  );
  if (report) return <ReportDialog report={report} onClose={onClose} />;
  return (
    <Dialog
      title={t("import.title")}
      onClose={onClose}
      footer={
        <>
          <button type="button" class="button" onClick={onClose}>
            {t("cancel")}
          </button>
          <button type="submit" form="import-keys" class="button primary" aria-disabled={busy || !file}>
            {busy ? t("import.busy", { n: progress }) : t("import.send")}
          </button>
        </>
      }
    >
      <form
        id="import-keys"
        onSubmit={(event) => {
          event.preventDefault();
          if (file) submit();
        }}
      >
        <p class="lead">{t("import.text")}</p>
        <Field label={t("import.file")} hint={t("import.hint")}>
          {(control) => (
            <input
              {...control}
              type="file"
              accept=".json,.ndjson,.jsonl,application/json"
              onChange={(event) => {
                setFile(event.currentTarget.files?.[0]);
                edited();
              }}
            />
          )}
        </Field>
        <pre dir="ltr" tabIndex={0} role="region" aria-label={t("import.example")}>
          <code>{`{"keys": [{"digest": "<SHA-256>", "display": "sk_live_ab12", "name": "billing", "scopes": ["…"]}]}`}</code>
        </pre>
        <FormProblem problem={problem} />
      </form>
    </Dialog>
  );
}

/** The report of an import of which every line failed, which comes as a problem. */
function reportOf(problem: unknown): Imported {
  if (problem instanceof Problem && problem.code === "IMPORT_FAILED") return problem.body as unknown as Imported;
  throw problem;
}

async function read(file: File): Promise<{ lines: unknown[] }> {
  try {
    return parseImport(await file.text());
  } catch (error) {
    throw new Problem(0, "BAD_FILE", error instanceof Error ? error.message : String(error));
  }
}

function add(sum: Report, answer: Imported, lines: readonly unknown[], from: number): void {
  sum.imported += answer.imported;
  sum.existing += answer.existing;
  sum.failed += answer.failed;
  for (const result of answer.results) {
    const line = (lines[result.line] ?? {}) as { name?: unknown; display?: unknown };
    const differs = result.differs ? result.differs.join(", ") : "";
    sum.lines.push({
      number: from + result.line + 1,
      name: String(line.name ?? ""),
      display: String(line.display ?? ""),
      status: result.status,
      why: result.errors ? result.errors.map(({ field, detail }) => `${field}: ${detail}`).join("; ") : differs,
    });
  }
}

const TONE = { imported: "good", existing: "idle", failed: "bad" } as const;

/** The report of an import. Failed lines stand first. */
function ReportDialog({ report, onClose }: { report: Report; onClose: () => void }) {
  const { i18n } = useApp();
  const { t } = i18n;
  const order = { failed: 0, existing: 1, imported: 2 } as const;
  const lines = [...report.lines].sort((a, b) => order[a.status] - order[b.status] || a.number - b.number);
  return (
    <Dialog
      wide
      title={t("import.report")}
      onClose={onClose}
      footer={
        <button type="button" class="button primary" data-focus onClick={onClose}>
          {t("close")}
        </button>
      }
    >
      <p class={report.failed > 0 ? "notice warn" : "notice good"} role="status">
        {t("import.sums", { imported: report.imported, existing: report.existing, failed: report.failed })}
      </p>
      <div>
        <Table
          caption={t("import.report")}
          rows={lines.slice(0, SHOWN)}
          keyOf={({ number }) => String(number)}
          columns={[
            { id: "line", label: t("import.line"), cell: ({ number }) => i18n.number(number) },
            {
              id: "key",
              label: t("column.key"),
              cell: ({ name, display }) => (
                <>
                  <bdi>{name}</bdi> <code dir="ltr">{display}</code>
                </>
              ),
            },
            { id: "status", label: t("import.result"), cell: ({ status }) => <Badge tone={TONE[status]}>{t(`import.${status}`)}</Badge> },
            {
              id: "why",
              label: t("import.why"),
              cell: ({ status, why }) => (status === "existing" && why ? t("import.differs", { fields: why }) : <bdi>{why}</bdi>),
            },
          ]}
        />
      </div>
      {lines.length > SHOWN && <p class="fine">{t("import.more", { n: lines.length - SHOWN })}</p>}
    </Dialog>
  );
}
