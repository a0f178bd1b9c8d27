import { memoryLimits } from "../../shared/limits.ts";
import { failure } from "../../shared/task/failures.ts";

/** Ends the slice and queues the task again; no attempt is counted. */
export const memoryFull = failure(
  "memory_full",
  "The other tasks of this worker hold its memory. The task continues in a few seconds.",
  { retryAfterMs: memoryLimits.giveBackMs },
);
