/** Asks for a decision on one call: the arguments can be changed, and a note reaches the model. */
import { useState } from "preact/hooks";
import { api, type CallError } from "../../data/api.ts";
import type { Approval } from "../../data/responses.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { visibleLine } from "../../text/visible.ts";

export type Decision = "approve" | "deny";

interface DecideDialogProps {
  approval: Approval;
  decision: Decision;
  close: () => void;
  onDecided: (message: string) => void;
}

export function DecideDialog({ approval, decision, close, onDecided }: DecideDialogProps) {
  const original = JSON.stringify(approval.arguments, null, 2);
  const [text, setText] = useState(original);
  const [note, setNote] = useState("");
  const isApproval = decision === "approve";
  const decide = async (): Promise<CallError | null> => {
    const edited = isApproval && text !== original ? parseObject(text) : null;
    if (edited === "invalid") return invalidArguments;
    const body = {
      decision,
      ...(note.trim() === "" ? {} : { note: note.trim() }),
      ...(edited === null ? {} : { arguments: edited }),
    };
    const result = await api("POST /v1/approvals/:id", { id: approval.id, body });
    if (!result.ok) return result.error;
    onDecided(`${visibleLine(approval.tool, 60)}: ${isApproval ? "approved" : "denied"}`);
    return null;
  };
  return (
    <Dialog
      title={`${isApproval ? "Approve" : "Deny"} this call of ${visibleLine(approval.tool, 60)}?`}
      verb={isApproval ? "Approve the call" : "Deny the call"}
      danger={!isApproval}
      act={decide}
      close={close}
    >
      {isApproval && (
        <label>
          Arguments (JSON)
          <textarea
            rows={10}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
      )}
      <label>
        A note for the model
        <input
          value={note}
          maxLength={2_000}
          onInput={(event) => setNote(event.currentTarget.value)}
        />
      </label>
    </Dialog>
  );
}

const invalidArguments: CallError = {
  code: "refused",
  status: 422,
  message: "the arguments are not a JSON object: correct them",
  details: [],
  retryAfterSeconds: null,
};

function parseObject(text: string): Record<string, unknown> | "invalid" {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? { ...value } : "invalid";
  } catch {
    return "invalid";
  }
}
