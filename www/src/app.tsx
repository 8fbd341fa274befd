// Gives every component of a page the API, the place, and a way to speak to the reader.

import { type ComponentChildren, createContext, type RefObject } from "preact";
import { useContext, useRef } from "preact/hooks";

import type { Client } from "./api/client";
import { type I18n, I18nContext, useI18n } from "./i18n";
import type { Router } from "./router";

export interface App {
  client: Client;
  router: Router;
  /** Tells a screen reader something that happened elsewhere than at its focus. */
  announce: (text: string) => void;
}

const AppContext = createContext<App | undefined>(undefined);

export function useApp(): App & { i18n: I18n } {
  const app = useContext(AppContext);
  if (!app) throw new Error("useApp outside of <AppRoot>");
  return { ...app, i18n: useI18n() };
}

/** The root of a page or of the element: its language, its API and its live region. */
export function AppRoot(props: { client: Client; router: Router; i18n: I18n; children: ComponentChildren }) {
  const live = useRef<HTMLDivElement>(null);
  const app = useRef<App | undefined>(undefined);
  app.current ??= { client: props.client, router: props.router, announce: (text) => say(live, text) };
  return (
    <I18nContext.Provider value={props.i18n}>
      <AppContext.Provider value={app.current}>
        {props.children}
        <div ref={live} class="visually-hidden" role="status" aria-live="polite" />
      </AppContext.Provider>
    </I18nContext.Provider>
  );
}

/** The same text twice is said twice, since the region is empty in between. A modal dialog has a region of its own. */
function say(live: RefObject<HTMLDivElement | null>, text: string): void {
  const root = live.current?.getRootNode() as Document | ShadowRoot | undefined;
  const dialogs = root?.querySelectorAll<HTMLElement>("dialog:modal [data-live]");
  const region = dialogs?.[dialogs.length - 1] ?? live.current;
  if (!region) return;
  region.textContent = "";
  setTimeout(() => {
    region.textContent = text;
  }, 50);
}

/** A link to a place: an anchor where places have addresses, else a button that looks like one. */
export function Link(props: { to: Record<string, string | undefined>; class?: string; current?: boolean; children: ComponentChildren }) {
  const { router } = useApp();
  const href = router.href(props.to);
  const follow = (event: MouseEvent): void => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    router.go(props.to);
  };
  const current = props.current ? ("page" as const) : undefined;
  if (href === undefined) {
    return (
      <button type="button" class={`link ${props.class ?? ""}`} aria-current={current} onClick={follow}>
        {props.children}
      </button>
    );
  }
  return (
    <a href={href} class={props.class} aria-current={current} onClick={follow}>
      {props.children}
    </a>
  );
}
