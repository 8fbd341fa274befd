// Giving an endpoint another secret.

import { useState } from "preact/hooks";

import type { CreatedEventEndpoint, EventEndpoint } from "../../api/types";
import { useSubmit } from "../../api/use_submit";
import { useApp } from "../../app";
import { Dialog } from "../../components/dialog";
import { Field, FormProblem } from "../../components/field";
import type { Endpoints } from "./endpoints";
import { EndpointLine } from "./line";
import { SigningSecret } from "./signing_secret";

const HOUR = 3600;
const DAY = 24 * HOUR;
const OVERLAPS = [0, HOUR, DAY, 3 * DAY, 7 * DAY];

interface Props {
  endpoints: Endpoints;
  target: EventEndpoint;
  onChanged: () => void;
  onClose: () => void;
}

export function RotateSecret({ endpoints, target, onChanged, onClose }: Props) {
  const { i18n } = useApp();
  const [overlap, setOverlap] = useState(DAY);
  const [made, setMade] = useState<CreatedEventEndpoint>();
  const { busy, problem, submit, edited } = useSubmit(
    (idempotencyKey) => endpoints.rotate(target.id, overlap, idempotencyKey),
    (answer) => {
      setMade(answer);
      onChanged();
    },
  );
  if (made) return <SigningSecret made={made} kind="rotated" onClose={onClose} />;
  return (
    <Dialog
      title={target.signature === "v1" ? "Rotate the secret" : "Rotate the key pair"}
      onClose={onClose}
      footer={
        <>
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" form="rotate-endpoint" class="button primary" aria-disabled={busy}>
            {busy ? "Rotating…" : "Rotate"}
          </button>
        </>
      }
    >
      <form
        id="rotate-endpoint"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <EndpointLine value={target} />
        <FormProblem problem={problem} />
        <Field
          label="The old one signs, too, for"
          hint={
            overlap === 0
              ? "For a leaked one: it no longer signs, nor do others that are still in their overlap."
              : "In this time the receiver takes events by either, so it can change over."
          }
          error={problem?.errorOf("overlap_seconds")}
        >
          {(control) => (
            <select
              {...control}
              value={String(overlap)}
              onChange={(event) => {
                setOverlap(Number(event.currentTarget.value));
                edited();
              }}
            >
              {OVERLAPS.map((seconds) => (
                <option key={seconds} value={String(seconds)}>
                  {seconds === 0 ? "No time at all" : i18n.duration(seconds)}
                </option>
              ))}
            </select>
          )}
        </Field>
      </form>
    </Dialog>
  );
}
