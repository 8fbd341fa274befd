// What can be done with an endpoint: the entries of its menu, and their dialogs.

import type { EventEndpoint } from "../../api/types";
import { useApp } from "../../app";
import type { MenuItem } from "../../components/menu";
import { type Act, ActOnEndpoint } from "./act";
import { EditEndpoint } from "./edit";
import type { Endpoints, Recorded } from "./endpoints";
import { RotateSecret } from "./rotate";
import { TestEndpoint } from "./test";

/** The dialog that is open. */
export interface Open {
  kind: Act | "edit" | "rotate" | "test";
  endpoint: EventEndpoint;
}

export function actionsOn(endpoint: EventEndpoint, onOpen: (open: Open) => void): MenuItem[] {
  const item = (label: string, kind: Open["kind"]): MenuItem => ({ label, onSelect: () => onOpen({ kind, endpoint }) });
  return [
    item("Send a test event", "test"),
    item("Edit", "edit"),
    endpoint.status === "active" ? item("Pause", "pause") : item("Make active", "resume"),
    item(endpoint.signature === "v1" ? "Rotate the secret" : "Rotate the key pair", "rotate"),
    { ...item("Delete", "delete"), danger: true },
  ];
}

const DONE: Record<Act | "edit", string> = {
  edit: "The endpoint is saved.",
  pause: "The endpoint is paused.",
  resume: "The endpoint is active.",
  delete: "The endpoint is deleted.",
};
const PENDING = "Recorded. It is in effect as soon as the worker that sends events can be reached, by itself.";

interface Props {
  open: Open | undefined;
  endpoints: Endpoints;
  /** Something is another than it was. */
  onChanged: () => void;
  onDeleted?: () => void;
  onClose: () => void;
}

export function ActionDialog({ open, endpoints, onChanged, onDeleted, onClose }: Props) {
  const { announce } = useApp();
  if (!open) return null;
  const { kind, endpoint } = open;
  switch (kind) {
    case "test":
      return <TestEndpoint endpoints={endpoints} target={endpoint} onTested={onChanged} onClose={onClose} />;
    case "rotate":
      return <RotateSecret endpoints={endpoints} target={endpoint} onChanged={onChanged} onClose={onClose} />;
    default: {
      const done = (recorded: Recorded): void => {
        onClose();
        if (kind === "delete" && onDeleted) onDeleted();
        else onChanged();
        announce(recorded === "pending" ? PENDING : DONE[kind]);
      };
      if (kind === "edit") {
        return <EditEndpoint endpoints={endpoints} original={endpoint} onDone={done} onClose={onClose} />;
      }
      return <ActOnEndpoint act={kind} endpoints={endpoints} target={endpoint} onDone={done} onClose={onClose} />;
    }
  }
}
