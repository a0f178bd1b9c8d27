/** A batch in OpenAI's shape, finished and with its files where that is due. */
import { openAiLimits } from "../../shared/limits.ts";
import type { BatchRow } from "../../shared/store/batches.ts";
import { outputFilesOf } from "../../shared/store/files.ts";
import { tallyBatch } from "../../shared/store/tallies.ts";
import { finishIfDone } from "../batches/chain.ts";
import type { ProducerEnv } from "../env.ts";
import type { OpenAiBatch } from "./answers.ts";
import { batchObject } from "./batch_object.ts";
import type { OpenAiFacts } from "./facts.ts";
import { writeOutputFiles } from "./output_files.ts";

/** `write` is whether the files of a small batch are written on the way; those of a large one the sweep writes. */
export async function openAiBatch(
  env: ProducerEnv,
  row: BatchRow,
  facts: OpenAiFacts,
  write: boolean,
): Promise<OpenAiBatch> {
  const tally = await tallyBatch(env.DB, row);
  const batch = await finishIfDone(env, row, tally);
  if (write && batch.total <= openAiLimits.filesAtOnceTasksMax) await writeOutputFiles(env, batch);
  const { finished_at: run } = batch;
  const files = run === null ? [] : await outputFilesOf(env.DB, batch.id, run);
  return batchObject(batch, facts, tally, files);
}
