/**
 * Turns a batch's lines into tasks, a bounded chunk at a time. The id of a task follows from batch and
 * line, so a chunk that is done twice, or by two at once, makes the same rows; the cursor moves last.
 */
import { batchTaskId } from "../../shared/ids.ts";
import { batchLimits, taskLimits } from "../../shared/limits.ts";
import { log, logBug } from "../../shared/log.ts";
import { getRange } from "../../shared/objects.ts";
import { StoreFault } from "../../shared/retrying.ts";
import { type BatchRow, moveCursor, readBatch } from "../../shared/store/batches.ts";
import { insertTasks, type NewTask } from "../../shared/store/submissions.ts";
import { recountTallies } from "../../shared/store/tallies.ts";
import type { DurableTask } from "../../shared/task.ts";
import type { ProducerEnv } from "../env.ts";
import { newTask, putLargeSpec } from "../tasks/accept.ts";
import { withDefaults } from "../tasks/check.ts";
import { sendTasks } from "../tasks/send.ts";

/** Goes on until the batch is whole or the time is up; what remains is the sweep's. Never throws. */
export async function expandBatch(
  env: ProducerEnv,
  batch: BatchRow,
  deadline = Date.now() + batchLimits.expandMsMax,
): Promise<void> {
  try {
    let current: BatchRow | null = batch;
    while (current !== null && isOpen(current) && Date.now() < deadline) {
      await expandChunk(env, current);
      current = await readBatch(env.DB, batch.tenant, batch.id);
    }
    const expanded = current?.expanded ?? 0;
    log("batch_expanded", { batch_id: batch.id, expanded, total: batch.total });
  } catch (error) {
    if (!(error instanceof StoreFault)) logBug("expand", error, { batch_id: batch.id });
    else log("unhealthy", { what: "expand", batch_id: batch.id, message: error.message });
  }
}

const isOpen = (batch: BatchRow): boolean =>
  batch.expanded < batch.total && batch.paused_at === null;

/** One chunk: bodies to R2, rows to D1, messages to the queue, then the cursor. */
export async function expandChunk(env: ProducerEnv, batch: BatchRow): Promise<void> {
  const chunk = await readChunk(env.OBJECTS, batch);
  const made = chunk.tasks.map((task, at) => {
    const index = batch.expanded + at;
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
  await putAll(env.OBJECTS, made);
  const rows = made.map(({ row }) => row);
  for (const group of groupsBySize(rows)) await insertTasks(env.DB, group);
  // All of them, not only the new ones: a chunk that was cut short between rows and messages is sent now.
  await sendTasks(env, rows);
  // While the rows are warm: counted later, 50,000 of them at once would cost one caller a fifth of a second.
  await recountTallies(env.DB, batch.id);
  await moveCursor(env.DB, batch.id, batch.expanded, {
    expanded: batch.expanded + chunk.tasks.length,
    cursorByte: batch.cursor_byte + chunk.bytes,
    tries: chunk.tasks.includes(null) ? batch.tries : 0,
  });
}

/**
 * The tasks of the next whole lines, and how many bytes they took. A line that cannot be read fails
 * the chunk; once the sweep has tried often enough it is null, a task without a body, which the
 * consumer settles as dead: each line that was accepted ends.
 */
async function readChunk(
  bucket: R2Bucket,
  batch: BatchRow,
): Promise<{ tasks: (DurableTask | null)[]; bytes: number }> {
  const givenUp = batch.tries > batchLimits.expandTriesMax;
  const { lines, bytes } = await readLines(bucket, batch);
  if (lines.length > 0) {
    const defaults = JSON.parse(batch.defaults) as DurableTask;
    return { tasks: lines.map((line) => readTask(line, defaults, givenUp)), bytes };
  }
  if (!givenUp) throw new StoreFault(`no line at byte ${batch.cursor_byte} of ${batch.input_key}`);
  log("batch_lines_lost", { batch_id: batch.id, expanded: batch.expanded, total: batch.total });
  const rest = Math.min(batch.total - batch.expanded, batchLimits.expandLinesPerChunkMax);
  return { tasks: Array.from({ length: rest }, () => null), bytes };
}

function readTask(line: string, defaults: DurableTask, givenUp: boolean): DurableTask | null {
  try {
    return withDefaults(defaults, JSON.parse(line) as DurableTask);
  } catch (error) {
    if (givenUp) return null;
    throw error;
  }
}

async function readLines(
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

async function putAll(
  bucket: R2Bucket,
  made: readonly { row: NewTask; large: string | null }[],
): Promise<void> {
  const large = made.flatMap(({ row, large: body }) => (body === null ? [] : [{ row, body }]));
  for (let from = 0; from < large.length; from += batchLimits.expandPutsAtOnceMax) {
    const group = large.slice(from, from + batchLimits.expandPutsAtOnceMax);
    await Promise.all(group.map(({ row, body }) => putLargeSpec(bucket, row, body)));
  }
}

/** Rows in groups whose JSON stays under what D1 takes as one value. */
export function groupsBySize<Row>(rows: readonly Row[]): Row[][] {
  const encoder = new TextEncoder();
  const groups: Row[][] = [];
  let group: Row[] = [];
  let bytes = 0;
  for (const row of rows) {
    const size = encoder.encode(JSON.stringify(row)).byteLength + 1;
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
