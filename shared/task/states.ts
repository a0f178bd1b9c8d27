/**
 * The one state machine. Three places must agree, and a test compares them: this
 * file, the CHECK in migrations/0001_init.sql, and the diagram in docs/ARCHITECTURE.md.
 */
export const statuses = [
  "queued",
  "running",
  "succeeded",
  "failed",
  "dead",
  "cancelled",
  "expired",
] as const;

export type Status = (typeof statuses)[number];

export const terminalStatuses = ["succeeded", "failed", "dead", "cancelled", "expired"] as const;
export type TerminalStatus = (typeof terminalStatuses)[number];

/** `redrive` is the only way out of a terminal status, and only out of those that it names. */
export const transitions: Record<Status, readonly Status[]> = {
  queued: ["running", "cancelled", "expired", "dead"],
  running: ["queued", "succeeded", "failed", "dead", "cancelled", "expired"],
  succeeded: [],
  failed: [],
  dead: [],
  cancelled: [],
  expired: [],
};

export const redrivable = ["failed", "dead", "expired", "cancelled"] as const satisfies Status[];

/** Of a batch that follows another: the statuses whose results it uses by default. */
export const afterStatuses = ["succeeded"] as const satisfies Status[];

/** The statuses that a cancel ends. */
export const cancellable = ["queued", "running"] as const satisfies Status[];

export function canMove(from: Status, to: Status): boolean {
  return transitions[from].includes(to);
}

export function isTerminal(status: Status): status is TerminalStatus {
  return (terminalStatuses as readonly Status[]).includes(status);
}

/** Why a task is where it is. Each terminal task has exactly one. */
const checkedReasons = [
  "completed",
  "budget_steps",
  "budget_model_calls",
  "budget_tool_calls",
  "budget_tokens",
  "budget_cost",
  "budget_seconds",
  "budget_egress",
  "invalid_output",
  "no_progress",
  "uncertain_effect",
  "model_refused",
  "model_error",
  "policy_error",
  "sandbox_unavailable",
  "attempts_exhausted",
  "cancelled",
  "expired",
] as const;

/** Reasons that are newer than the CHECK of the column `reason`: the column `newer_reason` holds them. */
export const newerReasons = [
  "model_unavailable",
  "check_failed",
  "no_agreement",
  "approval_denied",
  "approval_expired",
] as const;

export const reasons = [...checkedReasons, ...newerReasons] as const;

export type Reason = (typeof reasons)[number];

/** The two columns that hold a reason. */
export function storedReason(reason: Reason): { reason: string; newerReason: string | null } {
  const isNewer = (newerReasons as readonly Reason[]).includes(reason);
  return isNewer
    ? { reason: "attempts_exhausted", newerReason: reason }
    : { reason, newerReason: null };
}
