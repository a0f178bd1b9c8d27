/**
 * Admission, before the claim: a claim that is denied afterwards costs rows and queue operations. The message
 * names only the task's own model, so the row is read only where that model makes the task wait.
 */

import { getText, objectKeys } from "../../shared/files/objects.ts";
import { governorLimits } from "../../shared/limits.ts";
import { log } from "../../shared/platform/log.ts";
import type { TaskMessage } from "../../shared/platform/message.ts";
import { ok, type Result } from "../../shared/result.ts";
import { readFallbackModels } from "../../shared/store/tasks/tasks.ts";
import type { DurableTask } from "../../shared/task/task.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { admitTask, releaseSlots } from "../governor/client.ts";
import { fallbackModelsOf, isServed } from "./fallback_models.ts";

/** The model whose governor admitted the task. `isNew`: this admission gave the task its slot. */
export interface Admission {
  model: string;
  isNew: boolean;
}

/** How long until the task's own model is worth asking again. */
export interface AdmissionWait {
  waitMs: number;
}

/** A task is admitted where any of its models takes it; a short wait for its own model is waited out. */
export async function checkAdmission(
  config: ConsumerConfig,
  message: TaskMessage,
): Promise<Result<Admission, AdmissionWait>> {
  const ownAdmission = await admitTask(config, message.task_id, message.model);
  if (ownAdmission.ok) return ok({ model: message.model, isNew: ownAdmission.value.isNew });
  if (ownAdmission.error.waitMs <= governorLimits.fallbackWaitMsMin) return ownAdmission;
  for (const model of await listFallbackModels(config, message)) {
    const admission = await admitTask(config, message.task_id, model);
    if (!admission.ok) continue;
    log("task_admitted_by_fallback", { task_id: message.task_id, model });
    return ok({ model, isNew: admission.value.isNew });
  }
  return ownAdmission;
}

/** A task that this Worker cannot run releases the slot that its admission gave it. */
export async function revokeAdmission(
  config: ConsumerConfig,
  task: string,
  { model, isNew }: Admission,
): Promise<void> {
  if (isNew) await releaseSlots(config, task, [model]);
}

async function listFallbackModels(
  config: ConsumerConfig,
  { task_id, model }: TaskMessage,
): Promise<string[]> {
  const row = await readFallbackModels(config.env.DB, task_id);
  if (row === null) return [];
  const models = row.large ? await readLargeList(config, row.tenant, task_id) : row.listed;
  return fallbackModelsOf(config, model, models).filter((name) => isServed(config, name));
}

/** An unreadable body gives no list here: the claim reports it. */
async function readLargeList(
  config: ConsumerConfig,
  tenant: string,
  id: string,
): Promise<string[] | undefined> {
  const text = await getText(config.env.OBJECTS, objectKeys.spec(tenant, id));
  return text === null ? [] : (JSON.parse(text) as DurableTask).fallback_models;
}
