/**
 * A batch's results in the input's order, NDJSON, one line for each task that has ended. A chunk whose
 * tasks have all ended is put together in R2 once; the others are read from D1, a page of rows at a time.
 */
import { batchTaskId, batchTaskRange } from "../../shared/ids.ts";
import { batchLimits } from "../../shared/limits.ts";
import { getText, objectKeys, openObject } from "../../shared/objects.ts";
import type { BatchRow } from "../../shared/store/batches.ts";
import { keepResults, recountTallies, type TallyRow } from "../../shared/store/tallies.ts";
import type { TaskRow } from "../../shared/store/task_row.ts";
import { listSettled } from "../../shared/store/tasks.ts";
import { readUsage } from "../../shared/usage.ts";
import type { ProducerEnv } from "../env.ts";
import { errorView, usageView } from "../tasks/view.ts";
import { ObjectWriter } from "./object_writer.ts";

const encoder = new TextEncoder();

/** The bytes of all results, from R2 where they stand there. */
export async function* batchResults(env: ProducerEnv, batch: BatchRow): AsyncGenerator<Uint8Array> {
  for (const row of await recountTallies(env.DB, batch.id)) {
    const key = row.results_key;
    const object = key === null ? null : await openObject(env.OBJECTS, key);
    if (object !== null) yield* object.body.values() as AsyncIterable<Uint8Array>;
    else for await (const line of chunkLines(env, batch, row.chunk)) yield encoder.encode(line);
  }
}

/** The results as lines. */
export async function* resultLines(env: ProducerEnv, batch: BatchRow): AsyncGenerator<string> {
  for (const row of await recountTallies(env.DB, batch.id)) {
    yield* chunkLines(env, batch, row.chunk);
  }
}

/** Puts the chunks together that have ended and are not in R2 yet; answers how many. */
export async function assembleChunks(
  env: ProducerEnv,
  batch: BatchRow,
  rows: readonly TallyRow[],
  chunksMax: number,
): Promise<number> {
  const ended = rows.filter(
    (row) => row.stale === 0 && row.results_key === null && row.queued + row.running === 0,
  );
  // A chunk that is not expanded to its end would be put together anew with each line that comes.
  const whole = ended.filter(
    (row) =>
      (row.chunk + 1) * batchLimits.tallyTasks <= batch.expanded || batch.expanded >= batch.total,
  );
  for (const row of whole.slice(0, chunksMax)) {
    // The version is in the key: a chunk that is redriven meanwhile leaves this object behind, unread.
    const key = objectKeys.batchResults(batch.tenant, batch.id, row.chunk, row.version);
    const writer = new ObjectWriter(env.OBJECTS, key, "application/x-ndjson");
    try {
      for await (const line of chunkLines(env, batch, row.chunk)) {
        await writer.write(encoder.encode(line));
      }
      await writer.finish();
    } catch (error) {
      await writer.abort();
      throw error;
    }
    await keepResults(env.DB, row, key);
  }
  return Math.min(whole.length, chunksMax);
}

async function* chunkLines(
  env: ProducerEnv,
  batch: BatchRow,
  chunk: number,
): AsyncGenerator<string> {
  const from = batchTaskId(batch.id, chunk * batchLimits.tallyTasks);
  const last = (chunk + 1) * batchLimits.tallyTasks;
  const to = last >= batch.total ? batchTaskRange(batch.id).to : batchTaskId(batch.id, last);
  for (let after = ""; ; ) {
    const page = batchLimits.resultRowsPerPage;
    const rows = await listSettled(env.DB, batch.tenant, { from, to }, after, page);
    for (const row of rows) yield `${JSON.stringify(await resultLine(env.OBJECTS, row))}\n`;
    const end = rows.at(-1);
    if (end === undefined || rows.length < page) return;
    after = end.id;
  }
}

async function resultLine(bucket: R2Bucket, row: TaskRow): Promise<Record<string, unknown>> {
  return {
    index: row.batch_index,
    custom_id: row.custom_id,
    task_id: row.id,
    status: row.status,
    reason: row.reason,
    output: await outputOf(bucket, row),
    error: errorView(row.error),
    usage: usageView(readUsage(row.usage)),
  };
}

/** A large output stands in the result object alone. */
export async function outputOf(
  bucket: R2Bucket,
  row: Pick<TaskRow, "output" | "result_key">,
): Promise<unknown> {
  if (row.output !== null) return JSON.parse(row.output) as unknown;
  if (row.result_key === null) return null;
  const text = await getText(bucket, row.result_key);
  if (text === null) return null;
  return (JSON.parse(text) as { output?: unknown }).output ?? null;
}
