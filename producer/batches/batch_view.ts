/** A batch as the API shows it. Reads only: a batch whose tasks have all ended shows as finished before the cron has written it. */

import type { BatchRow } from "../../shared/store/batches/batch_row.ts";
import { withFinish } from "../../shared/store/batches/finishing.ts";
import { type Tally, tallyBatch, tallyBatches } from "../../shared/store/batches/tallies.ts";
import type { After } from "../../shared/task/schedule.ts";
import type { BatchResponse } from "../api/batches/responses.ts";
import type { ProducerEnv } from "../env.ts";
import { isoTime, usageView } from "../tasks/task_view.ts";

export async function batchView(env: ProducerEnv, batch: BatchRow): Promise<BatchResponse> {
  return viewOf(batch, await tallyBatch(env.DB, batch));
}

/** A page of them, counted together. */
export async function batchViews(
  env: ProducerEnv,
  batches: readonly BatchRow[],
): Promise<BatchResponse[]> {
  const tallies = await tallyBatches(env.DB, batches);
  return batches.flatMap((batch) => {
    const tally = tallies.get(batch.id);
    return tally === undefined ? [] : [viewOf(batch, tally)];
  });
}

function viewOf(batch: BatchRow, tally: Tally): BatchResponse {
  const row = withFinish(batch, tally);
  const isFinished = row.status === "finished";
  const eta = isFinished || row.paused_at !== null ? null : etaOf(tally, Date.now());
  return {
    id: row.id,
    status: isFinished ? "finished" : row.cancel_requested_at === null ? "running" : "cancelling",
    counts: tally.counts,
    usage: usageView(tally.usage),
    ...(tally.quality === null ? {} : { quality: tally.quality }),
    eta: eta === null ? null : isoTime(eta),
    labels: JSON.parse(row.labels) as BatchResponse["labels"],
    limits: JSON.parse(row.limits) as BatchResponse["limits"],
    ...(row.schedule_id === null || row.tick_at === null
      ? {}
      : { schedule_id: row.schedule_id, tick_at: isoTime(row.tick_at) }),
    ...(row.after_batch === null
      ? {}
      : {
          after: {
            batch: row.after_batch,
            status: JSON.parse(row.after_status ?? "[]") as NonNullable<After["status"]>,
          },
          waiting: row.waits === 1,
        }),
    paused: row.paused_at !== null,
    error: row.problem === null ? null : (JSON.parse(row.problem) as BatchResponse["error"]),
    created_at: isoTime(row.created_at),
    finished_at: isFinished && row.finished_at !== null ? isoTime(row.finished_at) : null,
  };
}

/**
 * When the remaining tasks will have ended, at the average pace since the first claim; null while none has
 * ended. Milliseconds since 1970 UTC.
 */
export function etaOf(
  { counts, startedAt }: Pick<Tally, "counts" | "startedAt">,
  now: number,
): number | null {
  const liveTasks = counts.queued + counts.running;
  const endedTasks = counts.total - liveTasks;
  if (startedAt === null || endedTasks === 0 || liveTasks === 0) return null;
  return Math.round(now + (liveTasks * Math.max(0, now - startedAt)) / endedTasks);
}
