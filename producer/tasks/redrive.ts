/** Sends a settled task through again: from its journal, or from the start. */
import { Value } from "@sinclair/typebox/value";
import { batchLimits } from "../../shared/limits.ts";
import { getText, objectKeys } from "../../shared/objects.ts";
import { Redrive } from "../../shared/redrive.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { redrivable } from "../../shared/states.ts";
import { reopenBatch } from "../../shared/store/batches.ts";
import { type RedriveKind, readWholeTask, redriveTasks } from "../../shared/store/redrives.ts";
import type { TaskRow } from "../../shared/store/task_row.ts";
import { readSpec, readTask } from "../../shared/store/tasks.ts";
import type { DurableTask } from "../../shared/task.ts";
import { archiveTranscript } from "../../shared/transcript.ts";
import type { Principal } from "../auth/auth.ts";
import { groupsBySize } from "../batches/expand.ts";
import type { ProducerEnv } from "../env.ts";
import { notFound, type Problem } from "../http/problem.ts";
import { refusedTask } from "./check.ts";
import { scopeHere } from "./check_scope.ts";
import { explain } from "./explain.ts";
import { type Again, kindOf, nextRun } from "./next_run.ts";
import { sendTasks } from "./send.ts";
import { inputFaults } from "./stored_inputs.ts";

/** The task's body as it was accepted; null when it is gone from R2. */
export async function readBody(env: ProducerEnv, row: TaskRow): Promise<DurableTask | null> {
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
  if (!Value.Check(Redrive, body)) return err(refusedTask(explain(Redrive, body)));
  const row = await readWholeTask(env.DB, tenant, id);
  if (row === null) return err(notFound("task"));
  if (!(redrivable as readonly string[]).includes(row.status)) {
    return err({
      kind: "conflict",
      message: `this task is ${row.status}; only one that is ${redrivable.join(", ")} can be redriven`,
    });
  }
  const next = await nextRun(env, await scopeHere(env, principal), row, body);
  if (!next.ok) return next;
  const details = await inputFaults(env, tenant, body.overrides ?? {});
  if (details.length > 0) return err(refusedTask(details));
  const redriven = await sendThrough(env, tenant, kindOf(body), [next.value]);
  const after = await readTask(env.DB, tenant, id);
  if (redriven === 1 && after !== null) return ok(after);
  return err({
    kind: "conflict",
    message:
      "this task was redriven at the same moment: look at it before you send it through again",
  });
}

/**
 * Old transcripts to R2, then the rows, then the messages; answers how many this call redrove. A
 * changed body stands in the row whatever its size (a row holds 2 MB): one in R2 could not be replaced
 * under the fence, and a lost race would leave it to the other run.
 */
export async function sendThrough(
  env: ProducerEnv,
  tenant: string,
  kind: RedriveKind,
  agains: readonly Again[],
): Promise<number> {
  const atOnce = batchLimits.expandPutsAtOnceMax;
  for (let from = 0; from < agains.length; from += atOnce) {
    const group = agains.slice(from, from + atOnce);
    await Promise.all(group.map(({ row }) => archiveTranscript(env.OBJECTS, row)));
  }
  let redriven = 0;
  for (const group of groupsBySize(agains.map(({ next }) => next))) {
    redriven += await redriveTasks(env.DB, tenant, kind, group);
  }
  const batches = new Set(agains.flatMap(({ row }) => row.batch_id ?? []));
  if (redriven > 0) for (const batch of batches) await reopenBatch(env.DB, tenant, batch);
  // All of them, also those that somebody else redrove: one message too many is refused by its claim.
  await sendTasks(
    env,
    agains.map(({ row, next }) => ({ ...row, model: next.model, not_before: null })),
  );
  return redriven;
}
