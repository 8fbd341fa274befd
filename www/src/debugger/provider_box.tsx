// The choice of a provider: a combobox with a list that is searched, as the ARIA Authoring Practices describe it.

import { useId, useRef, useState } from "preact/hooks";

import type { Provider } from "./explanation";

interface Props {
  id: string;
  described: string | undefined;
  providers: Provider[];
  chosen: Provider | undefined;
  onChoose: (id: string) => void;
}

export function ProviderBox({ id, described, providers, chosen, onChoose }: Props) {
  const list = useId();
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState<string>();
  const [at, setAt] = useState(-1);
  const open = text !== undefined;
  const found = open ? matching(providers, text) : [];
  const choose = (provider: Provider | undefined): void => {
    if (provider) onChoose(provider.id);
    setText(undefined);
    setAt(-1);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const moves: Record<string, () => void> = {
      ArrowDown: () => (open ? move(at + 1) : setText("")),
      ArrowUp: () => (open ? move(at - 1) : setText("")),
      Enter: () => choose(found[at] ?? (text ? found[0] : undefined)),
      Escape: () => choose(undefined),
    };
    const act = moves[event.key];
    if (!act || (!open && event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
    event.preventDefault();
    act();
  };
  const move = (to: number): void => {
    const next = (to + found.length) % Math.max(found.length, 1);
    setAt(next);
    document.getElementById(`${list}-${next}`)?.scrollIntoView({ block: "nearest" });
  };
  return (
    <div class="combobox">
      <input
        ref={input}
        id={id}
        role="combobox"
        type="text"
        autocomplete="off"
        spellcheck={false}
        placeholder={`Search ${providers.length} providers`}
        aria-describedby={described}
        aria-expanded={open}
        aria-controls={list}
        aria-autocomplete="list"
        aria-activedescendant={open && at >= 0 ? `${list}-${at}` : undefined}
        value={text ?? chosen?.name ?? ""}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setAt(-1);
        }}
        onClick={() => setText((before) => before ?? "")}
        onFocus={(event) => event.currentTarget.select()}
        onBlur={() => choose(undefined)}
        onKeyDown={onKeyDown}
      />
      <ul id={list} role="listbox" aria-label="Providers" hidden={!open}>
        {found.map((provider, index) => (
          <li
            key={provider.id}
            id={`${list}-${index}`}
            role="option"
            aria-selected={index === at}
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => choose(provider)}
          >
            <span>{provider.name}</span> <span class="fine">{provider.signature[0]?.replace("header:", "")}</span>
          </li>
        ))}
        {open && found.length === 0 && (
          <li role="option" aria-selected={false} aria-disabled="true">
            No provider of this name. Choose “own scheme”.
          </li>
        )}
      </ul>
    </div>
  );
}

/** The providers whose name, id or place of the signature has all words; those whose name begins so come first. */
function matching(providers: Provider[], text: string): Provider[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const of = (provider: Provider): string => [provider.name, provider.id, ...provider.signature].join(" ").toLowerCase();
  const found = providers.filter((provider) => words.every((word) => of(provider).includes(word)));
  const rank = (provider: Provider): number => (words[0] && provider.name.toLowerCase().startsWith(words[0]) ? 0 : 1);
  return found.sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}
