/** The outcome for a call that needs approval, from what is stored of it. Pure. */
import type { ApprovalRow } from "../../shared/store/approvals.ts";
import type { ApprovalTerms } from "../../shared/task/approval.ts";

export type Permit =
  /** Runs, with the arguments that a person wrote instead, if any. */
  | { kind: "run"; edited: Record<string, unknown> | null }
  /** The model reads why, and continues. */
  | { kind: "refused"; text: string }
  | { kind: "failed"; reason: "approval_denied" | "approval_expired"; message: string }
  | { kind: "wait" };

/** `row` is null before the call was proposed. `now` is in milliseconds since 1970 UTC. */
export function permitOf(
  row: Pick<ApprovalRow, "status" | "edited" | "note" | "deadline_at" | "arguments_hash"> | null,
  argumentsHash: string,
  terms: ApprovalTerms,
  now: number,
): Permit {
  // A decision is about these arguments and no others.
  if (row === null || row.arguments_hash !== argumentsHash) return { kind: "wait" };
  switch (row.status) {
    case "approved":
      return { kind: "run", edited: row.edited === null ? null : asRecord(row.edited) };
    case "denied":
      return denied(terms, row.note);
    case "pending":
      return row.deadline_at > now ? { kind: "wait" } : undecided(terms);
  }
}

const asRecord = (json: string): Record<string, unknown> =>
  JSON.parse(json) as Record<string, unknown>;

function denied({ on_deny }: ApprovalTerms, note: string | null): Permit {
  const words = note === null || note === "" ? "" : ` They wrote: ${note}`;
  if (on_deny === "fail") {
    return {
      kind: "failed",
      reason: "approval_denied",
      message: `A person denied the call.${words}`,
    };
  }
  return {
    kind: "refused",
    text: `Not run: a person denied this call.${words} Continue without it, or answer with what you have.`,
  };
}

function undecided({ on_timeout, seconds }: ApprovalTerms): Permit {
  const message = `No one decided on the call within ${seconds} seconds.`;
  switch (on_timeout) {
    case "approve":
      return { kind: "run", edited: null };
    case "deny":
      return { kind: "refused", text: `Not run: ${message} Continue without it.` };
    case "fail":
      return { kind: "failed", reason: "approval_expired", message };
  }
}
