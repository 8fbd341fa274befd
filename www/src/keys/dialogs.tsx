// Which dialog is open over the key pages.

import type { Key } from "../api/types";
import { ChangeDialog } from "./change_dialog";
import { EditKey } from "./edit_key";
import { ImportKeys } from "./import_keys";
import { NewKey } from "./new_key";
import { RevokeKey } from "./revoke_key";
import { RotateKey } from "./rotate_key";

export type Open =
  | { kind: "new" | "import" }
  | { kind: "edit" | "rotate" | "revoke" | "disable" | "enable" | "cancel"; key: Key }
  | undefined;

export function Dialogs({ open, onOpen }: { open: Open; onOpen: (open: Open) => void }) {
  const close = (): void => onOpen(undefined);
  switch (open?.kind) {
    case "new":
      return <NewKey onClose={close} />;
    case "import":
      return <ImportKeys onClose={close} />;
    case "edit":
      return <EditKey original={open.key} onClose={close} />;
    case "rotate":
      return <RotateKey old={open.key} onClose={close} />;
    case "revoke":
      return <RevokeKey target={open.key} onClose={close} onDisable={() => onOpen({ kind: "disable", key: open.key })} />;
    case "disable":
    case "enable":
    case "cancel":
      return <ChangeDialog kind={open.kind} target={open.key} onClose={close} />;
    default:
      return null;
  }
}
