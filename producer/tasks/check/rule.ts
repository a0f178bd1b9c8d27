/** A rule of a task, and what the rules share. */
import type { DurableTask } from "../../../shared/task/task.ts";
import type { Detail } from "../../http/problem.ts";
import type { CheckScope } from "./check_scope.ts";

export type Rule = (task: DurableTask, scope: CheckScope) => Detail[];

export const fault = (path: string, message: string): Detail[] => [{ path, message }];

/** Whether a part was found valid before: 50,000 lines of a batch may share one default. */
export const isKnownValid = (part: unknown, validParts: WeakSet<object>): boolean =>
  typeof part === "object" && part !== null && validParts.has(part);

export function markValid(part: unknown, validParts: WeakSet<object>): Detail[] {
  if (typeof part === "object" && part !== null) validParts.add(part);
  return [];
}
