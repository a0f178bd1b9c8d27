/** What a user can do with a task: download its result, cancel or redrive it. */
import { useState } from "preact/hooks";
import { saveResponse } from "../../data/downloads.ts";
import type { Task } from "../../data/responses.ts";
import { CancelDialog } from "../../parts/cancel_dialog.tsx";
import { ActionMessage } from "../../parts/feedback.tsx";
import { RedriveDialog } from "../../parts/redrive_dialog.tsx";
import { isLive } from "./is_live.ts";

interface TaskActionsProps {
  task: Task;
  onChanged: () => void;
}

export function TaskActions({ task, onChanged }: TaskActionsProps) {
  const [open, setOpen] = useState<"cancel" | "redrive" | null>(null);
  const [message, setMessage] = useState<string | null>(null);
  const { id } = task;
  const close = () => setOpen(null);
  const download = async () =>
    setMessage(await saveResponse(`${id}.result.json`, "GET /v1/tasks/:id/result", { id }));
  return (
    <>
      <ActionMessage message={message} />
      {task.status === "succeeded" && (
        <button type="button" onClick={() => void download()}>
          Download result
        </button>
      )}
      {isLive(task) && (
        <button type="button" class="danger" onClick={() => setOpen("cancel")}>
          Cancel
        </button>
      )}
      {!isLive(task) && task.status !== "succeeded" && (
        <button type="button" class="primary" onClick={() => setOpen("redrive")}>
          Redrive
        </button>
      )}
      {open === "cancel" && (
        <CancelDialog what="task" id={id} close={close} onCancelled={onChanged}>
          It ends before its next step. Its steps and files stay readable.
        </CancelDialog>
      )}
      {open === "redrive" && (
        <RedriveDialog
          what="this task"
          target={{ kind: "task", id }}
          close={close}
          onRedriven={onChanged}
        />
      )}
    </>
  );
}
