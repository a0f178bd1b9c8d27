/** The next run of a settled task: its body with overrides, checked like a new task. */

import { byteLength, getText, objectKeys } from "../../../shared/files/objects.ts";
import { budgetCeilings, taskLimits } from "../../../shared/limits.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { type Bounds, boundsOf, exhaustedBudget } from "../../../shared/spend/budgets.ts";
import { readUsage } from "../../../shared/spend/usage.ts";
import type { NextRun, RedriveMode, RedriveOptions } from "../../../shared/store/tasks/redrives.ts";
import { ownModelOf, type TaskRow } from "../../../shared/store/tasks/task_row.ts";
import type { Overrides } from "../../../shared/task/redrive.ts";
import type { DurableTask } from "../../../shared/task/task.ts";
import { hasTranscript } from "../../../shared/task/transcript.ts";
import type { ProducerEnv } from "../../env.ts";
import { type Detail, invalidField, type Problem } from "../../http/problem.ts";
import { checkTask, taskProblem, withDefaults } from "../check/check.ts";
import type { CheckScope } from "../check/check_scope.ts";

export interface RedriveRequest {
  mode: RedriveMode;
  overrides?: Overrides;
}

/** A settled task as it is stored, and its next run. */
export interface Rerun {
  row: TaskRow;
  next: NextRun;
}

/** An override of the policy pins its current version, even if the task had the same policy. */
export function redriveOptionsOf({ mode, overrides = {} }: RedriveRequest): RedriveOptions {
  const names = Object.keys(overrides).flatMap((name) =>
    name === "limits"
      ? Object.keys(overrides.limits ?? {}).map((limit) => `limits.${limit}`)
      : name,
  );
  const repin = mode === "restart" || overrides.policy !== undefined;
  return { mode, overrides: names.sort(), repin };
}

/** `row` includes its body and its transcript. */
export async function buildNextRun(
  env: ProducerEnv,
  scope: CheckScope,
  row: TaskRow,
  { mode, overrides }: RedriveRequest,
): Promise<Result<Rerun, Problem>> {
  const text = row.spec ?? (await getText(env.OBJECTS, objectKeys.spec(row.tenant, row.id)));
  if (text === null)
    return err(conflict("this task's body no longer exists: submit it as a new task"));
  if ((JSON.parse(row.history) as unknown[]).length >= taskLimits.redrivesMax) {
    return err(
      conflict(
        `this task was redriven ${taskLimits.redrivesMax} times, which is the maximum: submit it as a new task`,
      ),
    );
  }
  const { not_before: _, expires_at: __, ...before } = JSON.parse(text) as DurableTask;
  const changedTask = withOverrides(before, overrides ?? {});
  // A task that does not name a model keeps the one that it got when it was accepted.
  const model = changedTask.model ?? ownModelOf(row);
  const taskCheck = checkTask({ ...changedTask, model }, scope);
  if (!taskCheck.ok) return err(taskProblem(taskCheck.error));
  const spec = JSON.stringify(changedTask);
  if (byteLength(spec) > taskLimits.bodyBytesMax) {
    return err({
      kind: "too_large",
      message: `the task with its overrides has more than ${taskLimits.bodyBytesMax} bytes: shorten the overrides`,
    });
  }
  if (mode === "resume") {
    const resumable = await checkResumable(env, row, before, changedTask);
    if (!resumable.ok) return resumable;
  }
  const next: NextRun = {
    id: row.id,
    fence: row.fence,
    spec: overrides === undefined ? row.spec : spec,
    error: row.error,
    model,
    policy: changedTask.policy ?? row.policy,
    sandbox: changedTask.sandbox ?? row.sandbox,
    attempts: changedTask.attempts ?? row.attempts,
  };
  return ok({ row, next });
}

/** Other limits stay as they are: raising one budget must not lower the others to their defaults. */
function withOverrides(before: DurableTask, overrides: Overrides): DurableTask {
  const changedTask = withDefaults(before, overrides);
  if (overrides.limits === undefined) return changedTask;
  return { ...changedTask, limits: { ...before.limits, ...overrides.limits } };
}

const conflict = (message: string): Problem => ({ kind: "conflict", message });

/** The error of a settled task's row; `uncertain` is an effect that was started and has no known outcome. */
interface SettledError {
  code?: string;
  last_step?: string;
  uncertain?: { step: number; tool: string; began_at: string };
}

/** Whether a task can continue from its journal with this redrive's body. */
async function checkResumable(
  env: ProducerEnv,
  row: TaskRow,
  before: DurableTask,
  after: DurableTask,
): Promise<Result<null, Problem>> {
  const error = JSON.parse(row.error ?? "{}") as SettledError;
  if (error.code === "batch_ceiling") {
    return err(
      conflict(
        "the task's batch has used up its limits, which all its tasks share: submit the task in another batch",
      ),
    );
  }
  if (!(await hasTranscript(env.OBJECTS, row))) {
    return err(conflict('the journal of the last run no longer exists: write mode "restart"'));
  }
  const isUncertain = row.reason === "uncertain_effect" || error.uncertain !== undefined;
  if (isUncertain && after.on_uncertain !== "retry") return err(uncertainProblem(error));
  const spent = findSpentBudgets(row, boundsOf(before.limits), boundsOf(after.limits));
  return spent.length === 0 ? ok(null) : err(taskProblem(spent));
}

function uncertainProblem({ uncertain: effect, last_step }: SettledError): Problem {
  const step =
    effect === undefined
      ? `step ${last_step}`
      : `step ${effect.step} (${effect.tool}), started at ${effect.began_at},`;
  return invalidField(
    "overrides.on_uncertain",
    `${step} has no known outcome. Check what it did; then write "retry" here, which runs that step again with the same idempotency key, or mode "restart", which runs the task from the start`,
  );
}

const fields: Partial<Record<string, readonly (keyof Bounds)[]>> = {
  budget_cost: ["cost_usd"],
  budget_egress: ["egress_requests", "egress_bytes"],
};

/** The limits that would end the task again before its next step, each with what to write. */
function findSpentBudgets(row: TaskRow, before: Bounds, after: Bounds): Detail[] {
  const usage = readUsage(row.usage);
  const sums = { ...usage, tokens: usage.prompt_tokens + usage.completion_tokens };
  const endedLimits = row.reason?.startsWith("budget_") === true ? limitsOf(row.reason) : [];
  // A reason may mean either of two limits: only the one that ended the task must be raised.
  const isRaised = endedLimits.some((name) => after[name] > before[name]);
  const reachedLimits = endedLimits.filter((name) => sums[name] >= after[name]);
  const exhaustedBudgetName = exhaustedBudget(usage, after);
  const names = isRaised ? reachedLimits : endedLimits;
  const limitNames = new Set([
    ...names,
    ...(exhaustedBudgetName === null ? [] : limitsOf(exhaustedBudgetName)),
  ]);
  return [...limitNames].map((name) => ({
    path: `overrides.limits.${name}`,
    message: `the task has used ${sums[name]} of ${after[name]}, and this use stays counted: write a larger limit, up to ${budgetCeilings[name]}, or mode "restart"`,
  }));
}

const limitsOf = (reason: string): readonly (keyof Bounds)[] =>
  fields[reason] ?? [reason.replace("budget_", "") as keyof Bounds];
