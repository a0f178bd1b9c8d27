/** The key that a tool passes on, so that the service it calls can recognise a repetition. */
import type { TaskRow } from "../../shared/store/tasks/task_row.ts";

/**
 * The same for every repetition of a step, across attempts and resumes, and different for every other step.
 * A restart numbers its steps from 1 again, so the number of restarts is part of the key.
 */
export function stepKey(task: Pick<TaskRow, "id" | "history">, seq: number): string {
  const runs = JSON.parse(task.history) as { redriven?: { mode?: string } }[];
  const restarts = runs.filter(({ redriven }) => redriven?.mode !== "resume").length;
  return restarts === 0 ? `${task.id}:${seq}` : `${task.id}:${restarts}:${seq}`;
}
