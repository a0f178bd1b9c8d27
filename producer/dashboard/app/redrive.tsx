/** Sends what failed through again, one task or many, in as many bounded calls as it takes. */
import { useState } from "preact/hooks";
import { type Answer, call, type Problem } from "./api.ts";
import { Dialog } from "./dialog.tsx";
import type { Redriven } from "./shapes.ts";

interface Props {
  /** What is redriven, in words. */
  what: string;
  /** Where the order goes. */
  path: string;
  /** Filters of a redrive of many. */
  filter?: Readonly<Record<string, unknown>>;
  close: () => void;
  done: (told: Redriven | null) => void;
}

export function Redrive({ what, path, filter = {}, close, done }: Props) {
  const [mode, setMode] = useState<"resume" | "restart">("resume");
  const [overrides, setOverrides] = useState("");
  const [count, setCount] = useState(0);
  const act = async (): Promise<Problem | null> => {
    const read = readOverrides(overrides);
    if (!read.ok) return read.problem;
    const order = { ...filter, mode, ...(read.value === null ? {} : { overrides: read.value }) };
    let cursor: string | null = null;
    let redriven = 0;
    for (;;) {
      const body: object = cursor === null ? order : { ...order, cursor };
      const answer: Answer<Partial<Redriven>> = await call("POST", path, body);
      if (!answer.ok) return answer.problem;
      const told: Partial<Redriven> = answer.value;
      redriven += told.redriven ?? 1;
      setCount(redriven);
      cursor = told.next_cursor ?? null;
      if (cursor === null) {
        done(told.redriven === undefined ? null : { ...(told as Redriven), redriven });
        return null;
      }
    }
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

function readOverrides(text: string): Answer<unknown> {
  if (text.trim() === "") return { ok: true, value: null };
  try {
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch (error) {
    const message = `The overrides are not JSON: ${String(error).replace(/^SyntaxError: /, "")}`;
    const problem = { status: 0, code: "unreadable", message, details: [], retryAfter: null };
    return { ok: false, problem };
  }
}
