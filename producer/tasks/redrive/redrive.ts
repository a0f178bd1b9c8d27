/** Redrives a settled task: it runs again, from its journal or from the start. */
import { Value } from "@sinclair/typebox/value";
import { getText, objectKeys } from "../../../shared/files/objects.ts";
import { batchLimits } from "../../../shared/limits.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { reopenBatch } from "../../../shared/store/batches/batches.ts";
import {
  type RedriveOptions,
  readWholeTask,
  redriveTasks,
} from "../../../shared/store/tasks/redrives.ts";
import type { TaskRow } from "../../../shared/store/tasks/task_row.ts";
import { readSpec, readTask } from "../../../shared/store/tasks/tasks.ts";
import { Redrive } from "../../../shared/task/redrive.ts";
import { redrivable } from "../../../shared/task/states.ts";
import type { DurableTask } from "../../../shared/task/task.ts";
import { archiveTranscript } from "../../../shared/task/transcript.ts";
import type { Principal } from "../../auth/principal.ts";
import { groupsBySize } from "../../batches/expand.ts";
import type { ProducerEnv } from "../../env.ts";
import { notFound, type Problem } from "../../http/problem.ts";
import { taskProblem } from "../check/check.ts";
import { loadCheckScope } from "../check/check_scope.ts";
import { explain } from "../check/explain.ts";
import { findMissingInputs } from "../check/stored_inputs.ts";
import { sendTasks } from "../send.ts";
import { buildNextRun, type Rerun, redriveOptionsOf } from "./next_run.ts";

/** The task's body as it was accepted; null when it is no longer in R2. */
export async function readTaskBody(env: ProducerEnv, row: TaskRow): Promise<DurableTask | null> {
  const text =
    (await readSpec(env.DB, row.id)) ??
    (await getText(env.OBJECTS, objectKeys.spec(row.tenant, row.id)));
  return text === null ? null : (JSON.parse(text) as DurableTask);
}

export async function redrive(
  env: ProducerEnv,
  principal: Principal,
  { id, tenant }: TaskRow,
  body: unknown,
): Promise<Result<TaskRow, Problem>> {
  if (!Value.Check(Redrive, body)) return err(taskProblem(explain(Redrive, body)));
  const row = await readWholeTask(env.DB, tenant, id);
  if (row === null) return err(notFound("task"));
  if (!(redrivable as readonly string[]).includes(row.status)) {
    return err({
      kind: "conflict",
      message: `this task is ${row.status}; only tasks that are ${redrivable.join(", ")} can be redriven`,
    });
  }
  const next = await buildNextRun(env, await loadCheckScope(env, principal), row, body);
  if (!next.ok) return next;
  const details = await findMissingInputs(env, tenant, body.overrides ?? {});
  if (details.length > 0) return err(taskProblem(details));
  const redriven = await rerunTasks(env, tenant, redriveOptionsOf(body), [next.value]);
  const after = await readTask(env.DB, tenant, id);
  if (redriven === 1 && after !== null) return ok(after);
  return err({
    kind: "conflict",
    message:
      "this task was redriven by another call at the same moment: check its state before you redrive it again",
  });
}

/**
 * Moves the transcripts to R2, then updates the rows, then sends the messages; returns how many tasks this
 * call redrove. A changed body is stored in the row whatever its size (a row may have 2 MB): a body in R2
 * could not be replaced under the fence, and after a lost race the other run would read it.
 */
export async function rerunTasks(
  env: ProducerEnv,
  tenant: string,
  kind: RedriveOptions,
  reruns: readonly Rerun[],
): Promise<number> {
  const atOnce = batchLimits.expandPutsAtOnceMax;
  for (let from = 0; from < reruns.length; from += atOnce) {
    const group = reruns.slice(from, from + atOnce);
    await Promise.all(group.map(({ row }) => archiveTranscript(env.OBJECTS, row)));
  }
  let redriven = 0;
  for (const group of groupsBySize(reruns.map(({ next }) => next))) {
    redriven += await redriveTasks(env.DB, tenant, kind, group);
  }
  const batches = new Set(reruns.flatMap(({ row }) => row.batch_id ?? []));
  if (redriven > 0) for (const batch of batches) await reopenBatch(env.DB, tenant, batch);
  // All of them, also those that another call redrove: a duplicate message finds nothing to claim.
  await sendTasks(
    env,
    reruns.map(({ row, next }) => ({ ...row, model: next.model, not_before: null })),
  );
  return redriven;
}
