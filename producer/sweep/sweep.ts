/**
 * Every minute: sends tasks that were never delivered, continues interrupted expansions, and removes what is
 * past its retention or has no owner. Bounded, idempotent and safe when two sweeps overlap: the store gives
 * each due task, each batch and each page of a cleanup to one of them.
 */
import { batchLimits, sweepLimits } from "../../shared/limits.ts";
import { log } from "../../shared/platform/log.ts";
import { readBacklog } from "../../shared/platform/queues.ts";
import { logFailure } from "../../shared/platform/retries.ts";
import { takeUnexpanded } from "../../shared/store/batches/expansion.ts";
import {
  type CleanupCursor,
  type CleanupName,
  endCleanup,
  moveCleanup,
  takeCleanup,
} from "../../shared/store/cleanup/cleanup_cursors.ts";
import { queriesOf } from "../../shared/store/counted_database.ts";
import { wakePage } from "../../shared/store/flow/pauses.ts";
import { readDatabaseSize } from "../../shared/store/sql.ts";
import {
  type DueTask,
  findReadyTasks,
  markSent,
  takeDueTasks,
} from "../../shared/store/tasks/due_tasks.ts";
import { expandBatch } from "../batches/expand.ts";
import type { ProducerEnv } from "../env.ts";
import { sendTasks } from "../tasks/send.ts";
import { cleanBatchObjects, cleanTaskObjects } from "./orphans.ts";
import { setAside, watchRestores } from "./restore_watch.ts";
import {
  cleanBatches,
  cleanDeadMessages,
  cleanFiles,
  cleanPolicies,
  cleanTasks,
  cleanWebhooks,
  moveTaskBodies,
  type RemovedPage,
} from "./retention.ts";
import { readRetention } from "./retention_days.ts";

export interface SweepReport {
  batches: number;
  due: number;
  sent: number;
  /** Messages for tasks that waited without one. */
  hints: number;
  /** Pages of the cleanups, and what they removed. */
  pages: number;
  removed_rows: number;
  removed_objects: number;
}

/** Never throws: the next minute tries again. The parts are independent: a failure in one does not skip the others. */
export async function sweep(env: ProducerEnv): Promise<SweepReport> {
  const report: SweepReport = {
    ...{ batches: 0, due: 0, sent: 0, hints: 0 },
    ...{ pages: 0, removed_rows: 0, removed_objects: 0 },
  };
  await attempt("database size", () => watchSize(env));
  // Before anything is sent: a restored task must not start.
  await attempt("restore", async () => setAside(env, await watchRestores(env)));
  await attempt("wake", () => wakeTasks(env));
  await attempt("resend", () => resend(env, report));
  await attempt("expand", () => expand(env, report));
  await attempt("clear", () => cleanUp(env, report));
  log("sweep", { ...report });
  return report;
}

async function watchSize({ DB }: ProducerEnv): Promise<void> {
  const { state, bytes, bytes_max } = await readDatabaseSize(DB);
  if (state === "ok") return;
  const message =
    state === "full"
      ? "new work is refused: shorten RETENTION_DAYS, or erase a tenant's tasks"
      : "shorten RETENTION_DAYS before new work is refused";
  log("unhealthy", { what: "database size", state, bytes, bytes_max, message });
}

/** Continues what a resume has begun. */
async function wakeTasks({ DB }: ProducerEnv): Promise<void> {
  for (let page = 0; page < sweepLimits.passesPerTickMax; page++) {
    if (!(await wakePage(DB))) return;
  }
}

async function attempt(part: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    logFailure(part, error);
  }
}

const hasTime = (env: ProducerEnv, deadline: number): boolean =>
  Date.now() < deadline && queriesOf(env.DB) < sweepLimits.queriesMax;

async function expand(env: ProducerEnv, report: SweepReport): Promise<void> {
  const deadline = Date.now() + batchLimits.expandMsMax;
  while (report.batches < batchLimits.batchesPerTickMax && hasTime(env, deadline)) {
    const batch = await takeUnexpanded(env.DB);
    if (batch === null) break;
    await expandBatch(env, batch, deadline);
    report.batches++;
  }
}

