// Shows step by step what the engine read and computed.

import type { ComponentChildren } from "preact";

import { useI18n } from "../i18n";
import { BytesView } from "./bytes_view";
import type { Explanation, Reading, SecretStep, TimestampStep } from "./explanation";
import { Prose } from "./prose";

type State = "good" | "bad" | "open";

export function StepsView({ explanation }: { explanation: Explanation }) {
  const { steps } = explanation;
  return (
    <>
      <ol class="steps">
        <Step title="Secrets" state={steps.secrets.every(({ problem }) => !problem) ? "good" : "bad"}>
          {steps.secrets.map((secret) => (
            <SecretLine key={secret.index} secret={secret} />
          ))}
        </Step>
        {steps.problem && (
          <Step title="The delivery" state="bad">
            <p>
              <Prose text={steps.problem.detail} />
            </p>
          </Step>
        )}
        {steps.readings.map((reading, at) => (
          <ReadingSteps key={at} reading={reading} of={steps.readings.length} at={at} />
        ))}
      </ol>
    </>
  );
}

function Step({ title, state, children }: { title: string; state: State; children: ComponentChildren }) {
  const name = { good: "Good", bad: "Not good", open: "For your information" }[state];
  return (
    <li class={`step ${state}`}>
      <h3>
        {title}
        <span class="visually-hidden">: {name}</span>
      </h3>
      {children}
    </li>
  );
}

function SecretLine({ secret }: { secret: SecretStep }) {
  if (secret.problem) {
    return (
      <p>
        <Prose text={secret.problem} />
      </p>
    );
  }
  const keys = secret.key_lengths.map((length) => `${length} bytes`).join(" and ");
  return (
    <p>
      Secret {secret.index + 1}, read as {secret.forms.join(" or ")}: a key of {keys}.
    </p>
  );
}

function ReadingSteps({ reading, of, at }: { reading: Reading; of: number; at: number }) {
  const which = of > 1 ? (reading.item === null ? `, group ${at + 1}` : `, item ${reading.item + 1}`) : "";
  const found = reading.sources.some(({ values }) => values.length > 0);
  return (
    <>
      <Step title={`Signature read${which}`} state={found && !reading.problem ? "good" : "bad"}>
        {reading.sources.map(({ place, values }) => (
          <p key={place}>
            <code>{place}</code>: {values.length === 0 ? "nothing there" : values.map((value, index) => <Value key={index} text={value} />)}
          </p>
        ))}
        {reading.entries.length > 0 && (
          <ul class="entries">
            {reading.entries.map((entry, index) => (
              <li key={index} class={entry.used ? "used" : undefined}>
                <Value text={entry.text} />
                <span class="hint"><Prose text={`${entry.used ? "compared" : "not compared"}: ${entry.note}`} /></span>
              </li>
            ))}
          </ul>
        )}
        {reading.problem && <p class="error">
            <Prose text={reading.problem.detail} />
          </p>}
      </Step>
      {reading.timestamp && <TimeStep time={reading.timestamp} />}
      {reading.messages.length > 0 && (
        <Step title="What is signed" state={reading.messages.every(({ problem }) => problem) ? "bad" : "open"}>
          {reading.messages.map((message, index) => (
            <div key={index} class="message">
              <p>
                <code>{message.template.replaceAll("\n", "\\n")}</code>, {message.length.toLocaleString("en-GB")} bytes
              </p>
              {message.problem && <p class="error">
                  <Prose text={message.problem.detail} />
                </p>}
              <ol class="parts">
                {message.parts.map((part, place) => (
                  <li key={place}>
                    <span class="part-label">
                      <code>{part.label === "text" ? "fixed text" : part.label}</code>
                      <span class="fine"> {part.length.toLocaleString("en-GB")} B</span>
                    </span>
                    {part.bytes ? (
                      <BytesView hex={part.bytes.hex} length={part.bytes.length} label={`Part ${place + 1}, ${part.label}`} />
                    ) : (
                      <p class="hint">not shown</p>
                    )}
                  </li>
                ))}
              </ol>
            </div>
          ))}
        </Step>
      )}
      {reading.comparisons.length > 0 && (
        <Step title="Compared" state={reading.comparisons.some(({ entry }) => entry !== null) ? "good" : "bad"}>
          <ul class="entries">
            {reading.comparisons.map((comparison, index) => (
              <li key={index} class={comparison.entry === null ? undefined : "used"}>
                <span>
                  {comparison.entry === null ? "✕" : "✓"} Secret {comparison.secret + 1}
                  {reading.messages.length > 1 && `, message ${comparison.message + 1}`}, {comparison.algorithm}, read as {comparison.form}:{" "}
                  {comparison.entry === null ? "no signature matches" : `signature ${comparison.entry + 1} matches`}
                </span>
                {comparison.computed !== null && comparison.entry === null && (
                  <details>
                    <summary>What this secret gives for this message</summary>
                    <p class="hint">Compare it with what your code computes. Whoever has it can forge this delivery.</p>
                    <Value text={comparison.computed} />
                  </details>
                )}
              </li>
            ))}
          </ul>
        </Step>
      )}
      {reading.checks.length > 0 && (
        <Step title="Claims and hashes" state={reading.checks.every(({ holds }) => holds) ? "good" : "bad"}>
          <ul class="entries">
            {reading.checks.map(({ place, stated, expected, holds }) => (
              <li key={place}>
                <span>
                  {holds ? "✓" : "✕"} <code>{place}</code>
                </span>
                {!holds && (
                  <span class="hint">
                    is <Value text={stated.join(", ") || "absent"} />, and must be <Value text={expected} />
                  </span>
                )}
              </li>
            ))}
          </ul>
        </Step>
      )}
    </>
  );
}

function TimeStep({ time }: { time: TimestampStep }) {
  const i18n = useI18n();
  const away = time.age === null ? "" : `${i18n.duration(Math.abs(time.age))} ${time.age < 0 ? "ahead of" : "before"} the time of this check`;
  const limits = time.enforced ? `${i18n.duration(time.past)} before and ${i18n.duration(time.future)} ahead are allowed` : "no limit is enforced";
  return (
    <Step title="Timestamp" state={time.problem ? "bad" : "good"}>
      <p>
        <code>{time.place}</code>: {time.text === null ? "nothing there" : <Value text={time.text} />}
      </p>
      {time.time !== null && (
        <p>
          {utc(time.time)}, {away}; {limits}.
        </p>
      )}
      {time.problem && <p class="error">
          <Prose text={time.problem.detail} />
        </p>}
      {!time.signed && <p class="hint">It isn’t part of what is signed.</p>}
    </Step>
  );
}

const utc = (seconds: number): string => {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? `${seconds} s` : `${date.toISOString().replace("T", " ").slice(0, 19)} UTC`;
};

const Value = ({ text }: { text: string }) => (
  <bdi class="value mono" dir="ltr">
    {text}
  </bdi>
);
