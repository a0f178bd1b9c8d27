/** A model call that failed: journaled, and slept through or handed on. */
import { classOf, type Failure } from "../../../shared/failures.ts";
import { retryLimits } from "../../../shared/limits.ts";
import type { ModelPayload, Step } from "../../../shared/step.ts";
import type { ReplyUsage } from "../../models/model.ts";
import type { Quirk } from "../../models/quirks.ts";
import { refusesRung } from "../answer/finalisation.ts";
import { endAfterWrite, type LoopEnd, type LoopSlice } from "../loop_end.ts";
import { billed, callHead, type Made } from "./record_reply.ts";

const nothingBilled = { prompt_tokens: 0, cached_tokens: 0, completion_tokens: 0, cost_usd: 0 };

/** Journals a failed call. Being told to wait costs no budget; everything else counts as a call. */
export async function recordFailure(
  slice: LoopSlice,
  made: Made,
  { failure, usage, quirks = [] }: Refused,
): Promise<LoopEnd | null> {
  const { scribe } = slice;
  const { brain, plan, startedAt } = made;
  const bill = usage === undefined ? nothingBilled : billed(brain, usage);
  const free = isFree(failure);
  const before = free ? refusedBefore(scribe.recent, brain.model) : null;
  const times = (before?.times ?? 0) + 1;
  const head: ModelPayload = {
    ...callHead(made, quirks),
    reply: null,
    failure,
    usage: bill,
  };
  const step = {
    seq: before?.seq ?? scribe.nextSeq,
    name: brain.model,
    status: "failed" as const,
    startedAt,
    payload: times > 1 ? { ...head, times } : head,
    spent: free ? bill : { ...bill, steps: 1, model_calls: 1 },
  };
  const stopped = endAfterWrite(await scribe.write([step], null));
  if (stopped !== null) return stopped;
  if (free) return await paused(slice, failure, times);
  // The next call is made shorter, once, or goes on with the next rung; both are read from the journal.
  const goesOn = (classOf(failure) === "shrink" && !plan.forced) || refusesRung(head);
  return goesOn ? null : { kind: "broke", failure };
}

/** What came instead of a reply. */
interface Refused {
  failure: Failure;
  usage?: ReplyUsage;
  quirks?: readonly Quirk[];
}

const isFree = (failed: Failure): boolean =>
  classOf(failed) === "give_back" || classOf(failed) === "wait";

/**
 * The row of this model's refusals in a row, which the next one rewrites: a task that is refused for
 * days keeps one row for it, and that row's count keeps a rehearsal's place.
 */
function refusedBefore(
  steps: readonly Step[],
  model: string,
): { seq: number; times: number } | null {
  for (const { seq, payload } of steps.toReversed()) {
    if (payload.kind !== "model" || payload.failure === null || !isFree(payload.failure)) break;
    if (payload.model === model) return { seq, times: payload.times ?? 1 };
  }
  return null;
}

/**
 * A short wait is slept through; a longer one gives the task back, and so does one refusal too many
 * in a row. However soon the endpoint says to come back, each wait is twice the one before.
 */
export async function paused(
  { scribe, sliceMs }: LoopSlice,
  failed: Failure,
  times: number,
): Promise<LoopEnd | null> {
  const floorMs = Math.min(retryLimits.requeueMs, retryLimits.refusedWaitMsMin * 2 ** (times - 1));
  const waitMs =
    failed.retryAfterMs === undefined
      ? Number.POSITIVE_INFINITY
      : Math.max(floorMs, failed.retryAfterMs);
  const left = sliceMs - scribe.elapsedMs;
  const long = waitMs > retryLimits.waitInSliceMsMax || waitMs > left;
  if (long || times >= retryLimits.refusalsInRowMax) {
    const failure = Number.isFinite(waitMs) ? { ...failed, retryAfterMs: waitMs } : failed;
    return { kind: "broke", failure };
  }
  await scribe.waiting(new Promise((resolve) => setTimeout(resolve, waitMs)));
  return null;
}
