/**
 * Starting a batch. One that follows another waits until that one is finished, and is started in one
 * conditional write: with its own lines, or with tasks made from the results of the other. Where there is
 * nothing to start from, it ends without running and says why.
 */

import { objectKeys } from "../../shared/files/objects.ts";
import { log } from "../../shared/platform/log.ts";
import { logFailure } from "../../shared/platform/retries.ts";
import type { BatchRow } from "../../shared/store/batches/batch_row.ts";
import { readBatch } from "../../shared/store/batches/batches.ts";
import {
  cancelWaitingBatch,
  listFollowers,
  markWaitingReason,
  startWaitingBatch,
} from "../../shared/store/batches/chains.ts";
import { withFinish } from "../../shared/store/batches/finishing.ts";
import { tallyBatch } from "../../shared/store/batches/tallies.ts";
import type { Status } from "../../shared/task/states.ts";
import { deferredPrincipal, type KeyEnd, keyEndText } from "../auth/key_validity.ts";
import type { Principal } from "../auth/principal.ts";
import { checkBacklog } from "../auth/rate_limit.ts";
import type { ProducerEnv } from "../env.ts";
import { type Detail, detailsOf } from "../http/problem.ts";
import { buildCheckScope } from "../tasks/check/check_scope.ts";
import { storeBatchInput } from "./batch_input.ts";
import { resultLines } from "./batch_results.ts";
import { expandBatch } from "./expand.ts";
import { fillEntries, resultItems } from "./items.ts";

/** Why a batch ended without running. */
interface StartProblem {
  code: "source_cancelled" | "source_without_results" | "source_gone" | "refused" | `key_${KeyEnd}`;
  message: string;
  details?: Detail[];
}

/** Follows the acceptance of a batch: expands it, unless it still waits for another. Never throws. */
export async function startBatch(env: ProducerEnv, batch: BatchRow): Promise<void> {
  const startedBatch = await start(env, batch);
  if (startedBatch?.status === "finished") await startFollowers(env, batch.id);
}

/** Starts the batches that wait for a finished one. If one of them ends without running, its followers start too. */
export async function startFollowers(env: ProducerEnv, id: string): Promise<void> {
  const finishedIds = [id];
  for (const source of finishedIds) {
    for (const follower of await listFollowers(env.DB, source)) {
      const startedBatch = await start(env, follower);
      if (startedBatch?.status === "finished") finishedIds.push(follower.id);
    }
  }
}

/** The row once it does not wait any more; null while it waits. */
async function start(env: ProducerEnv, batch: BatchRow): Promise<BatchRow | null> {
  try {
    const startedBatch = batch.waits === 1 ? await startIfReady(env, batch) : batch;
    if (startedBatch !== null) await expandBatch(env, startedBatch);
    return startedBatch;
  } catch (error) {
    logFailure("start_batch", error, { batch_id: batch.id });
    return null;
  }
}

/** The started batch, or the one that ended without running; null while the other is not finished. */
async function startIfReady(env: ProducerEnv, batch: BatchRow): Promise<BatchRow | null> {
  const row = await readBatch(env.DB, batch.tenant, batch.after_batch ?? "");
  if (row === null) {
    return endWithoutRunning(env, batch, {
      code: "source_gone",
      message: `the upstream batch ${batch.after_batch} no longer exists`,
    });
  }
  const tally = await tallyBatch(env.DB, row);
  const source = withFinish(row, tally);
  if (source.status !== "finished") return null;
  if (source.cancel_requested_at !== null) {
    return endWithoutRunning(env, batch, {
      code: "source_cancelled",
      message: `the upstream batch ${source.id} was cancelled`,
    });
  }
  const statuses = JSON.parse(batch.after_status ?? "[]") as Status[];
  if (statuses.every((status) => tally.counts[status] === 0)) {
    return endWithoutRunning(env, batch, {
      code: "source_without_results",
      message: `the upstream batch ${source.id} has no ${statuses.join(" or ")} tasks`,
    });
  }
  // Its own lines were accepted while its key was valid; tasks made from results are new and need it again.
  if (batch.template === null) return startWaitingBatch(env.DB, batch.id, batch.total);
  const principal = await deferredPrincipal(env, batch);
  if (!principal.ok) {
    return endWithoutRunning(env, batch, {
      code: `key_${principal.error}`,
      message: `the key ${batch.key_id}, which sent this batch, ${keyEndText(principal.error)}: send the batch again with a valid key`,
    });
  }
  const room = await checkBacklog(env, principal.value);
  if (!room.ok) {
    const reason = { code: "backlog", message: room.error.message, details: [] };
    await markWaitingReason(env.DB, batch.id, JSON.stringify(reason));
    return null;
  }
  return startFromResults(env, batch, source, statuses, principal.value);
}

/** Two callers at once write the same lines: nothing in them depends on the caller or the time. */
async function startFromResults(
  env: ProducerEnv,
  batch: BatchRow,
  source: BatchRow,
  statuses: readonly Status[],
  principal: Principal,
): Promise<BatchRow | null> {
  const template = JSON.parse(batch.template ?? "{}") as object;
  const time = new Date(batch.tick_at ?? source.finished_at ?? 0).toISOString();
  const items = resultItems(resultLines(env, source), statuses);
  const input = await storeBatchInput(env.OBJECTS, objectKeys.batchInput(batch.tenant, batch.id), {
    entries: fillEntries(items, template, { time }),
    defaults: {},
    scope: buildCheckScope(env, principal),
  });
  if (input.ok) return startWaitingBatch(env.DB, batch.id, input.value.total);
  const { message } = input.error;
  return endWithoutRunning(env, batch, {
    code: "refused",
    message,
    details: detailsOf(input.error),
  });
}

/** Its own lines, if any, become tasks that are cancelled when they are created, so that the counts add up. */
async function endWithoutRunning(
  env: ProducerEnv,
  batch: BatchRow,
  problem: StartProblem,
): Promise<BatchRow | null> {
  log("batch_start_failed", { batch_id: batch.id, tenant: batch.tenant, code: problem.code });
  return cancelWaitingBatch(env.DB, batch.id, JSON.stringify(problem));
}
