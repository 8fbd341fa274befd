// The secrets that senders told a source while it had none. Each is shown once.

import { useState } from "preact/hooks";

import type { Handshake, RevealedHandshake } from "../../api/types";
import { useQuery } from "../../api/use_query";
import { useSubmit } from "../../api/use_submit";
import { useApp } from "../../app";
import { CopyField } from "../../components/copy";
import { Dialog } from "../../components/dialog";
import { FormProblem } from "../../components/field";
import { ProblemView } from "../../components/states";
import { Table } from "../../components/table";
import { Time } from "../../i18n";

interface Props {
  source: string;
  /** Whether the operator may see secrets. */
  write: boolean;
}

/** Nothing, if nobody told a secret in the last 24 hours. */
export function Handshakes({ source, write }: Props) {
  const { client, i18n } = useApp();
  const [open, setOpen] = useState<Handshake>();
  const list = useQuery(client, [source, "handshakes"], (signal) =>
    client.get("/v1/webhooks/{source}/handshakes", { path: { source }, signal }).then(({ data }) => data),
  );
  if (list.problem) return <ProblemView problem={list.problem} onRetry={list.reload} />;
  if (!list.data || (list.data.handshakes.length === 0 && list.data.dropped === 0)) return null;
  return (
    <section>
      <p class="notice warn">
        A sender told this source a secret in a handshake, while it had none. Anyone could have sent it. Before you set
        it, compare it, or the time, with what the sender shows.
        {list.data.dropped > 0 &&
          i18n.format(" {n|one={n} more was|other={n} more were} refused, since ten were here.", {
            n: list.data.dropped,
          })}
      </p>
      <Table
        caption="Secrets that were told"
        rows={list.data.handshakes}
        keyOf={({ id }) => id}
        stale={list.loading}
        columns={[
          { id: "received", label: "Received", cell: ({ received_at }) => <Time value={received_at} form="second" /> },
          { id: "from", label: "From", cell: ({ from }) => (from ? <code>{from}</code> : "Unknown") },
          {
            id: "act",
            label: "",
            name: "Actions",
            end: true,
            cell: (handshake) =>
              handshake.revealed_at !== null ? (
                <span class="quiet">
                  Shown <Time value={handshake.revealed_at} form="minute" />
                </span>
              ) : (
                write && (
                  <button type="button" class="button small" onClick={() => setOpen(handshake)}>
                    Show once<span class="visually-hidden">: {handshake.id}</span>
                  </button>
                )
              ),
          },
        ]}
        empty={null}
      />
      {open && (
        <Reveal
          source={source}
          handshake={open}
          onClose={() => {
            setOpen(undefined);
            list.reload();
          }}
        />
      )}
    </section>
  );
}

function Reveal({ source, handshake, onClose }: { source: string; handshake: Handshake; onClose: () => void }) {
  const { client } = useApp();
  const [revealed, setRevealed] = useState<RevealedHandshake>();
  const { busy, problem, submit } = useSubmit(
    () => client.post("/v1/webhooks/{source}/handshakes/{id}/reveal", { path: { source, id: handshake.id } }),
    ({ data }) => setRevealed(data),
  );
  return (
    <Dialog
      title={revealed ? "The secret that was told" : "Show this secret?"}
      alert={!revealed}
      sticky={revealed !== undefined}
      onClose={onClose}
      footer={
        revealed ? (
          <button type="button" class="button primary" onClick={onClose}>
            Done
          </button>
        ) : (
          <>
            <button type="button" class="button" data-focus onClick={onClose}>
              Cancel
            </button>
            <button type="button" class="button primary" aria-disabled={busy} onClick={submit}>
              {busy ? "Showing…" : "Show once"}
            </button>
          </>
        )
      }
    >
      {revealed ? (
        <>
          <CopyField text={revealed.secret} label={`The secret for ${source}`} />
          <p class="notice warn">{revealed.note}</p>
        </>
      ) : (
        <p>It is shown once and deleted. The audit log keeps that you saw it.</p>
      )}
      <FormProblem problem={problem} />
    </Dialog>
  );
}
