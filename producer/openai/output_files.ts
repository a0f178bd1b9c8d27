/**
 * The files of a batch that has ended: what succeeded in one, everything else in the other. They are
 * objects of their own, because clients ask for their size before they read them.
 */
import { batchTaskRange, newFileId } from "../../shared/ids.ts";
import { openAiLimits } from "../../shared/limits.ts";
import { log } from "../../shared/log.ts";
import { getText, objectKeys } from "../../shared/objects.ts";
import { type AnswerRow, listAnswers } from "../../shared/store/answers.ts";
import type { BatchRow } from "../../shared/store/batches.ts";
import { insertOutputFiles, outputFilesOf } from "../../shared/store/files.ts";
import type { DurableTask } from "../../shared/task.ts";
import { outputOf } from "../batches/batch_results.ts";
import { ObjectWriter } from "../batches/object_writer.ts";
import type { ProducerEnv } from "../env.ts";
import { answerLine, fileOf } from "./answer_line.ts";
import { type Endpoint, factsOf } from "./facts.ts";

const encoder = new TextEncoder();
const kinds = ["output", "errors"] as const;

/**
 * Writes the files of a finished batch that has none yet; of another shape, or refused, it has none. Two
 * at once write the same bytes under the same keys, and one of them is heard.
 */
export async function writeOutputFiles(env: ProducerEnv, batch: BatchRow): Promise<void> {
  const facts = factsOf(batch);
  const run = batch.finished_at;
  if (facts === null || batch.status !== "finished" || run === null || batch.problem !== null) {
    return;
  }
  if ((await outputFilesOf(env.DB, batch.id, run)).length > 0) return;
  const writers = new Map<string, ObjectWriter>();
  const writerOf = (kind: string): ObjectWriter => {
    const key = objectKeys.batchFile(batch.tenant, batch.id, run, kind);
    const writer = writers.get(kind) ?? new ObjectWriter(env.OBJECTS, key, "application/jsonl");
    writers.set(kind, writer);
    return writer;
  };
  try {
    for await (const rows of answersOf(env, batch)) {
      const lines = await Promise.all(rows.map((row) => lineOf(env.OBJECTS, facts.endpoint, row)));
      for (const [at, row] of rows.entries()) {
        await writerOf(fileOf(row)).write(encoder.encode(`${JSON.stringify(lines[at])}\n`));
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

/** In the input's order, a few at a time. */
async function* answersOf(env: ProducerEnv, batch: BatchRow): AsyncGenerator<AnswerRow[]> {
  const range = batchTaskRange(batch.id);
  for (let after = ""; ; ) {
    const rows = await listAnswers(env.DB, batch.tenant, range, after);
    const atOnce = openAiLimits.answersAtOnceMax;
    for (let from = 0; from < rows.length; from += atOnce) yield rows.slice(from, from + atOnce);
    const last = rows.at(-1);
    if (last === undefined || rows.length < openAiLimits.answersPerPage) return;
    after = last.id;
  }
}

async function lineOf(bucket: R2Bucket, endpoint: Endpoint, row: AnswerRow) {
  if (fileOf(row) === "errors") return answerLine(endpoint, row, null, false);
  const [output, structured] = await Promise.all([
    outputOf(bucket, row),
    row.large === 1 ? hasSchema(bucket, row) : row.structured === 1,
  ]);
  return answerLine(endpoint, row, output, structured);
}

async function hasSchema(bucket: R2Bucket, row: AnswerRow): Promise<boolean> {
  const text = await getText(bucket, objectKeys.spec(row.tenant, row.id));
  return text !== null && (JSON.parse(text) as DurableTask).output_schema !== undefined;
}
