/** Is this a task? The schema says what may stand where; the rules say what must fit together. */
import { Value } from "@sinclair/typebox/value";
import { DurableTask } from "../../shared/task.ts";
import type { Detail, Problem } from "../http/problem.ts";
import type { CheckScope } from "./check_scope.ts";
import { explain } from "./explain.ts";
import { taskFaults } from "./task_rules.ts";

/** A task to accept, or everything that is wrong with it. */
export type Checked = { ok: true; task: DurableTask } | { ok: false; details: Detail[] };

/** Checks what a client sent on its own. */
export function checkTask(body: unknown, scope: CheckScope): Checked {
  return checkWithDefaults(body, {}, scope);
}

/** The fields a batch gives to all its tasks: each must fit, none is required. */
export function checkDefaults(body: unknown): Checked {
  if (!Value.Check(DurableTask, body)) return { ok: false, details: explain(DurableTask, body) };
  const own = ["idempotency_key", "custom_id"].filter((field) => field in body);
  const details = own.map((path) => ({
    path,
    message: "belongs to one task: write it in the task, not in the defaults",
  }));
  return details.length === 0 ? { ok: true, task: body } : { ok: false, details };
}

/**
 * Checks one task of a batch. `defaults` fit the schema already, so only the line is held against
 * it, and the rules see both together. The answer is the merged task.
 */
export function checkWithDefaults(
  body: unknown,
  defaults: DurableTask,
  scope: CheckScope,
): Checked {
  if (!Value.Check(DurableTask, body)) return { ok: false, details: explain(DurableTask, body) };
  const task = withDefaults(defaults, body);
  const details = taskFaults(task, scope);
  return details.length === 0 ? { ok: true, task } : { ok: false, details };
}

/** A line's field replaces the default of its name; prompt and messages replace one another. */
export function withDefaults(defaults: DurableTask, line: DurableTask): DurableTask {
  const merged: DurableTask = { ...defaults, ...line };
  if (line.messages !== undefined && line.prompt === undefined) delete merged.prompt;
  if (line.prompt !== undefined && line.messages === undefined) delete merged.messages;
  return merged;
}

/** The one answer for a task that is not to be accepted. */
export function refusedTask(details: Detail[]): Problem {
  const [first] = details;
  const where = first === undefined || first.path === "" ? "the task" : first.path;
  const more = details.length > 1 ? `, and ${details.length - 1} more (see details)` : "";
  return { kind: "refused", message: `${where}: ${first?.message ?? ""}${more}`, details };
}