const afterRetention: readonly CleanupName[] = [
  "batches",
  "tasks",
  "policies",
  "webhooks",
  "inbox_dead",
];
const always: readonly CleanupName[] = ["task_objects", "batch_objects", "files", "task_bodies"];

/** A few pages of the cleanups that are due. A page that is taken and not finished is due again soon. */
async function cleanUp(env: ProducerEnv, report: SweepReport): Promise<void> {
  const retention = readRetention(env.RETENTION_DAYS);
  if (!retention.ok) log("unhealthy", { what: "retention", message: retention.error });
  const retentionMs = retention.ok ? retention.value : null;
  const names = retentionMs === null ? always : [...afterRetention, ...always];
  const deadline = Date.now() + sweepLimits.cleanupMsMax;
  while (report.pages < sweepLimits.cleanupPagesPerTickMax && hasTime(env, deadline)) {
    const cleanup = await takeCleanup(env.DB, names);
    if (cleanup === null) break;
    const { rows, objects, last } = await cleanPage(env, cleanup, retentionMs ?? Infinity);
    // A task that settles now has its body where it belongs.
    if (cleanup.name === "task_bodies" && last === null) await endCleanup(env.DB, cleanup.name);
    else await moveCleanup(env.DB, cleanup, last);
    report.pages += 1;
    report.removed_rows += rows;
    report.removed_objects += objects;
  }
}

function cleanPage(
  env: ProducerEnv,
  cleanup: CleanupCursor,
  retentionMs: number,
): Promise<RemovedPage> {
  switch (cleanup.name) {
    case "batches":
      return cleanBatches(env, cleanup, retentionMs);
    case "tasks":
      return cleanTasks(env, cleanup, retentionMs);
    case "policies":
      return cleanPolicies(env, cleanup, retentionMs);
    case "webhooks":
      return cleanWebhooks(env, cleanup, retentionMs);
    case "inbox_dead":
      return cleanDeadMessages(env, cleanup, retentionMs);
    case "task_objects":
      return cleanTaskObjects(env, cleanup);
    case "batch_objects":
      return cleanBatchObjects(env, cleanup);
    case "files":
      return cleanFiles(env, cleanup);
    case "task_bodies":
      return moveTaskBodies(env, cleanup);
  }
}

async function resend(env: ProducerEnv, report: SweepReport): Promise<void> {
  for (let pass = 0; pass < sweepLimits.passesPerTickMax; pass++) {
    const due = await takeDueTasks(env.DB, sweepLimits.rowsPerPassMax);
    await resendTasks(env, due, report);
    if (due.length < sweepLimits.rowsPerPassMax) break;
  }
  report.hints = await sendHints(env);
}

/** Opens slots for tasks that wait although the queue is nearly empty: their messages are lost or were used. */
async function sendHints(env: ProducerEnv): Promise<number> {
  if ((await countWaiting(env)) >= sweepLimits.smallBacklogMessages) return 0;
  const { hintAfterMs, localHintAfterMs, hintsPerTickMax } = sweepLimits;
  const dueMs = env.FLEET_MODE === "local" ? localHintAfterMs : hintAfterMs;
  const ready = await findReadyTasks(env.DB, hintsPerTickMax, dueMs);
  return (await sendTasks(env, ready)).size;
}

async function resendTasks(
  env: ProducerEnv,
  due: readonly DueTask[],
  report: SweepReport,
): Promise<void> {
  const sentIds = await sendTasks(env, due);
  report.due += due.length;
  report.sent += sentIds.size;
  await markSent(
    env.DB,
    due.filter(({ id }) => sentIds.has(id)),
  );
}

/**
 * The number of waiting messages. A long backlog is not a loss: sending it again would double it. If the
 * queue does not report it, a deployed fleet treats its messages as waiting, a local one as lost.
 */
async function countWaiting(env: ProducerEnv): Promise<number> {
  try {
    return await readBacklog([env.TASKS, env.TASKS_LOW]);
  } catch (error) {
    log("unhealthy", { what: "queue metrics", message: String(error) });
    return env.FLEET_MODE === "local" ? 0 : Number.POSITIVE_INFINITY;
  }
}
