// Downloads an export, telling how far it is. It can be stopped.

import { useEffect, useRef, useState } from "preact/hooks";

import { Problem, wasAborted } from "../../api/problem";
import { useApp } from "../../app";
import { problemText } from "../../components/states";
import { adopt } from "../../styles/sheets";
import styles from "./exports.css";
import { type Export, gather, type Gathered, MOST_LINES, save } from "./gather";

adopt(document, styles);

interface Props {
  label: string;
  /** Asked for when the button is pressed. */
  of: () => Export;
  /** The file's name. */
  name: () => string;
  /** The noun for lines, by the plural rules: "{n|one={n} entry|other={n} entries}". */
  noun: string;
  /** The advice where there is more than a file should have. Without it a part is of no use, and isn't saved. */
  more?: string;
}

type State = { kind: "idle" } | { kind: "running"; lines: number } | { kind: "told"; text: string; bad: boolean };

export function ExportButton({ label, of, name, noun, more }: Props) {
  const { client, i18n, announce } = useApp();
  const [state, setState] = useState<State>({ kind: "idle" });
  const running = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => running.current?.abort(), []);
  const tell = (text: string, bad = false): void => {
    setState({ kind: "told", text, bad });
    announce(text);
  };
  const finish = ({ file, lines, extent }: Gathered): void => {
    if (extent === "cut") return tell("The export ended before its last line came. Nothing was saved.", true);
    if (lines === 0) return tell("There is nothing to export.");
    if (extent === "some" && more === undefined) {
      return tell("There is more than a browser should hold. Nothing was saved: take it by the command line, keystile.", true);
    }
    save(file, name());
    tell(
      extent === "some"
        ? `The file has the first ${i18n.number(MOST_LINES)} or so. ${more}`
        : `${i18n.format(noun, { n: lines })} saved.`,
    );
  };
  const start = async (): Promise<void> => {
    if (running.current) return;
    const abort = new AbortController();
    running.current = abort;
    setState({ kind: "running", lines: 0 });
    announce("The export has begun.");
    try {
      finish(await gather(client, of(), abort.signal, (lines) => setState({ kind: "running", lines })));
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
          {label}
        </button>
      )}
      {busy && <span class="fine">{i18n.format(`${noun} so far…`, { n: state.lines })}</span>}
      {state.kind === "told" && <span class={state.bad ? "fine danger-text" : "fine"}>{state.text}</span>}
    </div>
  );
}

/** "audit-acme-2026-11-27.ndjson" */
export const fileName = (...parts: (string | undefined)[]): string => `${parts.filter(Boolean).join("-")}.ndjson`;
export const today = (): string => new Date().toISOString().slice(0, 10);
