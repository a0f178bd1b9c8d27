/** Accepting a batch: its input whole in R2, its row in D1, then its tasks behind the answer. */
import { isBatchId, newBatchId } from "../../shared/ids.ts";
import { log } from "../../shared/log.ts";
import { deleteObjects, objectKeys, sha256Hex } from "../../shared/objects.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { StoreFault } from "../../shared/retrying.ts";
import { type After, afterStatuses } from "../../shared/schedule.ts";
import {
  type BatchRow,
  findBatchByKey,
  findBatchByTick,
  insertBatch,
  readBatch,
} from "../../shared/store/batches.ts";
import type { DurableTask, Webhook } from "../../shared/task.ts";
import type { Scope } from "../auth/auth.ts";
import type { ProducerEnv } from "../env.ts";
import type { Detail, Problem } from "../http/problem.ts";
import type { OpenAiFacts } from "../openai/facts.ts";
import { keyTaken } from "../tasks/accept.ts";
import { canonical } from "../tasks/canonical.ts";
import { refusedTask } from "../tasks/check.ts";
import type { CheckScope } from "../tasks/check_scope.ts";
import { templateFaults } from "../tasks/template.ts";
import { type BatchInput, type Entry, writeBatchInput } from "./batch_input.ts";
import { ObjectWriter } from "./object_writer.ts";

/** What a batch says beside its tasks. */
export interface BatchHead {
  defaults: DurableTask;
  labels: Record<string, string>;
  limits: { cost_usd?: number; tokens?: number };
  webhook?: Webhook;
  /** The batch that it follows. */
  after?: After;
  /** Makes its tasks of that one's results; without it, it has its own lines. */
  template?: object;
  /** What it says in OpenAI's shape beside its lines. */
  openai?: OpenAiFacts;
}

export interface BatchSource {
  tenant: string;
  idempotencyKey: string | null;
  /** The tick of a schedule that it is the batch of: there is one batch for each. */
  tick?: { schedule_id: string; tick_at: number };
  head: BatchHead;
  /** Who sent it, and what the key may do: a batch that waits is checked again when it starts. */
  keyId: string | null;
  scopes: readonly Scope[];
  entries: AsyncIterable<Entry>;
}

export async function acceptBatch(
  env: ProducerEnv,
  source: BatchSource,
  scope: CheckScope,
): Promise<Result<{ row: BatchRow; fresh: boolean }, Problem>> {
  const id = newBatchId();
  const inputKey = objectKeys.batchInput(source.tenant, id);
  const writer = new ObjectWriter(env.OBJECTS, inputKey, "application/x-ndjson");
  const faults = await headFaults(env, source, scope);
  if (faults.length > 0) return err(refusedTask(faults));
  const { after, template, webhook } = source.head;
  const input =
    template === undefined ? await written(source, scope, writer) : ok({ total: 0, sha256: "" });
  if (!input.ok) return input;
  const hash = await headedHash(source.head, input.value);
  const isNew = await insertBatch(env.DB, {
    id,
    tenant: source.tenant,
    idempotency_key: source.idempotencyKey,
    body_hash: source.idempotencyKey === null ? null : hash,
    total: input.value.total,
    input_key: inputKey,
    defaults: JSON.stringify(source.head.defaults),
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
    openai: source.head.openai === undefined ? null : JSON.stringify(source.head.openai),
  });
  // An insert whose answer was lost is repeated and finds its own row.
  const own = await readBatch(env.DB, source.tenant, id);
  if (own !== null) {
    log("batch_accepted", { batch_id: id, tenant: source.tenant, total: own.total, is_new: isNew });
    return ok({ row: own, fresh: true });
  }
  await deleteObjects(env.OBJECTS, [inputKey]);
  const { tick } = source;
  const ticked = tick && (await findBatchByTick(env.DB, tick.schedule_id, tick.tick_at));
  if (ticked) return ok({ row: ticked, fresh: false });
  const held =
    source.idempotencyKey === null
      ? null
      : await findBatchByKey(env.DB, source.tenant, source.idempotencyKey);
  if (held === null) throw new StoreFault(`batch ${id} is not there after its insert`);
  return held.body_hash === hash ? ok({ row: held, fresh: false }) : err(keyTaken(held.id));
}

/** What is wrong beside the tasks. Only a batch that is there can be named, so no two wait for each other. */
async function headFaults(
  env: ProducerEnv,
  { tenant, head: { after, template, webhook } }: BatchSource,
  scope: CheckScope,
): Promise<Detail[]> {
  const details: Detail[] = [];
  const message = webhook === undefined ? null : scope.webhookFault(webhook);
  if (message !== null) details.push({ path: "webhook", message });
  if (template !== undefined) details.push(...templateFaults(template, scope));
  if (after !== undefined && (await readFollowed(env, tenant, after.batch)) === null) {
    details.push({ path: "after.batch", message: "names no batch of this tenant" });
  }
  return details;
}

const readFollowed = async (env: ProducerEnv, tenant: string, id: string) =>
  isBatchId(id) ? readBatch(env.DB, tenant, id) : null;

/** Either the whole input is in R2, or nothing of it. */
async function written(
  source: BatchSource,
  scope: CheckScope,
  writer: ObjectWriter,
): Promise<Result<BatchInput, Problem>> {
  try {
    const input = await writeBatchInput(source.entries, source.head.defaults, scope, writer);
    if (input.ok) await writer.finish();
    else await writer.abort();
    return input;
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

const headedHash = (head: BatchHead, input: BatchInput): Promise<string> =>
  sha256Hex(new TextEncoder().encode(`${canonical(head)}\n${input.sha256}`));
