/**
 * The outcome of a task whose endpoint repeats one fault forever after one good turn. docs/failures.md has
 * the same table, and a test compares the two.
 */
export interface FaultRow {
  fault: string;
  status: "succeeded" | "failed" | "dead" | "queued";
  reason: string | null;
  code: string | null;
}

const row = (
  fault: string,
  status: FaultRow["status"],
  reason: string | null = null,
  code: string | null = null,
): FaultRow => ({ fault, status, reason, code });

export const faultTable = [
  row("429 with Retry-After", "queued"),
  row("429 without Retry-After", "queued"),
  row("3040", "queued"),
  row("3036", "queued"),
  row("5xx", "queued"),
  row("reset", "queued"),
  row("3046", "queued"),
  row("hang past limits.seconds", "failed", "budget_seconds", "budget_seconds"),
  row("invalid JSON", "dead", "attempts_exhausted", "model_unreadable"),
  row("empty body", "dead", "attempts_exhausted", "model_unreadable"),
  row("web page", "dead", "attempts_exhausted", "model_unreadable"),
  row("stream that breaks off", "dead", "attempts_exhausted", "model_unreadable"),
  row("stream that was not asked for", "succeeded", "completed"),
  row("wrong content type", "succeeded", "completed"),
  row("empty reply", "failed", "invalid_output", "invalid_output"),
  row("reasoning that fills every reply", "failed", "invalid_output", "invalid_output"),
  row("text that repeats itself", "failed", "invalid_output", "invalid_output"),
  row("answer against the schema", "failed", "invalid_output", "invalid_output"),
  row("10,000 calls in one reply", "failed", "budget_steps", "budget_steps"),
  row("1 MB arguments", "failed", "no_progress", "invalid_calls"),
  row("tool that does not exist", "failed", "no_progress", "invalid_calls"),
  row("endless identical calls", "failed", "no_progress", "repetition"),
  row("A-B-A-B cycle", "failed", "no_progress", "repetition"),
  row("filtered reply", "failed", "model_refused", "model_refused"),
  row("3030", "failed", "model_refused", "model_refused"),
  row("5006", "failed", "model_error", "model_rejected"),
  row("5021", "failed", "model_error", "model_overflow"),
] as const satisfies readonly FaultRow[];
