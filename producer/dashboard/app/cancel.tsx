/** Asks before a task or a batch is cancelled, and cancels it. */
import type { ComponentChildren } from "preact";
import { api } from "./api.ts";
import { Dialog } from "./dialog.tsx";

interface Props {
  what: "task" | "batch";
  id: string;
  close: () => void;
  done: () => void;
  /** What becomes of it. */
  children: ComponentChildren;
}

export function Cancel({ what, id, close, done, children }: Props) {
  const act = async () => {
    const answer =
      what === "task"
        ? await api("POST /v1/tasks/:id/cancel", { id })
        : await api("POST /v1/batches/:id/cancel", { id });
    if (!answer.ok) return answer.error;
    done();
    return null;
  };
  return (
    <Dialog
      title={`Cancel this ${what}?`}
      verb={`Cancel the ${what}`}
      danger
      act={act}
      close={close}
    >
      <p>{children}</p>
    </Dialog>
  );
}
