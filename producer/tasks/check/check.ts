/** Checks a task: the schema defines each field, the rules define which fields must fit together. */
import { Value } from "@sinclair/typebox/value";
import { err, ok, type Result } from "../../../shared/result.ts";
import { DurableTask } from "../../../shared/task/task.ts";
import type { Detail, Problem } from "../../http/problem.ts";
import type { CheckScope } from "./check_scope.ts";
import { explain } from "./explain.ts";
import { findTaskFaults } from "./task_rules.ts";

/** A valid task, or all its faults. */
export type CheckedTask = Result<DurableTask, Detail[]>;

/** Checks a task that a client sent by itself. */
export function checkTask(body: unknown, scope: CheckScope): CheckedTask {
  return checkWithDefaults(body, {}, scope);
}

/** Checks the fields that a batch gives to all its tasks: each must be valid, none is required. */
export function checkDefaults(body: unknown): CheckedTask {
  if (!Value.Check(DurableTask, body)) return err(explain(DurableTask, body));
  const perTask = ["idempotency_key", "custom_id"].filter((field) => field in body);
  const details = perTask.map((path) => ({
    path,
    message: "must differ between tasks: write it in the task, not in the defaults",
  }));
  return details.length === 0 ? ok(body) : err(details);
}

/**
 * Checks one task of a batch and returns it with its defaults. `defaults` fit the schema already, so only
 * the line is checked against it; the rules see both together.
 */
export function checkWithDefaults(
  body: unknown,
  defaults: DurableTask,
  scope: CheckScope,
): CheckedTask {
  if (!Value.Check(DurableTask, body)) return err(explain(DurableTask, body));
  const task = withDefaults(defaults, body);
  const details = findTaskFaults(task, scope);
  return details.length === 0 ? ok(task) : err(details);
}

/** A line's field replaces the default with its name; prompt and messages replace each other. */
export function withDefaults(defaults: DurableTask, line: DurableTask): DurableTask {
  const mergedTask: DurableTask = { ...defaults, ...line };
  if (line.messages !== undefined && line.prompt === undefined) delete mergedTask.prompt;
  if (line.prompt !== undefined && line.messages === undefined) delete mergedTask.messages;
  return mergedTask;
}

/** The one response for an invalid task. */
export function taskProblem(details: Detail[]): Problem {
  const [first] = details;
  const where = first === undefined || first.path === "" ? "the task" : first.path;
  const suffix = details.length > 1 ? `, and ${details.length - 1} more (see details)` : "";
  return { kind: "refused", message: `${where}: ${first?.message ?? ""}${suffix}`, details };
}
