/** A batch as the API answers it. The counts always add up to `total`. */
import type { BatchRow } from "../../shared/store/batches.ts";
import { type Tally, tallyBatch, tallyBatches } from "../../shared/store/tallies.ts";
import type { ProducerEnv } from "../env.ts";
import { isoTime, usageView } from "../tasks/view.ts";
import { finishIfDone } from "./chain.ts";

type BatchView = Record<string, unknown>;

export async function batchView(env: ProducerEnv, batch: BatchRow): Promise<BatchView> {
  return viewOf(env, batch, await tallyBatch(env.DB, batch));
}

/** A page of them, counted together. */
export async function batchViews(
  env: ProducerEnv,
  batches: readonly BatchRow[],
): Promise<BatchView[]> {
  const tallies = await tallyBatches(env.DB, batches);
  const views: BatchView[] = [];
  for (const batch of batches) {
    const tally = tallies.get(batch.id);
    if (tally !== undefined) views.push(await viewOf(env, batch, tally));
  }
  return views;
}

async function viewOf(env: ProducerEnv, batch: BatchRow, tally: Tally): Promise<BatchView> {
  const row = await finishIfDone(env, batch, tally);
  const finished = row.status === "finished";
  const eta = finished || row.paused_at !== null ? null : etaOf(tally, Date.now());
  return {
    id: row.id,
    status: finished ? "finished" : row.cancel_requested_at === null ? "running" : "cancelling",
    counts: tally.counts,
    usage: usageView(tally.usage),
    eta: eta === null ? null : isoTime(eta),
    labels: JSON.parse(row.labels) as unknown,
    limits: JSON.parse(row.limits) as unknown,
    ...(row.schedule_id === null || row.tick_at === null
      ? {}
      : { schedule_id: row.schedule_id, tick_at: isoTime(row.tick_at) }),
    ...(row.after_batch === null
      ? {}
      : {
          after: {
            batch: row.after_batch,
            status: JSON.parse(row.after_status ?? "[]") as unknown,
          },
          waiting: row.waits === 1,
        }),
    paused: row.paused_at !== null,
    error: row.problem === null ? null : (JSON.parse(row.problem) as unknown),
    created_at: isoTime(row.created_at),
    finished_at: finished && row.finished_at !== null ? isoTime(row.finished_at) : null,
  };
}

/**
 * When the rest will be done, at the pace of the tasks that have ended since the first was claimed; null
 * while none has. Milliseconds since 1970 UTC.
 */
export function etaOf({ counts, startedAt }: Tally, now: number): number | null {
  const left = counts.queued + counts.running;
  const ended = counts.total - left;
  if (startedAt === null || ended === 0 || left === 0) return null;
  return Math.round(now + (left * Math.max(0, now - startedAt)) / ended);
}
