/** Accepting a batch: its input whole in R2, then its row in D1. Its tasks are created after the response. */

import { deleteObjects, objectKeys, sha256Hex } from "../../shared/files/objects.ts";
import { isBatchId, newBatchId } from "../../shared/identity/ids.ts";
import { log } from "../../shared/platform/log.ts";
import { StoreFault } from "../../shared/platform/retries.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { BatchRow } from "../../shared/store/batches/batch_row.ts";
import {
  findBatchByKey,
  findBatchByTick,
  insertBatch,
  readBatch,
} from "../../shared/store/batches/batches.ts";
import type { After } from "../../shared/task/schedule.ts";
import { afterStatuses } from "../../shared/task/states.ts";
import type { DurableTask, Webhook } from "../../shared/task/task.ts";
import { canonicalJson } from "../../shared/text/canonical_json.ts";
import type { Scope } from "../auth/principal.ts";
import type { ProducerEnv } from "../env.ts";
import type { Detail, Problem } from "../http/problem.ts";
import type { OpenAiBatchRequest } from "../openai/batches/batch_request.ts";
import { type Accepted, keyConflict } from "../tasks/accept.ts";
import { taskProblem } from "../tasks/check/check.ts";
import type { CheckScope } from "../tasks/check/check_scope.ts";
import { findTemplateFaults } from "../tasks/check/template.ts";
import { type BatchInput, type Entry, storeBatchInput } from "./batch_input.ts";

/** A batch without its tasks. */
export interface BatchHead {
  defaults: DurableTask;
  labels: Record<string, string>;
  limits: { cost_usd?: number; tokens?: number };
  webhook?: Webhook;
  /** The batch that it follows. */
  after?: After;
  /** Makes its tasks from the results of that batch; without it, the batch has its own lines. */
  template?: object;
  /** The other fields of a batch that was sent in OpenAI's format. */
  openai?: OpenAiBatchRequest;
}

export interface BatchSource {
  tenant: string;
  idempotencyKey: string | null;
  /** The schedule tick that submits it; a tick has one batch. */
  tick?: { schedule_id: string; tick_at: number };
  head: BatchHead;
  /** The key that sent it, and its scopes: a batch that waits is checked again when it starts. */
  keyId: string | null;
  scopes: readonly Scope[];
  entries: AsyncIterable<Entry>;
}

export async function acceptBatch(
  env: ProducerEnv,
  source: BatchSource,
  scope: CheckScope,
): Promise<Result<Accepted<BatchRow>, Problem>> {
  const id = newBatchId();
  const inputKey = objectKeys.batchInput(source.tenant, id);
  const faults = await findHeadFaults(env, source, scope);
  if (faults.length > 0) return err(taskProblem(faults));
  const { after, template, webhook, openai, defaults } = source.head;
  const input =
    template === undefined
      ? await storeBatchInput(env.OBJECTS, inputKey, { entries: source.entries, defaults, scope })
      : ok({ total: 0, sha256: "" });
  if (!input.ok) return input;
  const hash = await hashBatch(source.head, input.value);
  const isNew = await insertBatch(env.DB, {
    id,
    tenant: source.tenant,
    idempotency_key: source.idempotencyKey,
    body_hash: source.idempotencyKey === null ? null : hash,
    total: input.value.total,
    input_key: inputKey,
    defaults: JSON.stringify(defaults),
    labels: JSON.stringify(source.head.labels),
    limits: JSON.stringify(source.head.limits),
    schedule_id: source.tick?.schedule_id ?? null,
    tick_at: source.tick?.tick_at ?? null,
    webhook: webhook === undefined ? null : JSON.stringify(webhook),
    after_batch: after?.batch ?? null,
    after_status: after === undefined ? null : JSON.stringify(after.status ?? afterStatuses),
    template: template === undefined ? null : JSON.stringify(template),
    waits: after === undefined ? 0 : 1,
    scopes: JSON.stringify(source.scopes),
    key_id: source.keyId,
    openai: openai === undefined ? null : JSON.stringify(openai),
  });
  // An insert whose reply was lost is repeated and finds its own row.
  const row = await readBatch(env.DB, source.tenant, id);
  if (row !== null) {
    log("batch_accepted", { batch_id: id, tenant: source.tenant, total: row.total, is_new: isNew });
    return ok({ row, isNew: true });
  }
  await deleteObjects(env.OBJECTS, [inputKey]);
  return findEarlierBatch(env, source, hash);
}

/** The batch that the same tick or the same idempotency key created before. */
async function findEarlierBatch(
  env: ProducerEnv,
  { tenant, tick, idempotencyKey }: BatchSource,
  hash: string,
): Promise<Result<Accepted<BatchRow>, Problem>> {
  const ofTick = tick && (await findBatchByTick(env.DB, tick.schedule_id, tick.tick_at));
  if (ofTick) return ok({ row: ofTick, isNew: false });
  const row = idempotencyKey && (await findBatchByKey(env.DB, tenant, idempotencyKey));
  if (!row) throw new StoreFault("a batch is missing after its insert");
  return row.body_hash === hash ? ok({ row, isNew: false }) : err(keyConflict(row.id));
}

/** Faults outside of the tasks. Only an existing batch can be followed, so no two batches wait for each other. */
async function findHeadFaults(
  env: ProducerEnv,
  { tenant, head: { after, template, webhook } }: BatchSource,
  scope: CheckScope,
): Promise<Detail[]> {
  const details: Detail[] = [];
  const webhookCheck = webhook === undefined ? ok(null) : scope.checkWebhook(webhook);
  if (!webhookCheck.ok) details.push({ path: "webhook", message: webhookCheck.error });
  if (template !== undefined) details.push(...findTemplateFaults(template, scope));
  if (after === undefined) return details;
  const upstream = isBatchId(after.batch) ? await readBatch(env.DB, tenant, after.batch) : null;
  if (upstream === null) {
    details.push({ path: "after.batch", message: "there is no batch with this id: check the id" });
  }
  return details;
}

const hashBatch = (head: BatchHead, input: BatchInput): Promise<string> =>
  sha256Hex(new TextEncoder().encode(`${canonicalJson(head)}\n${input.sha256}`));
