// A button that opens a menu of actions, by the pattern of the ARIA Authoring Practices Guide.

import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";

export interface MenuItem {
  label: string;
  onSelect: () => void;
  danger?: boolean;
}

/** Arrows, Home, End and first letters move; Esc and Tab close; focus returns to the button. */
export function MenuButton({ label, items, children }: { label: string; items: MenuItem[]; children?: ComponentChildren }) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);
  const first = useRef<"first" | "last">("first");

  useEffect(() => {
    const list = menu.current;
    if (!list) return;
    const toggled = (event: Event): void => setOpen((event as ToggleEvent).newState === "open");
    list.addEventListener("toggle", toggled);
    return () => list.removeEventListener("toggle", toggled);
  }, []);
  useEffect(() => {
    if (!open) return;
    // A menu is placed once: it would float over other things if the page moved under it.
    const hide = (): void => menu.current?.hidePopover();
    addEventListener("scroll", hide, { capture: true, passive: true });
    addEventListener("resize", hide);
    return () => {
      removeEventListener("scroll", hide, { capture: true });
      removeEventListener("resize", hide);
    };
  }, [open]);

  const entries = (): HTMLElement[] => [...(menu.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
  const show = (which: "first" | "last"): void => {
    if (!menu.current || !button.current) return;
    first.current = which;
    menu.current.showPopover();
    place(menu.current, button.current);
    entries().at(which === "first" ? 0 : -1)?.focus({ preventScroll: true });
  };
  // The state follows an event that comes later, which a fast Enter doesn't wait for.
  const isOpen = (): boolean => menu.current?.matches(":popover-open") ?? false;
  const openWhenPressed = useRef(false);
  const close = (): void => {
    menu.current?.hidePopover();
    button.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const all = entries();
    const at = all.indexOf(event.target as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (to !== undefined) all.at(to % all.length)?.focus();
    else if (event.key === "Escape" || event.key === "Tab") close();
    else if (event.key.length === 1 && event.key !== " ") {
      const later = [...all.slice(at + 1), ...all.slice(0, at + 1)];
      later.find((each) => each.textContent?.trim().toLowerCase().startsWith(event.key.toLowerCase()))?.focus();
    } else return;
    if (event.key !== "Tab") event.preventDefault();
    event.stopPropagation();
  };

  return (
    <>
      <button
        ref={button}
        type="button"
        class="icon-button"
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={id}
        aria-label={label}
        onPointerDown={() => {
          openWhenPressed.current = isOpen();
        }}
        onClick={({ detail }) => {
          // A click beside an open menu closes it, and this button is beside it: it must not open again.
          const closed = detail > 0 && openWhenPressed.current;
          openWhenPressed.current = false;
          if (isOpen() || closed) close();
          else show("first");
        }}
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
          event.preventDefault();
          show(event.key === "ArrowDown" ? "first" : "last");
        }}
      >
        {children ?? <Dots />}
      </button>
      <div ref={menu} id={id} popover="auto" role="menu" aria-label={label} class="menu" part="menu" onKeyDown={onKeyDown}>
        {items.map((item) => (
          <button
            key={item.label}
            type="button"
            role="menuitem"
            tabIndex={-1}
            class={item.danger ? "danger" : undefined}
            onClick={() => {
              close();
              item.onSelect();
            }}
          >
            {item.label}
          </button>
        ))}
      </div>
    </>
  );
}

const GAP = 4;

/** Puts the menu below its button, or above it where there is no room, its end at the button's end. */
function place(menu: HTMLElement, button: HTMLElement): void {
  const at = button.getBoundingClientRect();
  const rtl = getComputedStyle(button).direction === "rtl";
  const { offsetWidth, offsetHeight } = menu;
  const start = rtl ? at.left : at.right - offsetWidth;
  const below = at.bottom + GAP;
  const fits = below + offsetHeight <= innerHeight;
  menu.style.left = `${Math.max(GAP, Math.min(start, document.documentElement.clientWidth - offsetWidth - GAP))}px`;
  menu.style.top = `${fits ? below : Math.max(GAP, at.top - GAP - offsetHeight)}px`;
}

const Dots = () => (
  <svg viewBox="0 0 16 16" aria-hidden="true" class="icon dots">
    <circle cx="3" cy="8" r="1.4" />
    <circle cx="8" cy="8" r="1.4" />
    <circle cx="13" cy="8" r="1.4" />
  </svg>
);
