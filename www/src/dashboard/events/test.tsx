// Sending a test event, and what came of it.

import { useState } from "preact/hooks";

import type { EventAttempt, EventEndpoint } from "../../api/types";
import { useSubmit } from "../../api/use_submit";
import { useApp } from "../../app";
import { Dialog } from "../../components/dialog";
import { FormProblem } from "../../components/field";
import type { Endpoints } from "./endpoints";
import { EndpointLine } from "./line";
import { Outcome, Took } from "./outcome";
import { OUTCOMES } from "./words";

interface Props {
  endpoints: Endpoints;
  target: EventEndpoint;
  onTested: () => void;
  onClose: () => void;
}

export function TestEndpoint({ endpoints, target, onTested, onClose }: Props) {
  const { announce } = useApp();
  const [attempt, setAttempt] = useState<EventAttempt>();
  const { busy, problem, submit } = useSubmit(
    () => endpoints.test(target.id),
    (answer) => {
      setAttempt(answer);
      announce(`${OUTCOMES[answer.outcome].name}. ${OUTCOMES[answer.outcome].means}`);
      onTested();
    },
  );
  return (
    <Dialog
      title="Send a test event"
      onClose={onClose}
      footer={
        <>
          <button type="button" class="button" onClick={onClose}>
            Close
          </button>
          <button type="button" class="button primary" data-focus aria-disabled={busy} onClick={submit}>
            {busy ? "Sending…" : attempt ? "Send another" : "Send it"}
          </button>
        </>
      }
    >
      <div class="stack">
        <EndpointLine value={target} />
        <p>
          An event of the type <code>endpoint.test</code> is sent now, once, and signed as every other
          {target.status !== "active" && ", although the endpoint gets no others now"}.
        </p>
        <FormProblem problem={problem} />
        {attempt && (
          <dl class="facts">
            <div>
              <dt>Outcome</dt>
              <dd>
                <Outcome attempt={attempt} />
              </dd>
            </div>
            <div>
              <dt>Took</dt>
              <dd>
                <Took ms={attempt.duration_ms} />
              </dd>
            </div>
            <div>
              <dt>Event</dt>
              <dd>
                <code>{attempt.event}</code>
              </dd>
            </div>
          </dl>
        )}
      </div>
    </Dialog>
  );
}
