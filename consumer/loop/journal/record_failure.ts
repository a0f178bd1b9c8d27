/** Journals a failed model call, then waits and continues or ends the slice. */

import { breakerLimits, retryLimits } from "../../../shared/limits.ts";
import type { ReplyUsage } from "../../../shared/models/model.ts";
import type { Quirk } from "../../../shared/models/quirks.ts";
import { classOf, type Failure } from "../../../shared/task/failures.ts";
import type { ModelPayload, Step } from "../../../shared/task/step.ts";
import { endsOnlyFinalStep } from "../answer/finalisation.ts";
import { endAfterWrite, type LoopEnd } from "../loop_end.ts";
import type { LoopSlice } from "../loop_slice.ts";
import { billedUsage, type CompletedCall, payloadHead } from "./record_reply.ts";

const noBilledUsage = { prompt_tokens: 0, cached_tokens: 0, completion_tokens: 0, cost_usd: 0 };

/** Journals a failed call. A rejection for now uses no budget; every other failure counts as a call. */
export async function recordFailure(
  slice: LoopSlice,
  call: CompletedCall,
  { failure: failed, usage, quirks = [] }: FailedCall,
): Promise<LoopEnd | null> {
  const { journal } = slice;
  const { model, plan, startedAt } = call;
  const billedAmount = usage === undefined ? noBilledUsage : billedUsage(model, usage);
  const last = isRejectionForNow(failed) ? findLastRejection(journal.stepsOfRun, model.id) : null;
  const failure = countLoneFault(failed, last?.failure ?? null);
  const isFree = isRejectionForNow(failure);
  const before = isFree ? last : null;
  const times = (before?.times ?? 0) + 1;
  const head: ModelPayload = {
    ...payloadHead(call, quirks),
    reply: null,
    failure,
    usage: billedAmount,
  };
  const step = {
    seq: before?.seq ?? journal.nextSeq,
    name: model.id,
    status: "failed" as const,
    startedAt,
    payload: times > 1 ? { ...head, times } : head,
    spent: isFree ? billedAmount : { ...billedAmount, steps: 1, model_calls: 1 },
  };
  const end = endAfterWrite(await journal.write([step], null));
  if (end !== null) return end;
  if (slice.hasFallbacks === true && failure.code === "model_unavailable")
    return { kind: "failure", failure };
  if (isFree) return await waitOrRequeue(slice, failure, times);
  // The next call, planned from the journal, is shorter (only once) or starts the next final step.
  const canContinue = (classOf(failure) === "shrink" && !plan.forced) || endsOnlyFinalStep(head);
  return canContinue ? null : { kind: "failure", failure };
}

interface FailedCall {
  failure: Failure;
  usage?: ReplyUsage;
  quirks?: readonly Quirk[];
}

const isRejectionForNow = (failure: Failure): boolean =>
  classOf(failure) === "give_back" || classOf(failure) === "wait";

/**
 * An outage costs a task nothing. But a request that fails again and again while the endpoint answers others
 * may be what breaks it, and must not wait forever: after several such faults in a row it costs an attempt.
 */
function countLoneFault(failure: Failure, last: Failure | null): Failure {
  const loneFaults = (last?.loneFaults ?? 0) + (failure.isLone === true ? 1 : 0);
  if (loneFaults === 0) return failure;
  return loneFaults < breakerLimits.loneFaultsMax
    ? { ...failure, loneFaults }
    : { ...failure, loneFaults, class: "retry" };
}

/** During an outage the breaker decides when the next call is made. */
const isOutage = ({ code, isLone }: Failure): boolean =>
  code === "model_unavailable" && isLone !== true;

/**
 * The row of this model's last consecutive rejections, which the next one overwrites: a task that is
 * rejected for days keeps one row, whose count keeps a rehearsal's position.
 */
function findLastRejection(
  steps: readonly Step[],
  modelId: string,
): { seq: number; times: number; failure: Failure } | null {
  for (const { seq, payload } of steps.toReversed()) {
    if (payload.kind !== "model" || payload.failure === null) break;
    if (!isRejectionForNow(payload.failure)) break;
    if (payload.model === modelId)
      return { seq, times: payload.times ?? 1, failure: payload.failure };
  }
  return null;
}

/**
 * Waits a short time within the slice. A longer wait requeues the task, and so do too many consecutive
 * rejections. Each wait is at least twice the one before, however early the endpoint invites a retry.
 */
export async function waitOrRequeue(
  { journal, sliceMs }: LoopSlice,
  failure: Failure,
  times: number,
): Promise<LoopEnd | null> {
  const waitMsMin = isOutage(failure)
    ? 0
    : Math.min(retryLimits.requeueMs, retryLimits.refusedWaitMsMin * 2 ** (times - 1));
  const waitMs =
    failure.retryAfterMs === undefined
      ? Number.POSITIVE_INFINITY
      : Math.max(waitMsMin, failure.retryAfterMs);
  const isLong = waitMs > retryLimits.waitInSliceMsMax || waitMs > sliceMs - journal.elapsedMs;
  if (isLong || times >= retryLimits.refusalsInRowMax) {
    const retryAfterMs = Number.isFinite(waitMs) ? { retryAfterMs: waitMs } : {};
    return { kind: "failure", failure: { ...failure, ...retryAfterMs } };
  }
  await journal.waitUntimed(new Promise((resolve) => setTimeout(resolve, waitMs)));
  return null;
}
