// Downloads a log, telling how far it is. It can be stopped.

import { useEffect, useRef, useState } from "preact/hooks";

import { Problem, wasAborted } from "../../api/problem";
import { useApp } from "../../app";
import { problemText } from "../../components/states";
import { exportLog, MOST_ENTRIES, save } from "./export";

interface Props {
  tenant: string | undefined;
  keyId: string | undefined;
}

type State = { kind: "idle" } | { kind: "running"; entries: number } | { kind: "told"; text: string; bad: boolean };

export function ExportButton({ tenant, keyId }: Props) {
  const { client, i18n, announce } = useApp();
  const [state, setState] = useState<State>({ kind: "idle" });
  const running = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => running.current?.abort(), []);
  const tell = (text: string, bad = false): void => {
    setState({ kind: "told", text, bad });
    announce(text);
  };
  const start = async (): Promise<void> => {
    if (running.current) return;
    const abort = new AbortController();
    running.current = abort;
    setState({ kind: "running", entries: 0 });
    announce("The export has begun.");
    try {
      const { file, entries, cut } = await exportLog(client, { tenant, keyId }, abort.signal, (so_far) =>
        setState({ kind: "running", entries: so_far }),
      );
      const count = i18n.format("{n|one={n} entry|other={n} entries}", { n: entries });
      if (entries === 0) tell("There is nothing to export.");
      else {
        save(file, nameOf(tenant, keyId));
        tell(
          cut
            ? `The file has the first ${i18n.number(MOST_ENTRIES)} or so. Take the rest by the API, with ?after=.`
            : `${count} saved.`,
        );
      }
    } catch (error) {
      if (wasAborted(error)) tell("Stopped. Nothing was saved.");
      else tell(problemText(i18n, Problem.from(error)), true);
    } finally {
      running.current = undefined;
    }
  };
  const busy = state.kind === "running";
  return (
    <div class="export">
      {busy ? (
        <button type="button" class="button" onClick={() => running.current?.abort()}>
          Stop the export
        </button>
      ) : (
        <button type="button" class="button" onClick={() => void start()}>
          Export
        </button>
      )}
      {busy && (
        <span class="fine">{i18n.format("{n|one={n} entry|other={n} entries} so far…", { n: state.entries })}</span>
      )}
      {state.kind === "told" && <span class={state.bad ? "fine danger-text" : "fine"}>{state.text}</span>}
    </div>
  );
}

function nameOf(tenant: string | undefined, keyId: string | undefined): string {
  const day = new Date().toISOString().slice(0, 10);
  return `${["audit", tenant ?? "operators", keyId, day].filter(Boolean).join("-")}.ndjson`;
}
