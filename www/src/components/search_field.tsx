// A search whose text stands in the address.

import { useEffect, useRef, useState } from "preact/hooks";

import { useApp } from "../app";
import { firstPage } from "./paging";

const TYPING_MS = 250;

/** The list is asked for once the reader pauses. `name` is the parameter of the address. */
export function SearchField({ label, name = "q" }: { label: string; name?: string }) {
  const { router } = useApp();
  const shown = router.params.value[name] ?? "";
  const [text, setText] = useState(shown);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  // Back and forward change the address, and the field follows.
  useEffect(() => setText(shown), [shown]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const search = (value: string): void => {
    setText(value);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      // The page stays if the text is the same as before: the reader may have turned the page meanwhile.
      if (value === (router.params.value[name] ?? "")) return;
      router.set({ [name]: value, ...firstPage() }, { replace: true });
    }, TYPING_MS);
  };
  return (
    <input
      type="search"
      aria-label={label}
      placeholder={label}
      maxLength={100}
      value={text}
      onInput={(event) => search(event.currentTarget.value)}
    />
  );
}
