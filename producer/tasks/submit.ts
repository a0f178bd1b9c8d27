/**
 * The one entry point: a task from HTTP, from the queue `inbox`, over the binding `Fleet` or by mail is
 * checked and accepted here, and so is a batch.
 */
import { taskLimits } from "../../shared/limits.ts";
import type { ReplyTo } from "../../shared/platform/reply_to.ts";
import { err, type Result } from "../../shared/result.ts";
import type { BatchRow } from "../../shared/store/batches/batch_row.ts";
import { findTaskByKey } from "../../shared/store/tasks/submissions.ts";
import type { TaskRow } from "../../shared/store/tasks/task_row.ts";
import type { DurableTask } from "../../shared/task/task.ts";
import type { Principal } from "../auth/principal.ts";
import { acceptBatch } from "../batches/accept.ts";
import type { BatchBody } from "../batches/batch_body.ts";
import type { ProducerEnv } from "../env.ts";
import type { Detail, Problem } from "../http/problem.ts";
import { type Accepted, acceptTask } from "./accept.ts";
import { checkTask, taskProblem } from "./check/check.ts";
import { loadCheckScope } from "./check/check_scope.ts";
import { findMissingInputs, hasStoredInputs } from "./check/stored_inputs.ts";
import { resolveKey } from "./idempotency.ts";

/** `key` is the transport's idempotency key, or null. `replyTo` is the sender of a mail, who gets the result. */
export async function submitTask(
  env: ProducerEnv,
  principal: Principal,
  body: unknown,
  key: string | null,
  replyTo: ReplyTo | null = null,
): Promise<Result<Accepted<TaskRow>, Problem>> {
  const taskCheck = checkTask(body, await loadCheckScope(env, principal));
  if (!taskCheck.ok) return err(taskProblem(taskCheck.error));
  const resolvedKey = resolveKey(key, taskCheck.value.idempotency_key);
  if (!resolvedKey.ok) return resolvedKey;
  const faults = await findNewFaults(env, principal.tenant, taskCheck.value, resolvedKey.value);
  if (faults.length > 0) return err(taskProblem(faults));
  return acceptTask(env, taskCheck.value, {
    tenant: principal.tenant,
    idempotencyKey: resolvedKey.value,
    attempts: taskLimits.attemptsDefault,
    replyTo,
  });
}

/** Missing uploads of a new task. A task that its key created before is not new. */
async function findNewFaults(
  env: ProducerEnv,
  tenant: string,
  task: DurableTask,
  key: string | null,
): Promise<Detail[]> {
  if (!hasStoredInputs(task)) return [];
  if (key !== null && (await findTaskByKey(env.DB, tenant, key)) !== null) return [];
  return findMissingInputs(env, tenant, task);
}

export async function submitBatch(
  env: ProducerEnv,
  principal: Principal,
  { head, entries }: BatchBody,
  key: string | null,
): Promise<Result<Accepted<BatchRow>, Problem>> {
  const { tenant, scopes } = principal;
  const keyId = principal.key?.id ?? null;
  const source = { tenant, keyId, scopes, idempotencyKey: key, head, entries };
  return acceptBatch(env, source, await loadCheckScope(env, principal));
}
