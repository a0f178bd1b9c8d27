/**
 * Writes the files of a finished batch: one for succeeded tasks, one for all others. They are stored and not
 * built on request, because clients read their size first.
 */

import { getText, objectKeys } from "../../../shared/files/objects.ts";
import { batchTaskRange, newFileId } from "../../../shared/identity/ids.ts";
import { openAiLimits } from "../../../shared/limits.ts";
import { log } from "../../../shared/platform/log.ts";
import type { BatchRow } from "../../../shared/store/batches/batch_row.ts";
import { insertOutputFiles, listOutputFiles } from "../../../shared/store/openai/files.ts";
import { listOutputRows, type OutputRow } from "../../../shared/store/openai/output_rows.ts";
import type { DurableTask } from "../../../shared/task/task.ts";
import { readOutput } from "../../batches/batch_results.ts";
import { ObjectWriter } from "../../batches/object_writer.ts";
import type { ProducerEnv } from "../../env.ts";
import { batchRequestOf, type Endpoint } from "../batches/batch_request.ts";
import { outputFileOf, resultLine } from "./result_line.ts";

const encoder = new TextEncoder();
const kinds = ["output", "errors"] as const;

/**
 * Does nothing for a batch that has its files, that was rejected, or that was not created through this API.
 * Concurrent calls write the same bytes to the same keys, and only one inserts the rows.
 */
export async function writeOutputFiles(env: ProducerEnv, batch: BatchRow): Promise<void> {
  const request = batchRequestOf(batch);
  const run = batch.finished_at;
  if (request === null || batch.status !== "finished" || run === null || batch.problem !== null) {
    return;
  }
  if ((await listOutputFiles(env.DB, batch.id, run)).length > 0) return;
  const writers = new Map<string, ObjectWriter>();
  const writerOf = (kind: string): ObjectWriter => {
    const key = objectKeys.batchFile(batch.tenant, batch.id, run, kind);
    const writer = writers.get(kind) ?? new ObjectWriter(env.OBJECTS, key, "application/jsonl");
    writers.set(kind, writer);
    return writer;
  };
  try {
    for await (const rows of outputRowsOf(env, batch)) {
      const lines = await Promise.all(
        rows.map((row) => lineOf(env.OBJECTS, request.endpoint, row)),
      );
      for (const [index, row] of rows.entries()) {
        await writerOf(outputFileOf(row)).write(
          encoder.encode(`${JSON.stringify(lines[index])}\n`),
        );
      }
    }
    for (const writer of writers.values()) await writer.finish();
  } catch (error) {
    for (const writer of writers.values()) await writer.abort();
    throw error;
  }
  const files = kinds.flatMap((holds) => {
    const bytes = writers.get(holds)?.bytes;
    const filename = `${batch.id}_${holds === "output" ? "output" : "error"}.jsonl`;
    return bytes === undefined ? [] : [{ id: newFileId(), filename, bytes, holds }];
  });
  await insertOutputFiles(env.DB, { id: batch.id, tenant: batch.tenant, run }, files);
  log("output_files_written", { batch_id: batch.id, tenant: batch.tenant, files: files.length });
}

/** In the order of the input, a few at a time. */
async function* outputRowsOf(env: ProducerEnv, batch: BatchRow): AsyncGenerator<OutputRow[]> {
  const range = batchTaskRange(batch.id);
  for (let after = ""; ; ) {
    const rows = await listOutputRows(env.DB, batch.tenant, range, after);
    const atOnce = openAiLimits.parallelReadsMax;
    for (let from = 0; from < rows.length; from += atOnce) yield rows.slice(from, from + atOnce);
    const last = rows.at(-1);
    if (last === undefined || rows.length < openAiLimits.resultsPerPage) return;
    after = last.id;
  }
}

async function lineOf(bucket: R2Bucket, endpoint: Endpoint, row: OutputRow) {
  if (outputFileOf(row) === "errors") return resultLine(endpoint, row, null, false);
  const [output, structured] = await Promise.all([
    readOutput(bucket, row),
    row.structured ?? hasSchema(bucket, row),
  ]);
  return resultLine(endpoint, row, output, structured);
}

async function hasSchema(bucket: R2Bucket, row: OutputRow): Promise<boolean> {
  const text = await getText(bucket, objectKeys.spec(row.tenant, row.id));
  return text !== null && (JSON.parse(text) as DurableTask).output_schema !== undefined;
}
