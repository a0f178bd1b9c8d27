/**
 * Finishing a batch. Only the cron does it: once the last task has ended, one conditional write finishes
 * the batch, the batches that wait for it are started, and its results are put together in R2, a chunk at
 * a time. Reads show the batch as finished before that (batch_view.ts), and write nothing.
 */
import { batchLimits, sweepLimits } from "../../shared/limits.ts";
import { log } from "../../shared/platform/log.ts";
import { logFailure } from "../../shared/platform/retries.ts";
import type { BatchRow } from "../../shared/store/batches/batch_row.ts";
import {
  closeBatch,
  finishBatch,
  isDone,
  takeBatchesToClose,
} from "../../shared/store/batches/finishing.ts";
import { recountTallies, sumTallies, type Tally } from "../../shared/store/batches/tallies.ts";
import { queriesOf } from "../../shared/store/counted_database.ts";
import type { ProducerEnv } from "../env.ts";
import { writeOutputFiles } from "../openai/results/output_files.ts";
import { assembleResults } from "./batch_results.ts";
import { startBatch, startFollowers } from "./start.ts";

/** Every minute: open batches, and finished ones without results. Never throws. */
export async function finishDueBatches(env: ProducerEnv): Promise<void> {
  let assembledChunks = 0;
  try {
    for (const batch of await takeBatchesToClose(env.DB, batchLimits.closedPerTickMax)) {
      // Batches that are left are due again in a minute.
      if (queriesOf(env.DB) >= sweepLimits.queriesMax) break;
      assembledChunks += await processBatch(
        env,
        batch,
        batchLimits.assembledPerTickMax - assembledChunks,
      );
    }
  } catch (error) {
    logFailure("finish_batches", error);
  }
}

/** Returns how many chunks it put together. Bounded: many changed tallies are counted over several minutes. */
async function processBatch(env: ProducerEnv, batch: BatchRow, chunksMax: number): Promise<number> {
  if (batch.waits === 1) {
    await startBatch(env, batch);
    return 0;
  }
  const rows = await recountTallies(env.DB, batch.id, batchLimits.recountedPerReadMax);
  if (rows.some((row) => row.stale === 1)) return 0;
  const current = await finishIfDone(env, batch, sumTallies(batch, rows));
  const assembledChunks = await assembleResults(env, batch, rows, chunksMax);
  await writeOutputFiles(env, current);
  await closeBatch(env.DB, batch.id);
  return assembledChunks;
}

/** The row, finished if its tasks have all ended. If a crash loses the followers, they start a minute later. */
async function finishIfDone(env: ProducerEnv, batch: BatchRow, tally: Tally): Promise<BatchRow> {
  if (batch.status === "finished" || !isDone(batch, tally)) return batch;
  const finishedBatch = await finishBatch(env.DB, batch.id);
  if (finishedBatch === null) return batch;
  log("batch_finished", { batch_id: batch.id, tenant: batch.tenant, total: batch.total });
  await startFollowers(env, batch.id);
  return finishedBatch;
}
