/** Reads what a batch in OpenAI's format shows in addition to its row: its tally and its files. */
import type { BatchRow } from "../../../shared/store/batches/batch_row.ts";
import { withFinish } from "../../../shared/store/batches/finishing.ts";
import { tallyBatch } from "../../../shared/store/batches/tallies.ts";
import { listOutputFiles } from "../../../shared/store/openai/files.ts";
import type { ProducerEnv } from "../../env.ts";
import { batchObject } from "./batch_object.ts";
import type { OpenAiBatchRequest } from "./batch_request.ts";
import type { OpenAiBatch } from "./responses.ts";

/** Reads only: the cron finishes the batch and writes its files. */
export async function openAiBatchView(
  env: ProducerEnv,
  row: BatchRow,
  request: OpenAiBatchRequest,
): Promise<OpenAiBatch> {
  const tally = await tallyBatch(env.DB, row);
  const batch = withFinish(row, tally);
  const { finished_at: run } = batch;
  const files = run === null ? [] : await listOutputFiles(env.DB, batch.id, run);
  return batchObject(batch, request, tally, files);
}
