/** The key that a tool passes on, so that what it calls can tell a repetition from another order. */
import type { TaskRow } from "../../shared/store/task_row.ts";

/**
 * The same for every repetition of a step, across attempts and resumes, and for no other. A restart counts
 * its steps from 1 again, and its third may be another order than the third before: so how often the task
 * was begun anew is part of the key.
 */
export function stepKey(task: Pick<TaskRow, "id" | "history">, seq: number): string {
  const runs = JSON.parse(task.history) as { redriven?: { mode?: string } }[];
  const restarts = runs.filter(({ redriven }) => redriven?.mode !== "resume").length;
  return restarts === 0 ? `${task.id}:${seq}` : `${task.id}:${restarts}:${seq}`;
}
