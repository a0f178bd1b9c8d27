/**
 * The end of a batch: finished in one conditional write once its last task has ended, whether somebody
 * asks or not, and its results put together in R2, a chunk at a time.
 */
import { batchLimits } from "../../shared/limits.ts";
import { log, logBug } from "../../shared/log.ts";
import { StoreFault } from "../../shared/retrying.ts";
import type { BatchRow } from "../../shared/store/batches.ts";
import { closeBatch, recountTallies, sumTallies, takeToClose } from "../../shared/store/tallies.ts";
import type { ProducerEnv } from "../env.ts";
import { writeOutputFiles } from "../openai/output_files.ts";
import { assembleChunks } from "./batch_results.ts";
import { finishIfDone, startBatch } from "./chain.ts";

/** Every minute: looks at open batches and at finished ones without results. Never throws. */
export async function closeDueBatches(env: ProducerEnv): Promise<void> {
  let assembled = 0;
  try {
    for (const batch of await takeToClose(env.DB, batchLimits.closedPerTickMax)) {
      assembled += await lookAt(env, batch, batchLimits.assembledPerTickMax - assembled);
    }
  } catch (error) {
    if (!(error instanceof StoreFault)) logBug("close", error);
    else log("unhealthy", { what: "close", message: error.message });
  }
}

/** Bounded: a batch of which much has changed is counted over several minutes. */
async function lookAt(env: ProducerEnv, batch: BatchRow, chunksMax: number): Promise<number> {
  if (batch.waits === 1) {
    await startBatch(env, batch);
    return 0;
  }
  const rows = await recountTallies(env.DB, batch.id, batchLimits.recountedPerLookMax);
  if (rows.some((row) => row.stale === 1)) return 0;
  const looked = await finishIfDone(env, batch, sumTallies(batch, rows));
  const assembled = await assembleChunks(env, batch, rows, chunksMax);
  await writeOutputFiles(env, looked);
  await closeBatch(env.DB, batch.id);
  return assembled;
}
