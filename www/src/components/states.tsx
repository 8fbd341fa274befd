// The states of a list or a page that has nothing to show: loading, nothing there, something wrong.

import type { ComponentChildren } from "preact";

import type { Problem } from "../api/problem";
import { type I18n, useI18n } from "../i18n";

/** Placeholder rows. They appear late, so that a fast answer doesn't make the page flicker. */
export function Loading({ rows = 3 }: { rows?: number }) {
  const { t } = useI18n();
  return (
    <div class="loading" role="status">
      <span class="visually-hidden">{t("loading")}</span>
      {Array.from({ length: rows }, (_, at) => (
        <span key={at} class="skeleton" aria-hidden="true" />
      ))}
    </div>
  );
}

/** Nothing there, and what to do about it. `level` makes its title a heading, where there is no other. */
export function Empty({ title, level, children }: { title: ComponentChildren; level?: 1 | 2; children?: ComponentChildren }) {
  const Title = level ? (`h${level}` as const) : "p";
  return (
    <div class="empty" part="empty">
      <Title class="empty-title">{title}</Title>
      {children}
    </div>
  );
}

/** A question that failed, with a way to ask again. */
export function ProblemView({ problem, onRetry }: { problem: Problem; onRetry?: () => void }) {
  const i18n = useI18n();
  return (
    <div class="notice bad" role="alert">
      <p>{problemText(i18n, problem)}</p>
      {problem.requestId && <p class="fine">{i18n.t("request_id", { id: problem.requestId })}</p>}
      {onRetry && (
        <button type="button" class="button" onClick={onRetry}>
          {i18n.t("retry")}
        </button>
      )}
    </div>
  );
}

/** The text for a problem: the page's own words if it has some for the code, else the API's. */
export function problemText(i18n: I18n, problem: Problem): string {
  const own = i18n.maybe(`problem.${problem.code}`);
  if (own) return i18n.format(own, { ...numbersOf(problem), detail: problem.message });
  return problem.message;
}

const numbersOf = (problem: Problem): Record<string, string | number> =>
  Object.fromEntries(
    Object.entries(problem.body).filter((pair): pair is [string, string | number] => ["string", "number"].includes(typeof pair[1])),
  );
