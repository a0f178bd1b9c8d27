/** Sends what failed through again, one task or many, in as many bounded calls as it takes. */
import { useState } from "preact/hooks";
import { err, ok, type Result } from "../../../shared/result.ts";
import { type RedriveSummary, redriveAll } from "../../client/redrive_all.ts";
import { api, type CallError } from "./api.ts";
import { Dialog } from "./dialog.tsx";

interface Props {
  /** What is redriven, in words. */
  what: string;
  /** One task, the tasks of a batch, or those that match the filter. */
  target: { kind: "task" | "batch"; id: string } | { kind: "filtered" };
  /** Filters of a redrive of many. */
  filter?: Readonly<Record<string, unknown>>;
  close: () => void;
  /** The summary is null for one task. */
  done: (summary: RedriveSummary | null) => void;
}

export function Redrive({ what, target, filter = {}, close, done }: Props) {
  const [mode, setMode] = useState<"resume" | "restart">("resume");
  const [overrides, setOverrides] = useState("");
  const [count, setCount] = useState(0);
  const act = async (): Promise<CallError | null> => {
    const read = readOverrides(overrides);
    if (!read.ok) return read.error;
    const order = { ...filter, mode, ...(read.value === null ? {} : { overrides: read.value }) };
    if (target.kind === "task") {
      const body = { body: JSON.stringify(order), type: "application/json" } as const;
      const task = await api("POST /v1/tasks/:id/redrive", { id: target.id, ...body });
      if (!task.ok) return task.error;
      done(null);
      return null;
    }
    const batchId = target.kind === "batch" ? target.id : null;
    const all = await redriveAll(api, batchId, order, setCount);
    if (!all.ok) return all.error;
    done(all.value);
    return null;
  };
  return (
    <Dialog title={`Redrive ${what}`} verb="Redrive" act={act} close={close}>
      <fieldset class="choices">
        <legend>How</legend>
        <label>
          <input
            type="radio"
            name="mode"
            checked={mode === "resume"}
            onChange={() => setMode("resume")}
          />
          <span>
            <strong>Resume</strong> goes on behind the last step; nothing finished is repeated
          </span>
        </label>
        <label>
          <input
            type="radio"
            name="mode"
            checked={mode === "restart"}
            onChange={() => setMode("restart")}
          />
          <span>
            <strong>Restart</strong> begins anew, with usage at zero and the policy as it is now
          </span>
        </label>
      </fieldset>
      <label class="field">
        <span>Overrides, as JSON (may be left out)</span>
        <textarea
          rows={3}
          spellcheck={false}
          placeholder={'{"limits": {"steps": 60}, "model": "…"}'}
          value={overrides}
          onInput={(event) => setOverrides(event.currentTarget.value)}
        />
      </label>
      {count > 0 && <p role="status">{count} redriven so far …</p>}
    </Dialog>
  );
}

/** Null if there are none. */
function readOverrides(text: string): Result<unknown, CallError> {
  if (text.trim() === "") return ok(null);
  try {
    return ok(JSON.parse(text) as unknown);
  } catch (cause) {
    const message = `The overrides are not JSON: ${String(cause).replace(/^SyntaxError: /, "")}`;
    return err({ code: "unreadable", status: 0, message, details: [], retryAfterSeconds: null });
  }
}
