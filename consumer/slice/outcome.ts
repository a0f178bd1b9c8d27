/** The outcome of a slice for its task: the only place where a failure's class decides what happens. */

import { retryLimits } from "../../shared/limits.ts";
import { withJitter } from "../../shared/platform/jitter.ts";
import type { Proposal } from "../../shared/store/approvals.ts";
import { classOf, type Failure, failureTable } from "../../shared/task/failures.ts";
import type { Reason, TerminalStatus } from "../../shared/task/states.ts";
import type { LoopEnd } from "../loop/loop_end.ts";

export interface TaskError {
  code: string;
  message: string;
  class?: string;
  /** The last journaled step before the end, as `<seq> <name>`. */
  last_step?: string;
  /** The model's last attempt at an answer, else its last text. It was not checked. */
  draft?: string;
  /** The effect that started and has no outcome, if there is one. */
  uncertain?: UncertainEffect;
}

export interface UncertainEffect {
  step: number;
  tool: string;
  began_at: string;
  /** The first few requests with effects that the gateway logged for it. */
  requests: { at: string; method: string; url: string; status: number | null }[];
}

export interface SettledOutcome {
  kind: "settled";
  status: TerminalStatus;
  reason: Reason;
  output: unknown;
  error: TaskError | null;
  /** True when a failed attempt is the end, which then counts as one. */
  isFailedAttempt: boolean;
}

export type SliceOutcome =
  | SettledOutcome
  | { kind: "released"; why: "yielded" | "requeued"; delayMs: number; failure: Failure | null }
  | { kind: "released"; why: "set_aside"; delayMs: number; failure: null; proposal: Proposal }
  | { kind: "released"; why: "retrying"; delayMs: number; failure: Failure }
  | { kind: "lost" };

/** `attempt` is the number of attempts that failed before this one. */
export function outcomeOf(
  end: LoopEnd,
  task: { attempt: number; attempts: number },
  random: number,
): SliceOutcome {
  switch (end.kind) {
    case "answered":
      return settledOutcome("succeeded", "completed", null, end.output);
    case "failed":
      return settledOutcome("failed", end.reason, { code: end.code, message: end.message });
    case "cancelled":
      return settledOutcome("cancelled", "cancelled", {
        code: "cancelled",
        message: "Cancelled on request.",
      });
    case "expired":
      return settledOutcome("expired", "expired", {
        code: "expired",
        message: "The task was not done by its expires_at.",
      });
    case "yielded":
      return { kind: "released", why: "yielded", delayMs: 0, failure: null };
    case "lost":
      return { kind: "lost" };
    case "proposed": {
      // Its deadline makes it due by itself; a decision makes it due before.
      const delayMs = end.proposal.terms.seconds * 1_000;
      return { kind: "released", why: "set_aside", delayMs, failure: null, proposal: end.proposal };
    }
    case "failure":
      return outcomeOfFailure(end.failure, task, random);
  }
}

function outcomeOfFailure(
  cause: Failure,
  task: { attempt: number; attempts: number },
  random: number,
): SliceOutcome {
  const kind = classOf(cause);
  const error = { code: cause.code, message: cause.message, class: kind };
  switch (kind) {
    case "wait":
    case "give_back":
      return {
        kind: "released",
        why: "requeued",
        delayMs: Math.ceil(withJitter(cause.retryAfterMs ?? retryLimits.requeueMs, random)),
        failure: cause,
      };
    case "retry":
      if (task.attempt + 1 >= task.attempts) {
        return { ...settledOutcome("dead", "attempts_exhausted", error), isFailedAttempt: true };
      }
      return {
        kind: "released",
        why: "retrying",
        // No sooner than the endpoint asks, whatever the backoff says.
        delayMs: Math.max(retryDelayMs(task.attempt, random), cause.retryAfterMs ?? 0),
        failure: cause,
      };
    case "shrink":
    case "fail":
      return settledOutcome("failed", failureTable[cause.code].reason, error);
    case "dead":
      return settledOutcome("dead", failureTable[cause.code].reason, error);
  }
}

export function settledOutcome(
  status: TerminalStatus,
  reason: Reason,
  error: TaskError | null,
  output: unknown = null,
): SettledOutcome {
  return { kind: "settled", status, reason, output, error, isFailedAttempt: false };
}

/**
 * Exponential, long enough that a model server can restart meanwhile, with jitter above one half, so that
 * tasks that failed together do not come back together.
 */
export function retryDelayMs(attempt: number, random: number): number {
  const ceiling = Math.min(
    retryLimits.delayMsMax,
    retryLimits.delayMsMin * retryLimits.delayFactor ** attempt,
  );
  return Math.ceil(withJitter(ceiling / 2, random, ceiling / 2));
}
