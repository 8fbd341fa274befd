// Pages of a list by cursors. The address has the cursors of the pages before, so back, forward and reload work.

import type { ComponentChildren } from "preact";

import { useApp } from "../app";
import { Empty } from "./states";

/** Where the reader is in a list. `name` keeps the lists of one page apart. */
export interface Place {
  cursor: string | undefined;
  /** The page's number, from 1. */
  page: number;
  next: (cursor: string) => void;
  previous: () => void;
}

/** The parameters to add to the change of a filter: another list begins at its first page. */
export const firstPage = (name = "after"): Record<string, undefined> => ({ [name]: undefined });

export function usePlace(name = "after"): Place {
  const { router } = useApp();
  const cursors = router.params.value[name]?.split(",") ?? [];
  const move = (to: string[]): void => router.set({ [name]: to.join(",") });
  return {
    cursor: cursors.at(-1),
    page: cursors.length + 1,
    next: (cursor) => move([...cursors, cursor]),
    previous: () => move(cursors.slice(0, -1)),
  };
}

export function Paging({ place, next, label }: { place: Place; next: string | null | undefined; label: string }) {
  const { i18n } = useApp();
  if (place.page === 1 && !next) return null;
  const { t } = i18n;
  return (
    <nav class="paging" part="paging" aria-label={label}>
      <button type="button" class="button" aria-disabled={place.page === 1} onClick={() => place.page > 1 && place.previous()}>
        {t("previous")}
      </button>
      <span>{t("page", { n: place.page })}</span>
      <button type="button" class="button" aria-disabled={!next} onClick={() => next && place.next(next)}>
        {t("next")}
      </button>
    </nav>
  );
}

/** Stands in place of an empty page: the search goes on, or the list has ended, or it has nothing at all (`children`). */
export function EmptyPage({ place, next, children }: { place: Place; next: string | null; children: ComponentChildren }) {
  const { t } = useApp().i18n;
  if (next) {
    return (
      <Empty title={t("search.none_yet")}>
        <p>{t("search.none_yet.hint")}</p>
        <button type="button" class="button primary" onClick={() => place.next(next)}>
          {t("search.go_on")}
        </button>
      </Empty>
    );
  }
  return place.page > 1 ? <Empty title={t("search.no_more")} /> : <>{children}</>;
}
