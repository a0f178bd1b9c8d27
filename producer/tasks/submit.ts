/**
 * The one way in. A task that comes by HTTP, from the queue `inbox`, over the binding `Fleet` or by mail is
 * checked and accepted here, and a batch likewise: who submits differs, what is accepted does not.
 */
import type { AnswerTo } from "../../shared/answer_to.ts";
import { taskLimits } from "../../shared/limits.ts";
import { err, type Result } from "../../shared/result.ts";
import type { BatchRow } from "../../shared/store/batches.ts";
import { findByKey } from "../../shared/store/submissions.ts";
import type { TaskRow } from "../../shared/store/task_row.ts";
import type { DurableTask } from "../../shared/task.ts";
import type { Principal } from "../auth/principal.ts";
import type { BatchBody } from "../batches/batch_body.ts";
import { acceptBatch } from "../batches/batches.ts";
import type { ProducerEnv } from "../env.ts";
import type { Detail, Problem } from "../http/problem.ts";
import { acceptTask } from "./accept.ts";
import { checkTask, refusedTask } from "./check.ts";
import { scopeHere } from "./check_scope.ts";
import { agreedKey } from "./idempotency.ts";
import { inputFaults, namesInputs } from "./stored_inputs.ts";

/**
 * `fresh` is false where its idempotency key had made it before. `key` is the transport's, or null.
 * `answerTo` is the sender of a mail who is to get the result.
 */
export async function submitTask(
  env: ProducerEnv,
  principal: Principal,
  body: unknown,
  key: string | null,
  answerTo: AnswerTo | null = null,
): Promise<Result<{ row: TaskRow; fresh: boolean }, Problem>> {
  const checked = checkTask(body, await scopeHere(env, principal));
  if (!checked.ok) return err(refusedTask(checked.details));
  const agreed = agreedKey(key, checked.task.idempotency_key);
  if (!agreed.ok) return agreed;
  const faults = await missing(env, principal.tenant, checked.task, agreed.value);
  if (faults.length > 0) return err(refusedTask(faults));
  return acceptTask(env, checked.task, {
    tenant: principal.tenant,
    idempotencyKey: agreed.value,
    attempts: taskLimits.attemptsDefault,
    answerTo,
  });
}

/** Uploads that a new task names and that are not there. One that its key made before is not new. */
async function missing(
  env: ProducerEnv,
  tenant: string,
  task: DurableTask,
  key: string | null,
): Promise<Detail[]> {
  if (!namesInputs(task)) return [];
  if (key !== null && (await findByKey(env.DB, tenant, key)) !== null) return [];
  return inputFaults(env, tenant, task);
}

export async function submitBatch(
  env: ProducerEnv,
  principal: Principal,
  { head, entries }: BatchBody,
  key: string | null,
): Promise<Result<{ row: BatchRow; fresh: boolean }, Problem>> {
  const { tenant, scopes } = principal;
  const keyId = principal.key?.id ?? null;
  const source = { tenant, keyId, scopes, idempotencyKey: key, head, entries };
  return acceptBatch(env, source, await scopeHere(env, principal));
}
