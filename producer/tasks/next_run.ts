/** The next run of a settled task: its body with what is overridden, checked as a new task would be. */
import { type Bounds, boundsOf, exhausted } from "../../consumer/loop/budget.ts";
import { budgetCeilings, taskLimits } from "../../shared/limits.ts";
import { byteLength, getText, objectKeys } from "../../shared/objects.ts";
import type { Overrides } from "../../shared/redrive.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { NextRun, RedriveKind, RedriveMode } from "../../shared/store/redrives.ts";
import type { TaskRow } from "../../shared/store/task_row.ts";
import type { DurableTask } from "../../shared/task.ts";
import { hasTranscript } from "../../shared/transcript.ts";
import { readUsage } from "../../shared/usage.ts";
import type { ProducerEnv } from "../env.ts";
import { type Detail, type Problem, refusedAt } from "../http/problem.ts";
import { checkTask, refusedTask, withDefaults } from "./check.ts";
import type { CheckScope } from "./check_scope.ts";

export interface RedriveOrder {
  mode: RedriveMode;
  overrides?: Overrides;
}

/** A settled task, as it stands, and what its next run is. */
export interface Again {
  row: TaskRow;
  next: NextRun;
}

/** A policy that is named is pinned as it stands now, also where it is the one that the task had. */
export function kindOf({ mode, overrides = {} }: RedriveOrder): RedriveKind {
  const names = Object.keys(overrides).flatMap((name) =>
    name === "limits"
      ? Object.keys(overrides.limits ?? {}).map((limit) => `limits.${limit}`)
      : name,
  );
  const repin = mode === "restart" || overrides.policy !== undefined;
  return { mode, overrides: names.sort(), repin };
}

/** `row` holds its body and its transcript. */
export async function nextRun(
  env: ProducerEnv,
  scope: CheckScope,
  row: TaskRow,
  { mode, overrides }: RedriveOrder,
): Promise<Result<Again, Problem>> {
  const text = row.spec ?? (await getText(env.OBJECTS, objectKeys.spec(row.tenant, row.id)));
  if (text === null) return err(conflict("this task's body is gone: submit it anew"));
  if ((JSON.parse(row.history) as unknown[]).length >= taskLimits.redrivesMax) {
    return err(conflict(`this task was redriven ${taskLimits.redrivesMax} times: submit it anew`));
  }
  const { not_before: _, expires_at: __, ...kept } = JSON.parse(text) as DurableTask;
  const changed = changedBy(kept, overrides ?? {});
  // A task that named no model keeps the one it was given when it was accepted.
  const model = changed.model ?? row.model;
  const checked = checkTask({ ...changed, model }, scope);
  if (!checked.ok) return err(refusedTask(checked.details));
  const spec = JSON.stringify(changed);
  if (byteLength(spec) > taskLimits.bodyBytesMax) {
    return err({
      kind: "too_large",
      message: `the task with its overrides is over ${taskLimits.bodyBytesMax} bytes`,
    });
  }
  const hindrance = mode === "resume" ? await notResumable(env, row, kept, changed) : null;
  if (hindrance !== null) return err(hindrance);
  const next: NextRun = {
    id: row.id,
    fence: row.fence,
    spec: overrides === undefined ? null : spec,
    model,
    policy: changed.policy ?? row.policy,
    sandbox: changed.sandbox ?? row.sandbox,
    attempts: changed.attempts ?? row.attempts,
  };
  return ok({ row, next });
}

/** A limit that is not named stays: raising one budget must not lower the others to their defaults. */
function changedBy(kept: DurableTask, overrides: Overrides): DurableTask {
  const changed = withDefaults(kept, overrides);
  if (overrides.limits === undefined) return changed;
  return { ...changed, limits: { ...kept.limits, ...overrides.limits } };
}

const conflict = (message: string): Problem => ({ kind: "conflict", message });

/** What a settled task leaves in its row; `uncertain` is an effect that was begun and has no outcome. */
interface Left {
  code?: string;
  last_step?: string;
  uncertain?: { step: number; tool: string; began_at: string };
}

/** Why a task cannot go on from its journal as this redrive would have it; null when it can. */
async function notResumable(
  env: ProducerEnv,
  row: TaskRow,
  before: DurableTask,
  after: DurableTask,
): Promise<Problem | null> {
  const left = JSON.parse(row.error ?? "{}") as Left;
  if (left.code === "batch_ceiling") {
    return conflict(
      "its batch has used up its limits, which all its tasks share: submit the task in another batch",
    );
  }
  if (!(await hasTranscript(env.OBJECTS, row))) {
    return conflict('the journal of its last run is gone: write mode "restart"');
  }
  const open = row.reason === "uncertain_effect" || left.uncertain !== undefined;
  if (open && after.on_uncertain !== "retry") return uncertain(left);
  const spent = spentBudgets(row, boundsOf(before.limits), boundsOf(after.limits));
  return spent.length === 0 ? null : refusedTask(spent);
}

function uncertain({ uncertain: effect, last_step }: Left): Problem {
  const step =
    effect === undefined
      ? `step ${last_step}`
      : `step ${effect.step} (${effect.tool}), begun at ${effect.began_at},`;
  return refusedAt(
    "overrides.on_uncertain",
    `${step} has no known outcome. Check what it did; then write "retry" here, which starts that step again with the same idempotency key, or mode "restart", which begins the task anew`,
  );
}

const fields: Partial<Record<string, readonly (keyof Bounds)[]>> = {
  budget_cost: ["cost_usd"],
  budget_egress: ["egress_requests", "egress_bytes"],
};

/** The limits that would end the task again before its next step, each with what to write. */
function spentBudgets(row: TaskRow, before: Bounds, after: Bounds): Detail[] {
  const used = readUsage(row.usage);
  const sums = { ...used, tokens: used.prompt_tokens + used.completion_tokens };
  const ended = row.reason?.startsWith("budget_") === true ? limitsOf(row.reason) : [];
  // One of two limits was the one: what is not reached yet may stay.
  const raised = ended.some((name) => after[name] > before[name]);
  const reached = ended.filter((name) => sums[name] >= after[name]);
  const again = exhausted(used, after);
  const names = raised ? reached : ended;
  const all = new Set([...names, ...(again === null ? [] : limitsOf(again))]);
  return [...all].map((name) => ({
    path: `overrides.limits.${name}`,
    message: `the task has used ${sums[name]} of ${after[name]}, and what it used stays counted: write a larger limit, up to ${budgetCeilings[name]}, or mode "restart"`,
  }));
}

const limitsOf = (reason: string): readonly (keyof Bounds)[] =>
  fields[reason] ?? [reason.replace("budget_", "") as keyof Bounds];
