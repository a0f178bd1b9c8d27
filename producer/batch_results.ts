/** A batch's results in the input's order, a page of rows at a time. */
import { batchTaskRange } from "../shared/ids.ts";
import { batchLimits } from "../shared/limits.ts";
import { getText } from "../shared/objects.ts";
import type { BatchRow } from "../shared/store/batches.ts";
import type { TaskRow } from "../shared/store/task_row.ts";
import { listSettled } from "../shared/store/tasks.ts";
import { readUsage } from "../shared/usage.ts";
import type { ProducerEnv } from "./env.ts";
import { errorView, usageView } from "./view.ts";

/** NDJSON, one line per terminal task. */
export async function* resultLines(env: ProducerEnv, batch: BatchRow): AsyncGenerator<string> {
  const range = batchTaskRange(batch.id);
  let after = range.from;
  for (;;) {
    const rows = await listSettled(
      env.DB,
      batch.tenant,
      range,
      after,
      batchLimits.resultRowsPerPage,
    );
    for (const row of rows) yield `${JSON.stringify(await resultLine(env.OBJECTS, row))}\n`;
    const last = rows.at(-1);
    if (last === undefined || rows.length < batchLimits.resultRowsPerPage) return;
    after = last.id;
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
async function outputOf(bucket: R2Bucket, row: TaskRow): Promise<unknown> {
  if (row.output !== null) return JSON.parse(row.output) as unknown;
  if (row.result_key === null) return null;
  const text = await getText(bucket, row.result_key);
  if (text === null) return null;
  return (JSON.parse(text) as { output?: unknown }).output ?? null;
}
