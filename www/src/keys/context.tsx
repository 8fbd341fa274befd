// The context that the key pages share: their tenant, the reader's rights, and the catalog of scopes.

import { type ComponentChildren, createContext } from "preact";
import { useContext } from "preact/hooks";

import type { Catalog, Key, KeyStatus, Limits } from "../api/types";
import type { Rights } from "../rights";

/** How many keys a tenant has of each status, and the limits on them. */
export interface Standing {
  keys: Record<KeyStatus, number>;
  limits: Limits;
}

export interface Keys {
  tenant: string;
  rights: Rights;
  catalog: Catalog;
  standing: Standing;
  /** The level of the page's own heading: 2 where the element stands in a page that has one. */
  level: 1 | 2;
  /** Where the guarded API is, for the examples. */
  api: string;
  /** To be called after a change of a key: the list and the counts ask again. */
  changed: () => void;
  /** Grows with each change. */
  version: number;
}

const KeysContext = createContext<Keys | undefined>(undefined);

export function KeysProvider({ value, children }: { value: Keys; children: ComponentChildren }) {
  return <KeysContext.Provider value={value}>{children}</KeysContext.Provider>;
}

export function useKeys(): Keys {
  const keys = useContext(KeysContext);
  if (!keys) throw new Error("useKeys outside of <KeysApp>");
  return keys;
}

/** The heading of the list or of a key. Focus lands here where what had it is gone. */
export function Title({ children }: { children: ComponentChildren }) {
  const Heading = useKeys().level === 1 ? "h1" : "h2";
  return (
    <Heading class="title" part="title" tabIndex={-1} data-landing>
      {children}
    </Heading>
  );
}

/** The heading of a part of a key's page. */
export function Subtitle({ children }: { children: ComponentChildren }) {
  const Heading = useKeys().level === 1 ? "h2" : "h3";
  return <Heading class="subtitle">{children}</Heading>;
}

export const isEnded = ({ status }: Key): boolean => status === "revoked" || status === "expired";

/** Whether this reader may change the key: nobody changes a key that has a scope which they can't grant. */
export const mayChange = ({ rights }: Keys, key: Key): boolean =>
  rights.write && !isEnded(key) && (rights.grantable === null || key.scopes.every((scope) => rights.grantable?.includes(scope)));
