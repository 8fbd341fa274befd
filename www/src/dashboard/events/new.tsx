// Making an endpoint.

import { useState } from "preact/hooks";

import type { CreatedEventEndpoint, EventEndpoint } from "../../api/types";
import { useSubmit } from "../../api/use_submit";
import { Dialog } from "../../components/dialog";
import { Fieldset, FormProblem } from "../../components/field";
import type { Endpoints } from "./endpoints";
import { draftOf, EndpointFields, isUnfinished, typesOf } from "./form";
import { SigningSecret } from "./signing_secret";

const SIGNATURES: Record<EventEndpoint["signature"], { name: string; hint: string }> = {
  v1: { name: "By a shared secret", hint: "HMAC-SHA256 (v1), which every library of Standard Webhooks verifies." },
  v1a: { name: "By a key pair", hint: "Ed25519 (v1a): the receiver has a public key, and nothing to keep secret." },
};

interface Props {
  endpoints: Endpoints;
  onChanged: () => void;
  onClose: () => void;
}

export function NewEndpoint({ endpoints, onChanged, onClose }: Props) {
  const [draft, setDraft] = useState(draftOf);
  const [signature, setSignature] = useState<EventEndpoint["signature"]>("v1");
  const [made, setMade] = useState<CreatedEventEndpoint>();
  const { busy, problem, submit, edited } = useSubmit(
    (idempotencyKey) => {
      const { url, description } = draft;
      const body = { url: url.trim(), types: typesOf(draft), description: description.trim() || null, signature };
      return endpoints.create(body, idempotencyKey);
    },
    (answer) => {
      setMade(answer);
      onChanged();
    },
  );
  if (made) return <SigningSecret made={made} kind="created" onClose={onClose} />;
  const unfinished = isUnfinished(draft);
  return (
    <Dialog
      wide
      title="New endpoint"
      onClose={onClose}
      footer={
        <>
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" form="new-endpoint" class="button primary" aria-disabled={busy || unfinished}>
            {busy ? "Creating…" : "Create endpoint"}
          </button>
        </>
      }
    >
      <form
        id="new-endpoint"
        onSubmit={(event) => {
          event.preventDefault();
          if (!unfinished) submit();
        }}
      >
        <FormProblem problem={problem} />
        <EndpointFields
          value={draft}
          problem={problem}
          onChange={(to) => {
            setDraft(to);
            edited();
          }}
        />
        <Fieldset legend="How events are signed" hint="This can’t be changed later." error={problem?.errorOf("signature")}>
          <div class="row">
            {(["v1", "v1a"] as const).map((each) => (
              <label key={each} class="choice">
                <input
                  type="radio"
                  name="signature"
                  checked={signature === each}
                  onChange={() => {
                    setSignature(each);
                    edited();
                  }}
                />
                <span>{SIGNATURES[each].name}</span>
                <span class="hint">{SIGNATURES[each].hint}</span>
              </label>
            ))}
          </div>
        </Fieldset>
      </form>
    </Dialog>
  );
}
