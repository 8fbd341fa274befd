// The fields of an endpoint: where events are sent, and which.

import type { Problem } from "../../api/problem";
import type { EventEndpoint, EventType } from "../../api/types";
import { Field, Fieldset } from "../../components/field";
import { TYPES } from "./words";

/** What a form holds. */
export interface Draft {
  url: string;
  description: string;
  /** All types, those to come included; or only some. */
  every: boolean;
  types: readonly EventType[];
}

export const draftOf = (endpoint?: EventEndpoint): Draft => ({
  url: endpoint?.url ?? "",
  description: endpoint?.description ?? "",
  every: !endpoint || endpoint.types.length === 0,
  types: endpoint?.types ?? [],
});

/** The types as the API has them: none for all. */
export const typesOf = ({ every, types }: Draft): EventType[] => (every ? [] : [...types]);

/** Whether something is left to be chosen. */
export const isUnfinished = ({ every, types }: Draft): boolean => !every && types.length === 0;

interface Props {
  value: Draft;
  problem: Problem | undefined;
  onChange: (draft: Draft) => void;
}

export function EndpointFields({ value, problem, onChange }: Props) {
  const change = (part: Partial<Draft>): void => onChange({ ...value, ...part });
  return (
    <>
      <Field
        label="Address"
        hint="https, on a public host. Redirects are not followed."
        error={problem?.errorOf("url")}
        required
      >
        {(control) => (
          <input
            {...control}
            type="url"
            inputMode="url"
            maxLength={2000}
            placeholder="https://example.com/events"
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            dir="ltr"
            value={value.url}
            onInput={(event) => change({ url: event.currentTarget.value })}
          />
        )}
      </Field>
      <Field label="Description" optional hint="Whose it is, or what for." error={problem?.errorOf("description")}>
        {(control) => (
          <input
            {...control}
            maxLength={200}
            autocomplete="off"
            value={value.description}
            onInput={(event) => change({ description: event.currentTarget.value })}
          />
        )}
      </Field>
      <Fieldset legend="Which events" error={problem?.errorOf("types")}>
        <div class="row">
          <label class="choice">
            <input type="radio" name="types" checked={value.every} onChange={() => change({ every: true })} />
            <span>All</span>
            <span class="hint">Types to come included.</span>
          </label>
          <label class="choice">
            <input type="radio" name="types" checked={!value.every} onChange={() => change({ every: false })} />
            <span>Only some</span>
            <span class="hint">Those that you choose.</span>
          </label>
        </div>
      </Fieldset>
      {!value.every && <TypeChoice chosen={value.types} onChange={(types) => change({ types })} />}
    </>
  );
}

function TypeChoice({ chosen, onChange }: { chosen: readonly EventType[]; onChange: (types: EventType[]) => void }) {
  return (
    <>
      {TYPES.map(({ group, types }) => (
        <Fieldset key={group} legend={group}>
          <div class="scope-list">
            {(Object.keys(types) as EventType[]).map((type) => (
              <label key={type} class="check">
                <input
                  type="checkbox"
                  checked={chosen.includes(type)}
                  onChange={(event) =>
                    onChange(event.currentTarget.checked ? [...chosen, type] : chosen.filter((each) => each !== type))
                  }
                />
                <code>{type}</code>
                <span class="hint">{types[type]}</span>
              </label>
            ))}
          </div>
        </Fieldset>
      ))}
    </>
  );
}
