/** Whether the task's egress budget ends its work: read from the journal, so that any slice agrees. */
import type { Step } from "../../shared/step.ts";
import type { Bounds } from "./budget.ts";

/** `refused`: a request found the budget used up. `told`: the model has replied since. */
export type EgressState = "fine" | "refused" | "told";

/** A refusal under smaller limits than these counts no more: a redrive has raised them. */
export function egressState(steps: readonly Step[], bounds: Bounds): EgressState {
  let state: EgressState = "fine";
  for (const { payload } of steps) {
    if (payload.kind === "model") {
      if (payload.reply !== null && state === "refused") state = "told";
      continue;
    }
    const limits = payload.egress_refused;
    if (limits === undefined || state !== "fine") continue;
    const raised = bounds.egress_requests > limits.requests || bounds.egress_bytes > limits.bytes;
    if (!raised) state = "refused";
  }
  return state;
}
