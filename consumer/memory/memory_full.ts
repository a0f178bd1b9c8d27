import { memoryLimits } from "../../shared/limits.ts";
import { failure } from "../../shared/task/failures.ts";

/** Gives a task back without an attempt. */
export const memoryFull = failure(
  "memory_full",
  "The other tasks of this worker hold its memory. The task continues in a few seconds.",
  { retryAfterMs: memoryLimits.giveBackMs },
);
