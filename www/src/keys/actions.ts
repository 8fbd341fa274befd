// Lists the actions that a reader has for a key.

import type { Key } from "../api/types";
import type { MenuItem } from "../components/menu";
import type { I18n } from "../i18n";
import { isEnded, type Keys, mayChange } from "./context";
import type { Open } from "./dialogs";

/** The actions that this reader has for this key, the gravest last. */
export function actionsOf({ t }: I18n, keys: Keys, key: Key, onOpen: (open: Open) => void): MenuItem[] {
  if (!keys.rights.write || isEnded(key)) return [];
  const items: MenuItem[] = [];
  if (mayChange(keys, key)) {
    items.push({ label: t("action.edit"), onSelect: () => onOpen({ kind: "edit", key }) });
    if (key.status === "active" && !key.rotated_to) items.push({ label: t("action.rotate"), onSelect: () => onOpen({ kind: "rotate", key }) });
  }
  if (key.pending_end) items.push({ label: t("action.cancel_rotation"), onSelect: () => onOpen({ kind: "cancel", key }) });
  if (key.status === "active") items.push({ label: t("action.disable"), onSelect: () => onOpen({ kind: "disable", key }) });
  if (key.status === "disabled") items.push({ label: t("action.enable"), onSelect: () => onOpen({ kind: "enable", key }) });
  items.push({ label: t("action.revoke"), danger: true, onSelect: () => onOpen({ kind: "revoke", key }) });
  return items;
}
