/**
 * Turns a batch's lines into tasks, one bounded chunk at a time. A task's id follows from batch and line,
 * so a chunk that is expanded twice, or by two callers at once, gives the same rows; the cursor moves last.
 */

import { byteLength, getRange } from "../../shared/files/objects.ts";
import { batchTaskId } from "../../shared/identity/ids.ts";
import { batchLimits, sweepLimits, taskLimits } from "../../shared/limits.ts";
import { log } from "../../shared/platform/log.ts";
import { logFailure, StoreFault } from "../../shared/platform/retries.ts";
import type { BatchRow } from "../../shared/store/batches/batch_row.ts";
import { readBatch } from "../../shared/store/batches/batches.ts";
import { moveCursor } from "../../shared/store/batches/expansion.ts";
import { recountTallies } from "../../shared/store/batches/tallies.ts";
import { queriesOf } from "../../shared/store/counted_database.ts";
import { insertTasks, type NewTask } from "../../shared/store/tasks/submissions.ts";
import type { DurableTask } from "../../shared/task/task.ts";
import type { ProducerEnv } from "../env.ts";
import { newTask, putLargeSpec } from "../tasks/accept.ts";
import { withDefaults } from "../tasks/check/check.ts";
import { sendTasks } from "../tasks/send.ts";

/** Continues until all lines are tasks, or the time or the cron's queries are used up; the sweep does the rest. Never throws. */
export async function expandBatch(
  env: ProducerEnv,
  batch: BatchRow,
  deadline = Date.now() + batchLimits.expandMsMax,
): Promise<void> {
  try {
    let current: BatchRow | null = batch;
    const hasTime = (): boolean =>
      Date.now() < deadline && queriesOf(env.DB) < sweepLimits.queriesMax;
    while (current !== null && isOpen(current) && hasTime()) {
      await expandChunk(env, current);
      current = await readBatch(env.DB, batch.tenant, batch.id);
    }
    const expandedCount = current?.expanded ?? 0;
    log("batch_expanded", { batch_id: batch.id, expanded: expandedCount, total: batch.total });
  } catch (error) {
    logFailure("expand", error, { batch_id: batch.id });
  }
}

const isOpen = (batch: BatchRow): boolean =>
  batch.expanded < batch.total && batch.paused_at === null;

/** One chunk: bodies to R2, rows to D1, messages to the queue, then the cursor. */
export async function expandChunk(env: ProducerEnv, batch: BatchRow): Promise<void> {
  const chunk = await readChunk(env.OBJECTS, batch);
  const newTasks = chunk.tasks.map((task, offset) => {
    const index = batch.expanded + offset;
    const origin = {
      id: batchTaskId(batch.id, index),
      tenant: batch.tenant,
      batch: { id: batch.id, index },
      idempotencyKey: null,
      bodyHash: null,
      model: env.MODEL,
      attempts: taskLimits.attemptsDefault,
    };
    if (task !== null) return newTask(task, origin);
    return { row: { ...newTask({}, origin).row, spec: null }, large: null };
  });
  await putLargeSpecs(env.OBJECTS, newTasks);
  const rows = newTasks.map(({ row }) => row);
  for (const group of groupsBySize(rows)) await insertTasks(env.DB, group);
  // All of them, not only the new rows: a chunk that was interrupted before its messages is sent now.
  await sendTasks(env, rows);
  // Now, chunk by chunk: counting 50,000 rows at once later would take one caller a fifth of a second.
  await recountTallies(env.DB, batch.id);
  await moveCursor(env.DB, batch.id, batch.expanded, {
    expanded: batch.expanded + chunk.tasks.length,
    cursorByte: batch.cursor_byte + chunk.bytes,
    tries: chunk.tasks.includes(null) ? batch.tries : 0,
  });
}

/**
 * The tasks of the next complete lines, and how many bytes they have. A line that cannot be read fails the
 * chunk. After enough tries of the sweep such a line is null: a task without a body, which the consumer
 * settles as dead, so that each accepted line ends.
 */
async function readChunk(
  bucket: R2Bucket,
  batch: BatchRow,
): Promise<{ tasks: (DurableTask | null)[]; bytes: number }> {
  const hasGivenUp = batch.tries > batchLimits.expandTriesMax;
  const { lines, bytes } = await readChunkLines(bucket, batch);
  if (lines.length > 0) {
    const defaults = JSON.parse(batch.defaults) as DurableTask;
    return { tasks: lines.map((line) => readTask(line, defaults, hasGivenUp)), bytes };
  }
  if (!hasGivenUp)
    throw new StoreFault(`no line at byte ${batch.cursor_byte} of ${batch.input_key}`);
  log("batch_lines_missing", { batch_id: batch.id, expanded: batch.expanded, total: batch.total });
  const rest = Math.min(batch.total - batch.expanded, batchLimits.expandLinesPerChunkMax);
  return { tasks: Array.from({ length: rest }, () => null), bytes };
}

function readTask(line: string, defaults: DurableTask, hasGivenUp: boolean): DurableTask | null {
  try {
    return withDefaults(defaults, JSON.parse(line) as DurableTask);
  } catch (error) {
    if (hasGivenUp) return null;
    throw error;
  }
}

async function readChunkLines(
  bucket: R2Bucket,
  batch: BatchRow,
): Promise<{ lines: string[]; bytes: number }> {
  const length = Math.max(batchLimits.expandBytesPerChunkMax, taskLimits.bodyBytesMax + 1);
  const range = { offset: batch.cursor_byte, length };
  const read = await getRange(bucket, batch.input_key, range);
  const lines: string[] = [];
  let bytes = 0;
  if (read !== null) {
    const decoder = new TextDecoder();
    while (lines.length < batchLimits.expandLinesPerChunkMax) {
      const end = read.indexOf(0x0a, bytes);
      if (end === -1) break;
      lines.push(decoder.decode(read.subarray(bytes, end)));
      bytes = end + 1;
    }
  }
  return { lines, bytes };
}

async function putLargeSpecs(
  bucket: R2Bucket,
  newTasks: readonly { row: NewTask; large: string | null }[],
): Promise<void> {
  const large = newTasks.flatMap(({ row, large: body }) => (body === null ? [] : [{ row, body }]));
  for (let from = 0; from < large.length; from += batchLimits.expandPutsAtOnceMax) {
    const group = large.slice(from, from + batchLimits.expandPutsAtOnceMax);
    await Promise.all(group.map(({ row, body }) => putLargeSpec(bucket, row, body)));
  }
}

/** Groups rows so that the JSON of each group stays under the size limit of a D1 value. */
export function groupsBySize<Row>(rows: readonly Row[]): Row[][] {
  const groups: Row[][] = [];
  let group: Row[] = [];
  let bytes = 0;
  for (const row of rows) {
    const size = byteLength(JSON.stringify(row)) + 1;
    if (group.length > 0 && bytes + size > batchLimits.insertBytesMax) {
      groups.push(group);
      group = [];
      bytes = 0;
    }
    group.push(row);
    bytes += size;
  }
  if (group.length > 0) groups.push(group);
  return groups;
}
