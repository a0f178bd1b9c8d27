/** Accepting one valid task: its row first, then its message. The row is what a 202 response promises. */

import {
  byteLength,
  deleteObjects,
  objectKeys,
  putOnce,
  sha256Hex,
} from "../../shared/files/objects.ts";
import { newTaskId } from "../../shared/identity/ids.ts";
import { storeLimits } from "../../shared/limits.ts";
import { log } from "../../shared/platform/log.ts";
import type { ReplyTo } from "../../shared/platform/reply_to.ts";
import { StoreFault } from "../../shared/platform/retries.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { insertTask, type NewTask } from "../../shared/store/tasks/submissions.ts";
import type { TaskRow } from "../../shared/store/tasks/task_row.ts";
import type { DurableTask } from "../../shared/task/task.ts";
import { canonicalJson } from "../../shared/text/canonical_json.ts";
import type { ProducerEnv } from "../env.ts";
import type { Problem } from "../http/problem.ts";
import { defaultPolicy, parseTime } from "./check/task_rules.ts";
import { sendTasks } from "./send.ts";

/** Where a task comes from: what its own body does not contain. */
export interface Origin {
  id: string;
  tenant: string;
  batch: { id: string; index: number } | null;
  idempotencyKey: string | null;
  bodyHash: string | null;
  /** The fleet's model, for tasks that do not name one. */
  model: string;
  attempts: number;
  /** Who gets the result by mail. */
  replyTo?: ReplyTo | null;
}

/** A task's row, and its body if it is too large for the row: then it must be in R2 before the row. */
export function newTask(task: DurableTask, origin: Origin): { row: NewTask; large: string | null } {
  const body = JSON.stringify(task);
  const inline = byteLength(body) <= storeLimits.specInlineBytesMax;
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
    not_before: parseTime(task.not_before),
    expires_at: parseTime(task.expires_at),
    webhook: task.webhook === undefined ? null : JSON.stringify(task.webhook),
    answer_to: origin.replyTo == null ? null : JSON.stringify(origin.replyTo),
    concurrency_key: task.concurrency?.key ?? null,
    concurrency_limit: task.concurrency?.limit ?? null,
  };
  return { row, large: inline ? null : body };
}

export async function putLargeSpec(bucket: R2Bucket, row: NewTask, body: string): Promise<void> {
  await putOnce(bucket, objectKeys.spec(row.tenant, row.id), body, "application/json");
}

/** Two submissions with one key are the same if they have this hash. The key is not part of it. */
export async function bodyHash(task: DurableTask): Promise<string> {
  const { idempotency_key: _, ...body } = task;
  return sha256Hex(new TextEncoder().encode(canonicalJson(body)));
}

/** `isNew` is false if the idempotency key had created it before. */
export interface Accepted<Row> {
  row: Row;
  isNew: boolean;
}

/**
 * Accepts a task, or finds the one that its idempotency key already created. The unique index decides
 * between submissions at the same moment; an insert whose reply was lost is recognised by the row's id.
 */
export async function acceptTask(
  env: ProducerEnv,
  task: DurableTask,
  origin: Pick<Origin, "tenant" | "idempotencyKey" | "attempts" | "replyTo">,
): Promise<Result<Accepted<TaskRow>, Problem>> {
  const hash = origin.idempotencyKey === null ? null : await bodyHash(task);
  const { row: inserted, large } = newTask(task, {
    ...origin,
    id: newTaskId(),
    batch: null,
    bodyHash: hash,
    model: env.MODEL,
  });
  if (large !== null) await putLargeSpec(env.OBJECTS, inserted, large);
  const row = await insertTask(env.DB, inserted);
  if (row === null) throw new StoreFault(`task ${inserted.id} is missing after its insert`);
  if (row.id === inserted.id) {
    await sendTasks(env, [row]);
    log("task_accepted", { task_id: row.id, tenant: row.tenant, model: row.model });
    return ok({ row, isNew: true });
  }
  if (large !== null)
    await deleteObjects(env.OBJECTS, [objectKeys.spec(origin.tenant, inserted.id)]);
  return row.body_hash === hash ? ok({ row, isNew: false }) : err(keyConflict(row.id));
}

export const keyConflict = (id: string) =>
  ({
    kind: "conflict",
    message: `this idempotency key was already used for ${id} with a different body: send the same body, or use a new key`,
  }) as const;
