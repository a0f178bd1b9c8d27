/** Redrives one task or many, in as many bounded calls as needed. */
import { useState } from "preact/hooks";
import { err, ok, type Result } from "../../../../shared/result.ts";
import { type RedriveSummary, redriveAll } from "../../../client/redrive_all.ts";
import { api, type CallError } from "../data/api.ts";
import { count } from "../text/format.ts";
import { Dialog } from "./dialog.tsx";

interface RedriveDialogProps {
  /** What is redriven, for the title. */
  what: string;
  /** One task, the tasks of a batch, or those that match the filter. */
  target: { kind: "task" | "batch"; id: string } | { kind: "filtered" };
  /** Filters of a redrive of many. */
  filter?: Readonly<Record<string, unknown>>;
  close: () => void;
  /** The summary is null for one task. */
  onRedriven: (summary: RedriveSummary | null) => void;
}

type Mode = "resume" | "restart";

export function RedriveDialog(props: RedriveDialogProps) {
  const { what, target, filter = {}, close, onRedriven } = props;
  const [mode, setMode] = useState<Mode>("resume");
  const [overridesText, setOverridesText] = useState("");
  const [redriven, setRedriven] = useState(0);
  const redrive = async (): Promise<CallError | null> => {
    const overrides = readOverrides(overridesText);
    if (!overrides.ok) return overrides.error;
    const order = {
      ...filter,
      mode,
      ...(overrides.value === null ? {} : { overrides: overrides.value }),
    };
    const result =
      target.kind === "task"
        ? await redriveTask(target.id, order)
        : await redriveAll(api, target.kind === "batch" ? target.id : null, order, setRedriven);
    if (!result.ok) return result.error;
    onRedriven(result.value);
    return null;
  };
  return (
    <Dialog title={`Redrive ${what}`} verb="Redrive" act={redrive} close={close}>
      <ModeField mode={mode} setMode={setMode} />
      <label class="field">
        <span>Overrides, as JSON (optional)</span>
        <textarea
          rows={3}
          spellcheck={false}
          placeholder={'{"limits": {"steps": 60}, "model": "…"}'}
          value={overridesText}
          onInput={(event) => setOverridesText(event.currentTarget.value)}
        />
      </label>
      {redriven > 0 && <p role="status">{redriven} redriven so far …</p>}
    </Dialog>
  );
}

const modes: readonly [mode: Mode, name: string, effect: string][] = [
  ["resume", "Resume", "continues after the last step; no finished step is repeated"],
  ["restart", "Restart", "starts from scratch, with usage at zero and the policy as it is now"],
];

function ModeField({ mode, setMode }: { mode: Mode; setMode: (mode: Mode) => void }) {
  return (
    <fieldset class="choices">
      <legend>How</legend>
      {modes.map(([value, name, effect]) => (
        <label key={value}>
          <input
            type="radio"
            name="mode"
            checked={mode === value}
            onChange={() => setMode(value)}
          />
          <span>
            <strong>{name}</strong> {effect}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

async function redriveTask(id: string, order: object): Promise<Result<null, CallError>> {
  const body = { body: JSON.stringify(order), type: "application/json" } as const;
  const result = await api("POST /v1/tasks/:id/redrive", { id, ...body });
  return result.ok ? ok(null) : err(result.error);
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

/** The outcome of a redrive of many; null for one task. */
export function redriveMessage(summary: RedriveSummary | null): string | null {
  if (summary === null) return null;
  const { redriven, refused, details } = summary;
  const rejectedText =
    refused === 0 ? "" : `, ${count(refused)} rejected: ${details[0]?.message ?? ""}`;
  return `${count(redriven)} redriven${rejectedText}`;
}
