/** What ends a slice before its first step, or null. */

import type { ClaimedTask } from "../../shared/store/tasks/claims.ts";
import { failure } from "../../shared/task/failures.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { batchCeilingEnd } from "../loop/loop_end.ts";
import { untilMidnightUtcMs } from "../models/errors/wait.ts";
import { outcomeOf, type SliceOutcome, settledOutcome } from "./outcome.ts";

export function findEarlyEnd(config: ConsumerConfig, task: ClaimedTask): SliceOutcome | null {
  if (task.cancel_requested_at !== null) return outcomeOf({ kind: "cancelled" }, task, 0);
  if (task.expires_at !== null && task.expires_at <= Date.now()) {
    return settledOutcome("expired", "expired", {
      code: "expired",
      message: `The task was not done by its expires_at, ${new Date(task.expires_at).toISOString()}.`,
    });
  }
  // The claim has counted the lost lease already.
  if (task.attempt >= task.attempts) {
    const { code, message } = lastError(task);
    return settledOutcome("dead", "attempts_exhausted", {
      code,
      message: `The task failed ${task.attempt} times; last: ${message}`,
      class: "retry",
    });
  }
  if (task.batch_ceiling !== null) return outcomeOf(batchCeilingEnd(task.batch_ceiling), task, 0);
  return checkSpendCeiling(config, task);
}

/** A tenant that has spent its day's dollars continues the next day: that is not a fault of its tasks. */
function checkSpendCeiling(config: ConsumerConfig, task: ClaimedTask): SliceOutcome | null {
  const ceiling = config.spendCeilingOf(task.tenant);
  if (ceiling === null || task.model === "rehearsal" || task.spent_today < ceiling) return null;
  const message = `The tenant ${task.tenant} has spent its ${ceiling} US dollars of today (SPEND_PER_DAY_USD); its tasks continue at 00:00 UTC.`;
  const retryAfterMs = untilMidnightUtcMs(Date.now());
  const cause = failure("spend_ceiling", message, { retryAfterMs });
  return outcomeOf({ kind: "failure", failure: cause }, task, Math.random());
}

/** The error of the last attempt; the claim that counted it wrote it to the row. */
function lastError({ errors }: ClaimedTask): { code: string; message: string } {
  const last = (JSON.parse(errors) as { code?: string; message?: string }[]).at(-1);
  return {
    code: last?.code ?? "lease_lost",
    message: last?.message ?? "Its worker died or stalled before a step.",
  };
}
