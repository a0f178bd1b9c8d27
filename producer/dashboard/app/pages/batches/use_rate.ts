/** How fast the tasks of a batch end. */
import { useRef } from "preact/hooks";
import type { Batch } from "../../data/responses.ts";
import { endedCount } from "../../parts/status.tsx";

const minuteMs = 60_000;
const leastMs = 1_000;

/**
 * Tasks ended a minute: over the last minute in which the page was open; over the whole time of the batch if
 * it is finished or nothing ended since the page was opened. Null if no task has ended.
 */
export function useRate(batch: Batch): number | null {
  const samples = useRef<{ at: number; ended: number }[]>([]);
  const endedTasks = endedCount(batch.counts);
  const now = Date.now();
  if (batch.finished_at !== null) return rateSinceStart(batch, Date.parse(batch.finished_at));
  if (samples.current.at(-1)?.ended !== endedTasks)
    samples.current.push({ at: now, ended: endedTasks });
  samples.current = samples.current.filter(
    ({ at }, n, samples) => now - at < minuteMs || n === samples.length - 1,
  );
  const [first] = samples.current;
  if (first === undefined || now - first.at < leastMs || endedTasks === first.ended) {
    return endedTasks === 0 ? null : rateSinceStart(batch, now);
  }
  return ((endedTasks - first.ended) / (now - first.at)) * minuteMs;
}

function rateSinceStart({ counts, created_at: createdAt }: Batch, until: number): number | null {
  const ms = until - Date.parse(createdAt);
  return ms <= 0 ? null : (endedCount(counts) / ms) * minuteMs;
}
