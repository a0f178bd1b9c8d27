/** How many bytes a task holds in the isolate, estimated from above. Pure. */
import { memoryLimits } from "../../shared/limits.ts";
import type { Usage } from "../../shared/spend/usage.ts";
import type { Step } from "../../shared/task/step.ts";

const sizes = new WeakMap<Step, number>();

/** A transcript in memory: two bytes for each character of its JSON, which texts outside of Latin-1 need. */
export function transcriptBytes(steps: readonly Step[]): number {
  let sum = 0;
  for (const step of steps) {
    let bytes = sizes.get(step);
    if (bytes === undefined) {
      bytes = 2 * JSON.stringify(step.payload).length;
      sizes.set(step, bytes);
    }
    sum += bytes;
  }
  return sum;
}

/** Before the journal is read: what so many calls and tokens have left in it at most, by their usual sizes. */
export function expectedBytes({ model_calls, tool_calls, completion_tokens }: Usage): number {
  const { taskBytes, modelCallBytes, toolCallBytes, tokenBytes } = memoryLimits;
  return (
    taskBytes +
    model_calls * modelCallBytes +
    tool_calls * toolCallBytes +
    completion_tokens * tokenBytes
  );
}
