/** Asks before a task or a batch is cancelled, and cancels it. */
import type { ComponentChildren } from "preact";
import { call } from "./api.ts";
import { Dialog } from "./dialog.tsx";
import type { Batch, Task } from "./shapes.ts";

interface Props {
  what: "task" | "batch";
  /** The path of what is cancelled. */
  path: string;
  close: () => void;
  done: () => void;
  /** What becomes of it. */
  children: ComponentChildren;
}

export function Cancel({ what, path, close, done, children }: Props) {
  const act = async () => {
    const answer = await call<Task | Batch>("POST", `${path}/cancel`);
    if (!answer.ok) return answer.problem;
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
