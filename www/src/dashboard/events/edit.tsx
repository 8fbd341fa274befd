// Changing an endpoint. Only what was changed is sent, and only if nobody else changed it meanwhile.

import { useState } from "preact/hooks";

import { Problem } from "../../api/problem";
import type { EventEndpoint, EventEndpointPatch } from "../../api/types";
import { useSubmit } from "../../api/use_submit";
import { Dialog } from "../../components/dialog";
import { FormProblem } from "../../components/field";
import type { Endpoints, Recorded } from "./endpoints";
import { type Draft, draftOf, EndpointFields, isUnfinished, typesOf } from "./form";

interface Props {
  endpoints: Endpoints;
  original: EventEndpoint;
  onDone: (recorded: Recorded) => void;
  onClose: () => void;
}

export function EditEndpoint({ endpoints, original: given, onDone, onClose }: Props) {
  // The form keeps the state that it began with: the page behind it may learn of another one meanwhile.
  const [original] = useState(given);
  const [draft, setDraft] = useState(() => draftOf(original));
  const [seen, setSeen] = useState(original);
  const patch = patchOf(original, draft);
  const { busy, problem, submit, edited } = useSubmit(
    () =>
      endpoints.change(seen, patch).catch(async (error: unknown) => {
        if (error instanceof Problem && error.code === "VERSION_MISMATCH") setSeen(await endpoints.get(original.id));
        throw error;
      }),
    onDone,
  );
  const idle = Object.keys(patch).length === 0 || isUnfinished(draft);
  const overtaken = problem?.code === "VERSION_MISMATCH";
  return (
    <Dialog
      wide
      title="Edit this endpoint"
      onClose={onClose}
      footer={
        <>
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" form="edit-endpoint" class="button primary" aria-disabled={busy || idle}>
            {busy ? "Saving…" : overtaken ? "Save mine" : "Save"}
          </button>
        </>
      }
    >
      <form
        id="edit-endpoint"
        onSubmit={(event) => {
          event.preventDefault();
          if (!idle) submit();
        }}
      >
        <FormProblem problem={problem} />
        {overtaken && <Other seen={seen} />}
        <EndpointFields
          value={draft}
          problem={problem}
          onChange={(to) => {
            setDraft(to);
            edited();
          }}
        />
      </form>
    </Dialog>
  );
}

/** The endpoint as somebody else left it. */
function Other({ seen: { url, types, description } }: { seen: EventEndpoint }) {
  return (
    <p class="notice warn">
      <span>
        It is now <bdi>{url}</bdi>
        {description && (
          <>
            , “<bdi>{description}</bdi>”
          </>
        )}
        , and gets {types.length === 0 ? "all events" : types.join(", ")}. What you changed below goes before that if you
        save.
      </span>
    </p>
  );
}

function patchOf(original: EventEndpoint, draft: Draft): EventEndpointPatch {
  const before = draftOf(original);
  const [url, description] = [draft.url.trim(), draft.description.trim()];
  const inOrder = (which: Draft): string => typesOf(which).sort().join();
  return {
    ...(url !== before.url && { url }),
    ...(description !== before.description && { description: description || null }),
    ...(inOrder(draft) !== inOrder(before) && { types: typesOf(draft) }),
  };
}
