/** Asks before a task or a batch is cancelled, and cancels it. */
import type { ComponentChildren } from "preact";
import { api } from "../data/api.ts";
import { Dialog } from "./dialog.tsx";

interface CancelDialogProps {
  what: "task" | "batch";
  id: string;
  close: () => void;
  onCancelled: () => void;
  /** What cancelling does. */
  children: ComponentChildren;
}

export function CancelDialog({ what, id, close, onCancelled, children }: CancelDialogProps) {
  const cancel = async () => {
    const result =
      what === "task"
        ? await api("POST /v1/tasks/:id/cancel", { id })
        : await api("POST /v1/batches/:id/cancel", { id });
    if (!result.ok) return result.error;
    onCancelled();
    return null;
  };
  return (
    <Dialog
      title={`Cancel this ${what}?`}
      verb={`Cancel the ${what}`}
      danger
      act={cancel}
      close={close}
    >
      <p>{children}</p>
    </Dialog>
  );
}
