/**
 * Admission, before the claim: a claim that is denied afterwards costs rows and queue operations. The
 * message names the task's own model alone, so the row is read only where that one keeps it waiting.
 */

import { governorLimits } from "../../shared/limits.ts";
import { log } from "../../shared/log.ts";
import type { TaskMessage } from "../../shared/message.ts";
import { getText, objectKeys } from "../../shared/objects.ts";
import { readListed } from "../../shared/store/tasks.ts";
import type { DurableTask } from "../../shared/task.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { admit, releaseSlots } from "../governor/client.ts";
import { fallbackModelsOf, isServed } from "./fallback_models.ts";

/** `by`: the model whose governor took the task. `waitMs`: when its own model is worth asking again. */
export type Admission = { ok: true; by: string; fresh: boolean } | { ok: false; waitMs: number };

/** A task is admitted where any of its models takes it; a short wait for its own is waited out. */
export async function checkAdmission(fleet: ConsumerConfig, told: TaskMessage): Promise<Admission> {
  const own = await admit(fleet, told.task_id, told.model);
  if (own.ok) return { ...own, by: told.model };
  if (own.waitMs <= governorLimits.fallbackWaitMsMin) return own;
  for (const model of await fallbacksListed(fleet, told)) {
    const admitted = await admit(fleet, told.task_id, model);
    if (!admitted.ok) continue;
    log("task_admitted_by_fallback", { task_id: told.task_id, model });
    return { ...admitted, by: model };
  }
  return own;
}

/** A task that turned out not to be ours to run gives back the place that it was just given. */
export async function revokeAdmission(
  fleet: ConsumerConfig,
  task: string,
  admitted: Admission,
): Promise<void> {
  if (admitted.ok && admitted.fresh) await releaseSlots(fleet, task, [admitted.by]);
}

async function fallbacksListed(
  fleet: ConsumerConfig,
  { task_id, model }: TaskMessage,
): Promise<string[]> {
  const row = await readListed(fleet.env.DB, task_id);
  if (row === null) return [];
  const listed = row.large ? await largeList(fleet, row.tenant, task_id) : row.listed;
  return fallbackModelsOf(fleet, model, listed).filter((name) => isServed(fleet, name));
}

/** A body that cannot be read is the claim's to report. */
async function largeList(
  fleet: ConsumerConfig,
  tenant: string,
  id: string,
): Promise<string[] | undefined> {
  const text = await getText(fleet.env.OBJECTS, objectKeys.spec(tenant, id));
  return text === null ? [] : (JSON.parse(text) as DurableTask).fallback_models;
}
