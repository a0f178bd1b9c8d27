/**
 * Creates a batch from an uploaded file: its lines become tasks like those of any other batch. Invalid lines
 * make a failed batch that lists them, which is how OpenAI's clients expect to learn of them.
 */
import { Value } from "@sinclair/typebox/value";
import { objectKeys, openObject } from "../../../shared/files/objects.ts";
import { isFileId, newBatchId } from "../../../shared/identity/ids.ts";
import { batchLimits, openAiLimits, taskLimits } from "../../../shared/limits.ts";
import { log } from "../../../shared/platform/log.ts";
import { StoreFault } from "../../../shared/platform/retries.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { BatchRow } from "../../../shared/store/batches/batch_row.ts";
import {
  findBatchByKey,
  insertRejectedBatch,
  readBatch,
} from "../../../shared/store/batches/batches.ts";
import { readFile } from "../../../shared/store/openai/files.ts";
import { readLines } from "../../../shared/text/lines.ts";
import type { Principal } from "../../auth/principal.ts";
import { parseLine } from "../../batches/batch_body.ts";
import type { Entry } from "../../batches/batch_input.ts";
import type { ProducerEnv } from "../../env.ts";
import type { Detail, Problem } from "../../http/problem.ts";
import { type Accepted, keyConflict } from "../../tasks/accept.ts";
import { taskProblem } from "../../tasks/check/check.ts";
import { explain } from "../../tasks/check/explain.ts";
import { submitBatch } from "../../tasks/submit.ts";
import { readRequestLine } from "../requests/request_line.ts";
import { readBatchHead } from "./batch_head.ts";
import {
  batchRequestOf,
  type Endpoint,
  NewOpenAiBatch,
  type OpenAiBatchRequest,
} from "./batch_request.ts";
import { findLineErrors } from "./line_errors.ts";

export async function createOpenAiBatch(
  env: ProducerEnv,
  principal: Principal,
  body: unknown,
  key: string | null,
): Promise<Result<Accepted<BatchRow>, Problem>> {
  if (!Value.Check(NewOpenAiBatch, body)) {
    return err(taskProblem(explain(NewOpenAiBatch, body)));
  }
  const { input_file_id, endpoint, completion_window } = body;
  const hours = hoursOf(completion_window);
  if (hours > openAiLimits.windowHoursMax) {
    const message = `is too long: use at most ${openAiLimits.windowHoursMax}h`;
    return err(taskProblem([{ path: "completion_window", message }]));
  }
  const expires_at = Date.now() + hours * 3_600_000;
  const metadata = body.metadata ?? null;
  const request = { endpoint, input_file_id, completion_window, metadata, expires_at };
  const existing = key === null ? null : await findBatchByKey(env.DB, principal.tenant, key);
  if (existing !== null) {
    return isSameRequest(batchRequestOf(existing), request)
      ? ok({ row: existing, isNew: false })
      : err(keyConflict(existing.id));
  }
  const head = await readBatchHead(env, principal, request);
  if (!head.ok) return head;
  const file = await openInput(env, principal.tenant, input_file_id);
  if (!file.ok) return file;
  const entries = entriesOf(file.value, endpoint);
  const batch = { head: head.value, entries, dryRun: false };
  const submission = await submitBatch(env, principal, batch, key);
  if (submission.ok) return submission;
  const details = findLineErrors(submission.error, request);
  return details === null ? submission : rejectFile(env, principal.tenant, key, request, details);
}

const hoursOf = (window: string): number =>
  Number(window.slice(0, -1)) * (window.endsWith("d") ? 24 : 1);

/** `expires_at` depends on when a request arrives, so it is not compared. */
function isSameRequest(existing: OpenAiBatchRequest | null, request: OpenAiBatchRequest): boolean {
  return (
    existing !== null && Value.Equal({ ...existing, expires_at: 0 }, { ...request, expires_at: 0 })
  );
}

async function openInput(
  env: ProducerEnv,
  tenant: string,
  id: string,
): Promise<Result<AsyncIterable<Uint8Array>, Problem>> {
  const file = isFileId(id) ? await readFile(env.DB, tenant, id) : null;
  if (file !== null && file.purpose !== "batch") {
    const message = 'is an output file: upload the requests with the purpose "batch"';
    return err(taskProblem([{ path: "input_file_id", message }]));
  }
  const object = file === null ? null : await openObject(env.OBJECTS, objectKeys.file(tenant, id));
  if (object !== null) return ok(object.body as ReadableStream<Uint8Array>);
  return err({ kind: "not_found", message: `no file with the id ${JSON.stringify(id)}` });
}

async function* entriesOf(
  bytes: AsyncIterable<Uint8Array>,
  endpoint: Endpoint,
): AsyncGenerator<Entry> {
  const lines = readLines(bytes, {
    bytesMax: batchLimits.ndjsonBytesMax,
    lineBytesMax: taskLimits.bodyBytesMax,
  });
  for await (const line of lines) {
    const value = parseLine(line);
    yield { line: line.number, body: value.ok ? readRequestLine(endpoint, value.value) : value };
  }
}

async function rejectFile(
  env: ProducerEnv,
  tenant: string,
  key: string | null,
  request: OpenAiBatchRequest,
  details: Detail[],
): Promise<Result<Accepted<BatchRow>, Problem>> {
  const id = newBatchId();
  const message =
    "the file was rejected and no task was created: fix the lines that are listed in `errors`";
  await insertRejectedBatch(env.DB, {
    id,
    tenant,
    idempotency_key: key,
    input_key: objectKeys.batchInput(tenant, id),
    openai: JSON.stringify(request),
    problem: JSON.stringify({ code: "refused", message, details }),
  });
  log("batch_rejected", { batch_id: id, tenant, faults: details.length });
  const row = await readBatch(env.DB, tenant, id);
  if (row !== null) return ok({ row, isNew: false });
  // Another request with the same key was faster.
  const existing = key === null ? null : await findBatchByKey(env.DB, tenant, key);
  if (existing === null) throw new StoreFault(`batch ${id} is missing after its insert`);
  return ok({ row: existing, isNew: false });
}
