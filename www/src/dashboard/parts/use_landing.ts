// Where the focus goes when what had it is gone.

import { useEffect } from "preact/hooks";

/** If the focused element went with a change, such as the button of a row, the page's title has the focus. */
export function useLanding(changed: unknown): void {
  useEffect(() => {
    if (document.activeElement !== document.body) return;
    document.querySelector<HTMLElement>("h1[data-landing]")?.focus({ preventScroll: true });
  }, [changed]);
}
