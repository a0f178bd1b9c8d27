/**
 * A batch's results as NDJSON in input order, one line for each task that has ended. A chunk whose tasks
 * have all ended is put together in R2 once; the others are read from D1, a page of rows at a time.
 */

import { getText, objectKeys, openObject } from "../../shared/files/objects.ts";
import { batchTaskId, batchTaskRange } from "../../shared/identity/ids.ts";
import { batchLimits } from "../../shared/limits.ts";
import { readUsage } from "../../shared/spend/usage.ts";
import type { BatchRow } from "../../shared/store/batches/batch_row.ts";
import { readTallies, storeResultsKey, type TallyRow } from "../../shared/store/batches/tallies.ts";
import { listSettled } from "../../shared/store/tasks/task_list.ts";
import type { TaskRow } from "../../shared/store/tasks/task_row.ts";
import type { ProducerEnv } from "../env.ts";
import { errorView, qualityOf, usageView, usedModelOf } from "../tasks/task_view.ts";
import { ObjectWriter } from "./object_writer.ts";

const encoder = new TextEncoder();

/** The bytes of all results, from R2 where they are stored. Writes nothing. */
export async function* streamResults(
  env: ProducerEnv,
  batch: BatchRow,
): AsyncGenerator<Uint8Array> {
  for (const row of await readTallies(env.DB, batch.id)) {
    const key = row.stale === 1 ? null : row.results_key;
    const object = key === null ? null : await openObject(env.OBJECTS, key);
    if (object !== null) yield* object.body.values() as AsyncIterable<Uint8Array>;
    else for await (const line of chunkLines(env, batch, row.chunk)) yield encoder.encode(line);
  }
}

/** The results as lines. Writes nothing. */
export async function* resultLines(env: ProducerEnv, batch: BatchRow): AsyncGenerator<string> {
  for (const row of await readTallies(env.DB, batch.id)) {
    yield* chunkLines(env, batch, row.chunk);
  }
}

/** Puts together the chunks that have ended and are not in R2 yet. Returns how many. */
export async function assembleResults(
  env: ProducerEnv,
  batch: BatchRow,
  rows: readonly TallyRow[],
  chunksMax: number,
): Promise<number> {
  const endedRows = rows.filter(
    (row) => row.stale === 0 && row.results_key === null && row.queued + row.running === 0,
  );
  // A chunk that is not fully expanded would be put together again with each new line.
  const completeChunks = endedRows.filter(
    (row) =>
      (row.chunk + 1) * batchLimits.tallyTasks <= batch.expanded || batch.expanded >= batch.total,
  );
  for (const row of completeChunks.slice(0, chunksMax)) {
    // The version is in the key: if the chunk is redriven meanwhile, this object stays unread.
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
    await storeResultsKey(env.DB, row, key);
  }
  return Math.min(completeChunks.length, chunksMax);
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
    output: await readOutput(bucket, row),
    error: errorView(row.error),
    usage: usageView(readUsage(row.usage)),
    model: usedModelOf(row),
    ...qualityOf(row),
  };
}

/** A large output is stored only in the result object. */
export async function readOutput(
  bucket: R2Bucket,
  row: Pick<TaskRow, "output" | "result_key">,
): Promise<unknown> {
  if (row.output !== null) return JSON.parse(row.output) as unknown;
  if (row.result_key === null) return null;
  const text = await getText(bucket, row.result_key);
  if (text === null) return null;
  return (JSON.parse(text) as { output?: unknown }).output ?? null;
}
