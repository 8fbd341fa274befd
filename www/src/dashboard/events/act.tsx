// Pausing an endpoint, having it sent to again, and deleting it.

import type { ComponentChildren } from "preact";

import type { EventEndpoint } from "../../api/types";
import { useSubmit } from "../../api/use_submit";
import { useApp } from "../../app";
import { Dialog } from "../../components/dialog";
import { FormProblem } from "../../components/field";
import type { Endpoints, Recorded } from "./endpoints";
import { EndpointLine } from "./line";

export type Act = "pause" | "resume" | "delete";

const TEXTS: Record<Act, { title: string; button: string; busy: string }> = {
  pause: { title: "Pause this endpoint?", button: "Pause", busy: "Pausing…" },
  resume: { title: "Send to this endpoint again?", button: "Make active", busy: "Making active…" },
  delete: { title: "Delete this endpoint?", button: "Delete", busy: "Deleting…" },
};

interface Props {
  act: Act;
  endpoints: Endpoints;
  target: EventEndpoint;
  onDone: (recorded: Recorded) => void;
  onClose: () => void;
}

export function ActOnEndpoint({ act, endpoints, target, onDone, onClose }: Props) {
  const texts = TEXTS[act];
  const { busy, problem, submit } = useSubmit(() => {
    if (act === "delete") return endpoints.delete(target.id);
    return endpoints.change({ id: target.id, version: "any" }, { status: act === "pause" ? "paused" : "active" });
  }, onDone);
  return (
    <Dialog
      alert
      title={texts.title}
      onClose={onClose}
      footer={
        <>
          <button type="button" class="button" data-focus onClick={onClose}>
            Cancel
          </button>
          <button
            type="button"
            class={act === "delete" ? "button destroy" : "button primary"}
            aria-disabled={busy}
            onClick={submit}
          >
            {busy ? texts.busy : texts.button}
          </button>
        </>
      }
    >
      <EndpointLine value={target} />
      <Effect act={act} target={target} />
      <FormProblem problem={problem} />
    </Dialog>
  );
}

function Effect({ act, target: { status, state } }: Pick<Props, "act" | "target">): ComponentChildren {
  const { i18n } = useApp();
  if (act === "pause") return <p>Events wait until it is active again: 10,000 of them at most, and for three days.</p>;
  if (act === "delete") {
    const lost = (state?.waiting ?? 0) + (state?.dead_letters ?? 0);
    return (
      <p>
        Nothing more is sent to it.{" "}
        {lost > 0 && (
          <strong>
            {i18n.format("{n|one={n} event that waits or couldn’t be sent is|other={n} events that wait or couldn’t be sent are}", { n: lost })}{" "}
            deleted with it.{" "}
          </strong>
        )}
        The audit log keeps that you did it.
      </p>
    );
  }
  if (status !== "disabled") return <p>The events that waited are sent now, in their order.</p>;
  return (
    <p>
      It begins anew with what happens from now on. What couldn’t be sent meanwhile stays among the undelivered events:
      send them again afterwards.
    </p>
  );
}
