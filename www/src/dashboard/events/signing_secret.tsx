// What receivers verify events with, after an endpoint was made or got another secret.

import type { CreatedEventEndpoint } from "../../api/types";
import { CopyField } from "../../components/copy";
import { Dialog } from "../../components/dialog";
import { OneTimeSecret } from "../../components/one_time_secret";
import { Time } from "../../i18n";

interface Props {
  made: CreatedEventEndpoint;
  kind: "created" | "rotated";
  onClose: () => void;
}

export function SigningSecret({ made, kind, onClose }: Props) {
  const { secret, public_key, url, pending, previous_secret_ends_at: ends } = made;
  const after = (
    <>
      {kind === "rotated" && (
        <p class="notice">
          {ends === null ? (
            "The old one no longer signs."
          ) : (
            <span>
              Until <Time value={ends} form="minute" /> events have two signatures, by the new one and by the old one.
            </span>
          )}
        </p>
      )}
      {pending && <p class="notice warn">It signs as soon as the worker that sends events can be reached, by itself.</p>}
      <p class="fine">
        Give it to the receiver, which verifies each event with it as Standard Webhooks says. Then send a test event.
      </p>
    </>
  );
  if (secret !== null) {
    return (
      <OneTimeSecret
        title="Save this secret now"
        secret={secret}
        label="the secret"
        about={
          <>
            Events to{" "}
            <strong>
              <bdi>{url}</bdi>
            </strong>{" "}
            are signed with it. This is the only time that it is shown.
          </>
        }
        notCopied="The secret wasn’t copied here. If you close this without having saved it, rotate it to get another one."
        onClose={onClose}
      >
        {after}
      </OneTimeSecret>
    );
  }
  return (
    <Dialog
      wide
      title={kind === "created" ? "The endpoint is there" : "The key pair is another"}
      onClose={onClose}
      footer={
        <button type="button" class="button primary" onClick={onClose}>
          Close
        </button>
      }
    >
      <div class="stack">
        <p>
          Events to{" "}
          <strong>
            <bdi>{url}</bdi>
          </strong>{" "}
          are verified with this public key. The endpoint’s page shows it at any time.
        </p>
        {public_key !== null && <CopyField text={public_key} label="the public key" />}
        {after}
      </div>
    </Dialog>
  );
}
