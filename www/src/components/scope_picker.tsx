// Choosing scopes: by preset, in a matrix of resources where the vocabulary has that shape, or from a list.

import { useEffect, useId, useRef } from "preact/hooks";

import type { Catalog, ScopeDefinition } from "../api/types";
import { useI18n } from "../i18n";
import { Fieldset } from "./field";
import { impliedBy, type Resource, sameScopes, shapeOf, type Verb, VERBS } from "./scopes";

interface PickerProps {
  catalog: Catalog;
  chosen: readonly string[];
  onChange: (chosen: string[]) => void;
  /** The scopes that this reader may grant; null for all. Others aren't shown, unless they are chosen already. */
  grantable: readonly string[] | null;
  error?: string | undefined;
}

export function ScopePicker({ catalog, chosen, onChange, grantable, error }: PickerProps) {
  const { t } = useI18n();
  const set = new Set(chosen);
  const implied = impliedBy(catalog, set);
  const offered = catalog.scopes.filter(({ name }) => grantable === null || grantable.includes(name) || set.has(name));
  // A scope that nobody can have is shown with its reason, where its resource is offered.
  const { resources, others } = shapeOf(catalog.scopes.filter((scope) => offered.includes(scope) || scope.unavailable !== null), offered);
  const presets = catalog.presets.filter(({ scopes }) => scopes.every((each) => offered.some(({ name }) => name === each)));
  const put = (names: readonly string[], on: boolean): void => {
    const next = new Set(set);
    for (const name of names) {
      if (on) next.add(name);
      else next.delete(name);
    }
    // In the vocabulary's order, so that the same choice is the same request.
    onChange(catalog.scopes.map(({ name }) => name).filter((name) => next.has(name)));
  };
  const state: ChoiceState = { chosen: set, implied, put };
  return (
    <Fieldset legend={t("scopes")} hint={t("scopes.hint")} error={error}>
      {presets.length > 0 && (
        <div class="presets" role="group" aria-label={t("scopes.presets")}>
          {presets.map((preset) => (
            <button
              key={preset.name}
              type="button"
              class="preset"
              aria-pressed={sameScopes(preset.scopes, chosen)}
              onClick={() => onChange([...preset.scopes])}
            >
              <strong>{preset.name}</strong>
              {preset.description && <span>{preset.description}</span>}
            </button>
          ))}
        </div>
      )}
      {resources.length > 0 && <Matrix resources={resources} {...state} />}
      {others.length > 0 && (
        <div class="scope-list">
          {others.map((scope) => (
            <ScopeBox key={scope.name} scope={scope} {...state} />
          ))}
        </div>
      )}
      <p class="fine scope-count" aria-live="polite">
        {t("scopes.count", { n: set.size })}
        {set.size > 0 && (
          <button type="button" class="link" onClick={() => onChange([])}>
            {t("scopes.clear")}
          </button>
        )}
      </p>
    </Fieldset>
  );
}

interface ChoiceState {
  chosen: ReadonlySet<string>;
  implied: ReadonlyMap<string, string>;
  put: (names: readonly string[], on: boolean) => void;
}

/** One scope with its description; with the reason where no key can have it, or which other scope includes it. */
function ScopeBox({ scope, chosen, implied, put }: ChoiceState & { scope: ScopeDefinition }) {
  const { t } = useI18n();
  const id = useId();
  const by = implied.get(scope.name);
  const why = scope.unavailable !== null ? t("scopes.unavailable", { reason: scope.unavailable }) : by && t("scopes.implied", { by });
  return (
    <div class="check">
      <input
        type="checkbox"
        id={id}
        checked={chosen.has(scope.name) || by !== undefined}
        disabled={scope.unavailable !== null || by !== undefined}
        aria-describedby={`${id}-about`}
        onChange={(event) => put([scope.name], event.currentTarget.checked)}
      />
      <label for={id}>
        <code>{scope.name}</code>
      </label>
      <p class="hint" id={`${id}-about`}>
        {scope.description} {why && <em>{why}</em>}
      </p>
    </div>
  );
}

/** A row of two boxes for each resource, and one that sets a whole column. */
function Matrix({ resources, ...state }: ChoiceState & { resources: Resource[] }) {
  const { t } = useI18n();
  return (
    <div class="matrix">
      {resources.length > 2 && (
        <fieldset class="matrix-row all">
          <legend>{t("scopes.all")}</legend>
          {VERBS.map((verb) => (
            <ColumnBox key={verb} verb={verb} resources={resources} {...state} />
          ))}
        </fieldset>
      )}
      {resources.map((resource) => (
        <fieldset key={resource.name} class="matrix-row">
          <legend>
            <code>{resource.name}</code>
          </legend>
          {VERBS.map((verb) => (
            <CellBox key={verb} verb={verb} resource={resource} {...state} />
          ))}
          <Notes resource={resource} implied={state.implied} />
        </fieldset>
      ))}
    </div>
  );
}

function CellBox({ verb, resource, chosen, implied, put }: ChoiceState & { verb: Verb; resource: Resource }) {
  const { t } = useI18n();
  const scope = resource.cells[verb];
  if (!scope) {
    return (
      <span class="no-cell">
        <span aria-hidden="true">–</span>
        <span class="visually-hidden">{t("scopes.no_cell", { verb: t(`scopes.${verb}`) })}</span>
      </span>
    );
  }
  const included = implied.has(scope.name);
  return (
    <label class="cell-box" title={scope.name}>
      <input
        type="checkbox"
        aria-label={`${t(`scopes.${verb}`)}, ${resource.name}`}
        checked={chosen.has(scope.name) || included}
        disabled={scope.unavailable !== null || included}
        onChange={(event) => put([scope.name], event.currentTarget.checked)}
      />
      <span>{t(`scopes.${verb}`)}</span>
    </label>
  );
}

/** Says what the row's scopes are for, and why a box can't be changed. */
function Notes({ resource, implied }: { resource: Resource; implied: ReadonlyMap<string, string> }) {
  const { t } = useI18n();
  const notes = VERBS.flatMap((verb) => {
    const scope = resource.cells[verb];
    if (!scope) return [];
    if (scope.unavailable !== null) return [t("scopes.cell_unavailable", { verb: t(`scopes.${verb}`), reason: scope.unavailable })];
    const by = implied.get(scope.name);
    return [scope.description, by && t("scopes.cell_implied", { verb: t(`scopes.${verb}`), by })].filter((each): each is string => !!each);
  });
  if (notes.length === 0) return null;
  return <p class="hint">{notes.join(" ")}</p>;
}

/** Checked if the whole column is, mixed if a part is. */
function ColumnBox({ verb, resources, chosen, implied, put }: ChoiceState & { verb: Verb; resources: Resource[] }) {
  const { t } = useI18n();
  const ref = useRef<HTMLInputElement>(null);
  const names = resources.flatMap(({ cells }) => (cells[verb] && cells[verb].unavailable === null ? [cells[verb].name] : []));
  const on = names.filter((name) => chosen.has(name) || implied.has(name)).length;
  useEffect(() => {
    if (ref.current) ref.current.indeterminate = on > 0 && on < names.length;
  });
  return (
    <label class="cell-box">
      <input
        ref={ref}
        type="checkbox"
        aria-label={t("scopes.column", { verb: t(`scopes.${verb}`) })}
        checked={names.length > 0 && on === names.length}
        disabled={names.every((name) => implied.has(name))}
        onChange={(event) => put(names, event.currentTarget.checked)}
      />
      <span>{t(`scopes.${verb}`)}</span>
    </label>
  );
}
