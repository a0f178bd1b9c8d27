/** Whether the task's egress budget is used up, read from the journal so that every slice agrees. */
import type { Bounds } from "../../../shared/spend/budgets.ts";
import type { Step } from "../../../shared/task/step.ts";

/** A refusal under smaller limits than the current ones is outdated: a redrive raised them. */
export function isEgressExhausted(steps: readonly Step[], bounds: Bounds): boolean {
  return steps.some(({ payload }) => {
    if (payload.kind !== "tool" || payload.egress_refused === undefined) return false;
    const { requests, bytes } = payload.egress_refused;
    return bounds.egress_requests <= requests && bounds.egress_bytes <= bytes;
  });
}
