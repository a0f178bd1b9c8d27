/** What an engine may believe of an outcome that the program's own side told. */
import { sandboxLimits } from "../../shared/limits.ts";
import type { Program, RunError, RunLimits, RunOutcome } from "./engine.ts";
import { cut } from "./interpreter/settle.ts";
import { Workspace } from "./interpreter/workspace.ts";

/** An outcome as it was told: nothing of it is known to be what it says. */
export interface Told {
  value: unknown;
  logs: unknown;
  error: unknown;
  changes: Iterable<[unknown, Uint8Array | null]>;
  usage: { hostCalls: unknown; durationMs: unknown };
}

/** The outcome within its bounds; changes that no workspace could hold are an error instead. */
export function believed(told: Told, program: Program, limits: RunLimits): RunOutcome {
  const { value, error, usage } = told;
  const logs = cut(String(told.logs), limits.logBytes + 1_000);
  try {
    const workspace = new Workspace(program.files);
    for (const [path, bytes] of told.changes) {
      if (bytes === null) workspace.removeTree(String(path));
      else workspace.write(String(path), new Uint8Array(bytes));
    }
    return {
      value: typeof value === "string" ? cut(value, limits.valueBytes + 1_000) : null,
      logs,
      error: error === null || error === undefined ? null : believedError(error),
      changes: workspace.changes,
      usage: { fuel: 0, hostCalls: Number(usage.hostCalls), durationMs: Number(usage.durationMs) },
    };
  } catch {
    const message = "The program changed more files than the workspace holds.";
    return { ...stoppedBy({ kind: "too_large", name: "LimitError", message, stack: "" }), logs };
  }
}

function believedError(error: unknown): RunError {
  const fields: Partial<Record<keyof RunError, unknown>> =
    typeof error === "object" && error !== null ? error : {};
  const kinds = [
    "thrown",
    "syntax",
    "memory",
    "stack",
    "deadline",
    "stalled",
    "too_large",
  ] as const;
  const text = (value: unknown): string => cut(String(value ?? ""), sandboxLimits.errorBytesMax);
  return {
    kind: kinds.find((kind) => kind === fields.kind) ?? "thrown",
    name: text(fields.name),
    message: text(fields.message),
    stack: text(fields.stack),
  };
}

/** The outcome of a run that left nothing but its error. */
export function stoppedBy(error: RunError): RunOutcome {
  return {
    value: null,
    logs: "",
    error,
    changes: new Map(),
    usage: { fuel: 0, hostCalls: 0, durationMs: 0 },
  };
}
