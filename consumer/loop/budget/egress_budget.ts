/** Whether the task's egress budget ends its work: read from the journal, so that any slice agrees. */
import type { Step } from "../../../shared/step.ts";
import type { Bounds } from "./allowance.ts";

/** A refusal under smaller limits than these counts no more: a redrive has raised them. */
export function egressRefused(steps: readonly Step[], bounds: Bounds): boolean {
  return steps.some(({ payload }) => {
    if (payload.kind !== "tool" || payload.egress_refused === undefined) return false;
    const { requests, bytes } = payload.egress_refused;
    return bounds.egress_requests <= requests && bounds.egress_bytes <= bytes;
  });
}
