/** How long the slots of an invocation take further tasks. */
import { refillLimits } from "../../shared/limits.ts";

/**
 * Between the limits, evenly on a logarithmic scale, for `random` in [0, 1). The platform decides how many
 * invocations run when one ends, so some end soon; most of the work is done in long ones, whose slots are idle
 * only at their end.
 */
export const refillMs = (random: number): number =>
  refillLimits.msMin * (refillLimits.msMax / refillLimits.msMin) ** random;
