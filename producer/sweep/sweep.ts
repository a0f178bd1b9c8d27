/**
 * Every minute: sends what was never delivered, goes on with batches that stand still, and clears away
 * what is past its time or belongs to nothing. Bounded, idempotent, safe when two overlap: the store gives
 * each due task, each batch and each page of a walk to one of them.
 */
import { batchLimits, sweepLimits } from "../../shared/limits.ts";
import { log, logBug } from "../../shared/log.ts";
import { backlogOf } from "../../shared/queues.ts";
import { StoreFault } from "../../shared/retrying.ts";
import { takeUnexpanded } from "../../shared/store/batches.ts";
import {
  type CleanupCursor,
  type CleanupName,
  moveCleanup,
  takeCleanup,
} from "../../shared/store/cleanup_cursors.ts";
import { type Due, markSent, takeDue, takeIdle } from "../../shared/store/due_tasks.ts";
import { expandBatch } from "../batches/expand.ts";
import type { ProducerEnv } from "../env.ts";
import { sendTasks } from "../tasks/send.ts";
import { clearBatchObjects, clearTaskObjects } from "./orphans.ts";
import {
  type Cleared,
  clearBatches,
  clearDeadMessages,
  clearFiles,
  clearPolicies,
  clearTasks,
  clearWebhooks,
} from "./retention.ts";
import { readRetention } from "./retention_days.ts";

export interface Swept {
  batches: number;
  due: number;
  sent: number;
  /** Whether tasks were sent again that had been sent and never came. */
  lost_too: boolean;
  /** Pages of walks over what is old, and what they removed. */
  pages: number;
  removed_rows: number;
  removed_objects: number;
}

/** Never throws: the next minute tries again. Each part is tried, whatever became of the one before. */
export async function sweep(env: ProducerEnv): Promise<Swept> {
  const swept: Swept = {
    ...{ batches: 0, due: 0, sent: 0, lost_too: false },
    ...{ pages: 0, removed_rows: 0, removed_objects: 0 },
  };
  await tried("resend", () => resend(env, swept));
  await tried("expand", () => expand(env, swept));
  await tried("clear", () => clear(env, swept));
  log("sweep", { ...swept });
  return swept;
}

async function tried(part: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof StoreFault) log("unhealthy", { what: part, message: error.message });
    else logBug(part, error);
  }
}

async function expand(env: ProducerEnv, swept: Swept): Promise<void> {
  const deadline = Date.now() + batchLimits.expandMsMax;
  while (swept.batches < batchLimits.batchesPerTickMax && Date.now() < deadline) {
    const batch = await takeUnexpanded(env.DB);
    if (batch === null) break;
    await expandBatch(env, batch, deadline);
    swept.batches++;
  }
}

const retained: readonly CleanupName[] = ["batches", "tasks", "policies", "webhooks", "inbox_dead"];
const owned: readonly CleanupName[] = ["task_objects", "batch_objects", "files"];

/** A few pages of whichever walks are due. What was taken and not moved on is due again soon. */
async function clear(env: ProducerEnv, swept: Swept): Promise<void> {
  const retention = readRetention(env.RETENTION_DAYS);
  if (!retention.ok) log("unhealthy", { what: "retention", message: retention.message });
  const retentionMs = retention.ok ? retention.ms : null;
  const names = retentionMs === null ? owned : [...retained, ...owned];
  const deadline = Date.now() + sweepLimits.walkMsMax;
  while (swept.pages < sweepLimits.walkPagesPerTickMax && Date.now() < deadline) {
    const walk = await takeCleanup(env.DB, names);
    if (walk === null) break;
    const { rows, objects, last } = await clearPage(env, walk, retentionMs ?? Infinity);
    await moveCleanup(env.DB, walk, last);
    swept.pages += 1;
    swept.removed_rows += rows;
    swept.removed_objects += objects;
  }
}

function clearPage(env: ProducerEnv, walk: CleanupCursor, retentionMs: number): Promise<Cleared> {
  switch (walk.name) {
    case "batches":
      return clearBatches(env, walk, retentionMs);
    case "tasks":
      return clearTasks(env, walk, retentionMs);
    case "policies":
      return clearPolicies(env, walk, retentionMs);
    case "webhooks":
      return clearWebhooks(env, walk, retentionMs);
    case "inbox_dead":
      return clearDeadMessages(env, walk, retentionMs);
    case "task_objects":
      return clearTaskObjects(env, walk);
    case "batch_objects":
      return clearBatchObjects(env, walk);
    case "files":
      return clearFiles(env, walk);
  }
}

async function resend(env: ProducerEnv, swept: Swept): Promise<void> {
  const waiting = await backlog(env);
  swept.lost_too = waiting < sweepLimits.smallBacklogMessages;
  for (let pass = 0; pass < sweepLimits.passesPerTickMax; pass++) {
    const due = await takeDue(env.DB, sweepLimits.rowsPerPassMax, swept.lost_too);
    await sendAgain(env, due, swept);
    if (due.length < sweepLimits.rowsPerPassMax) break;
  }
  if (env.FLEET_MODE !== "local" || waiting > 0) return;
  const idle = await takeIdle(env.DB, sweepLimits.rowsPerPassMax, sweepLimits.localIdleMs);
  await sendAgain(env, idle, swept);
}

async function sendAgain(env: ProducerEnv, due: readonly Due[], swept: Swept): Promise<void> {
  const sent = await sendTasks(env, due);
  swept.due += due.length;
  swept.sent += sent.size;
  await markSent(
    env.DB,
    due.filter(({ id }) => sent.has(id)),
  );
}

/**
 * The messages that wait. A long backlog is not loss: sending it again would double it. Where the queue
 * cannot tell, a deployed fleet takes its messages for waiting; a local one takes them for lost.
 */
async function backlog(env: ProducerEnv): Promise<number> {
  try {
    return await backlogOf([env.TASKS, env.TASKS_LOW]);
  } catch (error) {
    log("unhealthy", { what: "queue metrics", message: String(error) });
    return env.FLEET_MODE === "local" ? 0 : Number.POSITIVE_INFINITY;
  }
}
