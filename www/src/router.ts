// Where the reader is: the query of the page's address, or a variable in a page that isn't ours.

import { signal, type ReadonlySignal } from "@preact/signals";

export type Params = Readonly<Record<string, string>>;
/** The parameters to change. An empty value or undefined removes one. */
export type Change = Record<string, string | undefined>;

export interface Router {
  readonly params: ReadonlySignal<Params>;
  /** Changes some parameters. Back undoes it, unless it replaces the present place, as typing in a filter does. */
  set(change: Change, options?: { replace?: boolean }): void;
  /** Goes to a place that has these parameters and no others. */
  go(params: Change): void;
  /** The address of that place, for a link; undefined where places have none. */
  href(params: Change): string | undefined;
}

/** Places are addresses. Back, forward and reload work. */
export function addressRouter(): Router {
  const read = (): Params => present(Object.fromEntries(new URLSearchParams(location.search)));
  const params = signal<Params>(read());
  addEventListener("popstate", () => {
    params.value = read();
  });
  const href = (to: Change): string => {
    const query = new URLSearchParams(Object.entries(present(to)));
    return `${location.pathname}${query.size > 0 ? `?${query}` : ""}`;
  };
  const move = (to: Change, replace: boolean): void => {
    const address = href(to);
    if (address !== location.pathname + location.search) {
      if (replace) history.replaceState(null, "", address);
      else history.pushState(null, "", address);
    }
    params.value = present(to);
  };
  return {
    params,
    href,
    set: (change, { replace = false } = {}) => move({ ...params.value, ...change }, replace),
    go: (to) => {
      move(to, false);
      scrollTo(0, 0);
    },
  };
}

/** Places are kept in a variable: an embedded element leaves its host's address alone. */
export function memoryRouter(): Router {
  const params = signal<Params>({});
  return {
    params,
    href: () => undefined,
    set: (change) => {
      params.value = present({ ...params.value, ...change });
    },
    go: (to) => {
      params.value = present(to);
    },
  };
}

const present = (params: Change): Record<string, string> =>
  Object.fromEntries(Object.entries(params).filter((pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== ""));
