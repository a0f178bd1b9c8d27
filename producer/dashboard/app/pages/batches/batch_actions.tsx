/** What a user can do with a batch: download, pause, redrive, cancel. */
import { useState } from "preact/hooks";
import { api } from "../../data/api.ts";
import { saveResponse } from "../../data/downloads.ts";
import type { Batch } from "../../data/responses.ts";
import { CancelDialog } from "../../parts/cancel_dialog.tsx";
import { ActionMessage } from "../../parts/feedback.tsx";
import { RedriveDialog, redriveMessage } from "../../parts/redrive_dialog.tsx";
import { unsuccessfulCount } from "../../parts/status.tsx";
import { count } from "../../text/format.ts";

interface BatchActionsProps {
  batch: Batch;
  onChanged: () => void;
}

export function BatchActions({ batch, onChanged }: BatchActionsProps) {
  const [open, setOpen] = useState<"cancel" | "redrive" | null>(null);
  const [message, setMessage] = useState<string | null>(null);
  const { id, counts } = batch;
  const close = () => setOpen(null);
  const isRunning = batch.status === "running";
  const redrivable = count(unsuccessfulCount(counts));
  const togglePause = async () => {
    const result = batch.paused
      ? await api("POST /v1/batches/:id/resume", { id })
      : await api("POST /v1/batches/:id/pause", { id });
    setMessage(result.ok ? null : result.error.message);
    onChanged();
  };
  const download = async () => {
    setMessage("Downloading the results …");
    setMessage(await saveResponse(`${id}.jsonl`, "GET /v1/batches/:id/results", { id }));
  };
  return (
    <>
      <ActionMessage message={message} />
      <button type="button" onClick={() => void download()}>
        Download results
      </button>
      {isRunning && (
        <button type="button" onClick={() => void togglePause()}>
          {batch.paused ? "Resume" : "Pause"}
        </button>
      )}
      {unsuccessfulCount(counts) > 0 && (
        <button type="button" class="primary" onClick={() => setOpen("redrive")}>
          Redrive {redrivable}
        </button>
      )}
      {isRunning && (
        <button type="button" class="danger" onClick={() => setOpen("cancel")}>
          Cancel
        </button>
      )}
      {open === "cancel" && (
        <CancelDialog what="batch" id={id} close={close} onCancelled={onChanged}>
          {count(counts.queued + counts.running)} tasks have not ended. Each is cancelled before its
          next step; tasks that have ended do not change.
        </CancelDialog>
      )}
      {open === "redrive" && (
        <RedriveDialog
          what={`${redrivable} tasks`}
          target={{ kind: "batch", id }}
          close={close}
          onRedriven={(summary) => {
            setMessage(redriveMessage(summary));
            onChanged();
          }}
        />
      )}
    </>
  );
}
