/** Accepting one checked task: its row first, then its message. The row is what a 202 promises. */
import type { AnswerTo } from "../../shared/answer_to.ts";
import { newTaskId } from "../../shared/ids.ts";
import { storeLimits } from "../../shared/limits.ts";
import { log } from "../../shared/log.ts";
import { deleteObjects, objectKeys, putOnce, sha256Hex } from "../../shared/objects.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { StoreFault } from "../../shared/retrying.ts";
import { findByKey, insertTasks, type NewTask } from "../../shared/store/submissions.ts";
import type { TaskRow } from "../../shared/store/task_row.ts";
import { readTask } from "../../shared/store/tasks.ts";
import type { DurableTask } from "../../shared/task.ts";
import type { ProducerEnv } from "../env.ts";
import type { Problem } from "../http/problem.ts";
import { canonical } from "./canonical.ts";
import { sendTasks } from "./send.ts";
import { defaultPolicy, milliseconds } from "./task_rules.ts";

const encoder = new TextEncoder();

/** Where a task comes from, beside what it says itself. */
export interface Origin {
  id: string;
  tenant: string;
  batch: { id: string; index: number } | null;
  idempotencyKey: string | null;
  bodyHash: string | null;
  /** The fleet's model, for tasks that name none. */
  model: string;
  attempts: number;
  /** Who is sent the result by mail. */
  answerTo?: AnswerTo | null;
}

/** A task's row, and its body where that is too large for the row and must be in R2 before it. */
export function newTask(task: DurableTask, origin: Origin): { row: NewTask; large: string | null } {
  const body = JSON.stringify(task);
  const inline = encoder.encode(body).byteLength <= storeLimits.specInlineBytesMax;
  const row: NewTask = {
    id: origin.id,
    tenant: origin.tenant,
    batch_id: origin.batch?.id ?? null,
    batch_index: origin.batch?.index ?? null,
    custom_id: task.custom_id ?? null,
    idempotency_key: origin.idempotencyKey,
    body_hash: origin.bodyHash,
    attempts: task.attempts ?? origin.attempts,
    model: task.model ?? origin.model,
    policy: task.policy ?? defaultPolicy,
    sandbox: task.sandbox ?? "isolate",
    priority: task.priority ?? "normal",
    labels: JSON.stringify(task.labels ?? {}),
    spec: inline ? body : null,
    not_before: milliseconds(task.not_before),
    expires_at: milliseconds(task.expires_at),
    webhook: task.webhook === undefined ? null : JSON.stringify(task.webhook),
    answer_to: origin.answerTo == null ? null : JSON.stringify(origin.answerTo),
    concurrency_key: task.concurrency?.key ?? null,
    concurrency_limit: task.concurrency?.limit ?? null,
  };
  return { row, large: inline ? null : body };
}

export async function putLargeSpec(bucket: R2Bucket, row: NewTask, body: string): Promise<void> {
  await putOnce(bucket, objectKeys.spec(row.tenant, row.id), body, "application/json");
}

/** The hash by which two submissions under one key are the same; the key itself is not part of it. */
export async function bodyHash(task: DurableTask): Promise<string> {
  const { idempotency_key: _, ...body } = task;
  return sha256Hex(encoder.encode(canonical(body)));
}

/**
 * Accepts a task, or finds the one that its idempotency key already made. The unique index decides
 * between submissions at the same moment; a row whose insert was answered late is recognised by its id.
 */
export async function acceptTask(
  env: ProducerEnv,
  task: DurableTask,
  by: Pick<Origin, "tenant" | "idempotencyKey" | "attempts" | "answerTo">,
): Promise<Result<{ row: TaskRow; fresh: boolean }, Problem>> {
  const hash = by.idempotencyKey === null ? null : await bodyHash(task);
  const { row, large } = newTask(task, {
    id: newTaskId(),
    tenant: by.tenant,
    batch: null,
    idempotencyKey: by.idempotencyKey,
    bodyHash: hash,
    model: env.MODEL,
    attempts: by.attempts,
    answerTo: by.answerTo ?? null,
  });
  if (large !== null) await putLargeSpec(env.OBJECTS, row, large);
  await insertTasks(env.DB, [row]);
  const held =
    by.idempotencyKey === null
      ? await readTask(env.DB, by.tenant, row.id)
      : await findByKey(env.DB, by.tenant, by.idempotencyKey);
  if (held === null) throw new StoreFault(`task ${row.id} is not there after its insert`);
  if (held.id === row.id) {
    await sendTasks(env, [held]);
    log("task_accepted", { task_id: held.id, tenant: held.tenant, model: held.model });
    return ok({ row: held, fresh: true });
  }
  if (large !== null) await deleteObjects(env.OBJECTS, [objectKeys.spec(by.tenant, row.id)]);
  return held.body_hash === hash ? ok({ row: held, fresh: false }) : err(keyTaken(held.id));
}

export const keyTaken = (id: string) =>
  ({
    kind: "conflict",
    message: `this idempotency key stands for ${id}, which was sent with another body: send that body, or use a new key`,
  }) as const;
