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
import {
  type Admitted,
  admitTask,
  type NotAdmitted,
  pauseSlot,
  releaseSlots,
} from "../governor/client.ts";
import { fallbackModelsOf, isServed } from "./fallback_models.ts";

/** An admission by the governor of `model`. */
export interface Admission extends Admitted {
  model: string;
}

/** A task is admitted where any of its models takes it; a short wait for its own model is waited out. */
export async function checkAdmission(
  config: ConsumerConfig,
  message: TaskMessage,
  isRefill: boolean,
): Promise<Result<Admission, NotAdmitted>> {
  const task = message.task_id;
  const own = await admitTask(config, { task, model: message.model, isRefill });
  if (own.ok) return ok({ model: message.model, ...own.value });
  if (own.error.waitMs <= governorLimits.fallbackWaitMsMin) return own;
  for (const model of await listFallbackModels(config, message)) {
    const admission = await admitTask(config, { task, model, isRefill });
    if (!admission.ok) continue;
    log("task_admitted_by_fallback", { task_id: message.task_id, model });
    return ok({ model, ...admission.value });
  }
  return own;
}

/** The slot takes no task: what the admission took is free again, and the message's own task keeps its slot. */
export function revokeAdmission(
  config: ConsumerConfig,
  task: string,
  { model, slot, isNew }: Admission,
): void {
  if (slot === null) return;
  if (isNew) releaseSlots(config, slot, [model]);
  else pauseSlot(config, model, slot, task);
}

async function listFallbackModels(
  config: ConsumerConfig,
  { task_id, model }: TaskMessage,
): Promise<string[]> {
  const row = await readFallbackModels(config.env.DB, task_id);
  if (row === null) return [];
  const listed = row.large ? await readLargeList(config, row.tenant, task_id) : row.listed;
  return fallbackModelsOf(config, model, listed).filter((name) => isServed(config, name));
}

/** The claim reports a body that cannot be read. */
async function readLargeList(
  config: ConsumerConfig,
  tenant: string,
  id: string,
): Promise<string[] | undefined> {
  const text = await getText(config.env.OBJECTS, objectKeys.spec(tenant, id));
  return text === null ? [] : (JSON.parse(text) as DurableTask).fallback_models;
}
