/** Checks an outcome that the program's own side reports. */
import { sandboxLimits, workspaceLimits } from "../../shared/limits.ts";
import type { FileChanges, RunError, RunLimits, RunOutcome } from "./engine.ts";
import { cut } from "./interpreter/host/outcome.ts";
import { confine, Workspace } from "./interpreter/host/workspace.ts";

/** An outcome as it was reported: none of its fields is checked yet. */
export interface UntrustedOutcome {
  value: unknown;
  logs: unknown;
  error: unknown;
  changes: Iterable<[unknown, Uint8Array | null]>;
  usage: { hostCalls: unknown; durationMs: unknown };
}

/** The outcome within its limits; if no workspace could hold the changes, an error instead. */
export function parseOutcome(report: UntrustedOutcome, limits: RunLimits): RunOutcome {
  const { value, error, usage } = report;
  const logs = cut(String(report.logs), limits.logBytes + 1_000);
  try {
    // Not compared with what the program started with: calls have changed that since, and the task's own workspace
    // decides whether what is left fits.
    const workspace = new Workspace(new Map());
    const deletedPaths = new Set<string>();
    for (const [path, bytes] of report.changes) {
      if (bytes !== null) workspace.write(String(path), new Uint8Array(bytes));
      else deletedPaths.add(confine(String(path)));
      if (deletedPaths.size > changesMax) throw new Error(tooManyChanges);
    }
    const changes = workspace.changes;
    for (const path of deletedPaths) if (!changes.has(path)) changes.set(path, null);
    return {
      value: typeof value === "string" ? cut(value, limits.valueBytes + 1_000) : null,
      logs,
      error: error === null || error === undefined ? null : parseError(error),
      changes,
      usage: { fuel: 0, hostCalls: Number(usage.hostCalls), durationMs: Number(usage.durationMs) },
    };
  } catch {
    const error = {
      kind: "too_large",
      name: "LimitError",
      message: tooManyChanges,
      stack: "",
    } as const;
    return { ...stoppedBy(error), logs };
  }
}

/** A run may delete a whole workspace and write another one. */
const changesMax = 2 * workspaceLimits.filesMax;

export const tooManyChanges = "The program changed more files than the workspace holds.";

/** The changes that a call reports, or null if they are malformed. The workspace decides whether they fit. */
export function parseChanges(report: unknown): FileChanges | null {
  if (!(report instanceof Map) || report.size > changesMax) return null;
  const changes = new Map<string, Uint8Array | null>();
  let sum = 0;
  for (const [path, bytes] of report as Map<unknown, unknown>) {
    if (typeof path !== "string" || !(bytes === null || bytes instanceof Uint8Array)) return null;
    sum += bytes?.byteLength ?? 0;
    changes.set(path, bytes === null ? null : copyBytes(bytes));
  }
  return sum > workspaceLimits.bytesMax ? null : changes;
}

export function bytesIn(changes: FileChanges): number {
  let sum = 0;
  for (const bytes of changes.values()) sum += bytes?.length ?? 0;
  return sum;
}

/** Copies the bytes, because a view would keep the whole buffer behind it. */
const copyBytes = (bytes: Uint8Array): Uint8Array =>
  bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);

function parseError(error: unknown): RunError {
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

/** The outcome of a run that only left an error. */
export function stoppedBy(error: RunError): RunOutcome {
  return {
    value: null,
    logs: "",
    error,
    changes: new Map(),
    usage: { fuel: 0, hostCalls: 0, durationMs: 0 },
  };
}
