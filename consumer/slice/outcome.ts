/** What becomes of a task after a slice: the one place where a failure's class turns into an act. */
import { classOf, type Failure, failureTable } from "../../shared/failures.ts";
import { retryLimits } from "../../shared/limits.ts";
import type { Reason, TerminalStatus } from "../../shared/states.ts";
import type { LoopEnd } from "../loop/loop_end.ts";

export interface TaskError {
  code: string;
  message: string;
  class?: string;
  /** The last journaled step before the end, as `<seq> <name>`. */
  last_step?: string;
  /** The model's last try at an answer, or else what it last said: nothing that was checked. */
  draft?: string;
  /** The effect that was begun and has no outcome, where the journal leaves one. */
  uncertain?: Uncertain;
}

export interface Uncertain {
  step: number;
  tool: string;
  began_at: string;
  /** The requests with effects that it had decided, as the gateway logged them; the first few. */
  requests: { at: string; method: string; url: string; status: number | null }[];
}

export type SliceOutcome =
  | {
      kind: "settled";
      status: TerminalStatus;
      reason: Reason;
      output: unknown;
      error: TaskError | null;
      /** True when the end is a try that failed, and so counts as an attempt. */
      failedAttempt: boolean;
    }
  | { kind: "released"; why: "yielded" | "given_back"; delayMs: number; failure: Failure | null }
  | { kind: "released"; why: "retrying"; delayMs: number; failure: Failure }
  | { kind: "lost" };

/** `attempt` is the number of tries that failed before this one. */
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
    case "broke":
      return brokenEnding(end.failure, task, random);
  }
}

function brokenEnding(
  failed: Failure,
  task: { attempt: number; attempts: number },
  random: number,
): SliceOutcome {
  const kind = classOf(failed);
  const error = { code: failed.code, message: failed.message, class: kind };
  switch (kind) {
    case "wait":
    case "give_back":
      return {
        kind: "released",
        why: "given_back",
        delayMs: Math.ceil(jittered(failed.retryAfterMs ?? retryLimits.giveBackMs, random)),
        failure: failed,
      };
    case "retry":
      if (task.attempt + 1 >= task.attempts) {
        return { ...settledOutcome("dead", "attempts_exhausted", error), failedAttempt: true };
      }
      return {
        kind: "released",
        why: "retrying",
        delayMs: retryDelayMs(task.attempt, random),
        failure: failed,
      };
    case "shrink":
    case "fail":
      return settledOutcome("failed", failureTable[failed.code].reason, error);
    case "dead":
      return settledOutcome("dead", "attempts_exhausted", error);
  }
}

export function settledOutcome(
  status: TerminalStatus,
  reason: Reason,
  error: TaskError | null,
  output: unknown = null,
): SliceOutcome & { kind: "settled" } {
  return { kind: "settled", status, reason, output, error, failedAttempt: false };
}

/**
 * Exponential, long enough that a model server may restart meanwhile, with jitter above half, so that
 * tasks which failed together come back apart.
 */
export function retryDelayMs(attempt: number, random: number): number {
  const ceiling = Math.min(
    retryLimits.delayMsMax,
    retryLimits.delayMsMin * retryLimits.delayFactor ** attempt,
  );
  return Math.ceil(ceiling * (0.5 + random / 2));
}

/** Never earlier than asked, up to a tenth later. */
const jittered = (ms: number, random: number): number => ms * (1 + random / 10);
