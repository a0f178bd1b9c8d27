/** Batches: submit, read, results, cancel, redrive, pause, resume. */

import { batchTaskRange, isBatchId } from "../../../shared/identity/ids.ts";
import { batchLimits, taskLimits } from "../../../shared/limits.ts";
import { err, ok } from "../../../shared/result.ts";
import { readBatchFailures } from "../../../shared/store/batches/batch_failures.ts";
import type { BatchRow } from "../../../shared/store/batches/batch_row.ts";
import { cancelBatch, listBatches, readBatch } from "../../../shared/store/batches/batches.ts";
import { pauseBatch, resumeBatch } from "../../../shared/store/flow/pauses.ts";
import { readBatchBody } from "../../batches/batch_body.ts";
import { streamResults } from "../../batches/batch_results.ts";
import { batchView, batchViews } from "../../batches/batch_view.ts";
import { dryRun } from "../../batches/dry_run.ts";
import { startBatch } from "../../batches/start.ts";
import { readJson } from "../../http/body.ts";
import { pullStream } from "../../http/pull_stream.ts";
import { pageOf, readQuery } from "../../http/query.ts";
import { type Handler, type RequestContext, type Route, route } from "../../http/route.ts";
import { rowFinder } from "../../http/row_finder.ts";
import { sweep } from "../../sweep/sweep.ts";
import { readIdempotencyKey } from "../../tasks/idempotency.ts";
import { redriveBatch } from "../../tasks/redrive/redrive_many.ts";
import { submitBatch } from "../../tasks/submit.ts";
import * as operations from "./operations.ts";
import type { BatchPage, BatchRedriveResponse, FailuresResponse } from "./responses.ts";

export const findBatch = rowFinder("batch", isBatchId, readBatch);

const handleSubmitBatch: Handler = async (context) => {
  const { request, env, principal, url } = context;
  const key = readIdempotencyKey(request, undefined);
  if (!key.ok) return key;
  const body = await readBatchBody(request, url);
  if (!body.ok) return body;
  if (body.value.dryRun) {
    const report = await dryRun(env, principal, body.value);
    return report.ok ? ok(Response.json(report.value)) : report;
  }
  const submission = await submitBatch(env, principal, body.value, key.value);
  if (!submission.ok) return submission;
  const { row, isNew } = submission.value;
  if (isNew) context.waitUntil(startBatch(env, row));
  return ok(Response.json(await batchView(env, row), { status: isNew ? 202 : 200 }));
};

const handleGetBatch: Handler = async (context) => {
  const batch = await findBatch(context);
  return batch.ok ? ok(Response.json(await batchView(context.env, batch.value))) : batch;
};

const handleGetFailures: Handler = async (context) => {
  const batch = await findBatch(context);
  if (!batch.ok) return batch;
  const failures = await readBatchFailures(context.env.DB, batch.value.id);
  return ok(Response.json({ failures } satisfies FailuresResponse));
};

const handleGetResults: Handler = async (context) => {
  const batch = await findBatch(context);
  if (!batch.ok) return batch;
  return ok(
    new Response(pullStream(streamResults(context.env, batch.value)), {
      headers: { "content-type": "application/x-ndjson", "x-content-type-options": "nosniff" },
    }),
  );
};

const handleListBatches: Handler = async ({ env, principal, url }) => {
  const query = readQuery(operations.BatchQuery, url.searchParams);
  if (!query.ok) return query;
  const { status = null, cursor = null, limit = batchLimits.listRowsDefault } = query.value;
  const rows = await listBatches(env.DB, principal.tenant, { status, cursor, limit });
  const { page, next_cursor } = pageOf(rows, limit);
  const batches = await batchViews(env, page);
  return ok(Response.json({ batches, next_cursor } satisfies BatchPage));
};

/** Cancels a batch and reads it again. The sweep sends its waiting tasks, so that they settle now. */
export async function cancelAndReload(context: RequestContext, batch: BatchRow): Promise<BatchRow> {
  const { env } = context;
  await cancelBatch(env.DB, batch.tenant, batch.id, batchTaskRange(batch.id));
  context.waitUntil(sweep(env));
  return (await readBatch(env.DB, batch.tenant, batch.id)) ?? batch;
}

const handleCancelBatch: Handler = async (context) => {
  const batch = await findBatch(context);
  if (!batch.ok) return batch;
  const row = await cancelAndReload(context, batch.value);
  return ok(Response.json(await batchView(context.env, row), { status: 202 }));
};

const handleRedriveBatch: Handler = async (context) => {
  const batch = await findBatch(context);
  if (!batch.ok) return batch;
  const body = await readJson(context.request, { bytesMax: taskLimits.bodyBytesMax });
  if (!body.ok) return body;
  const redriven = await redriveBatch(context.env, context.principal, batch.value, body.value);
  if (!redriven.ok) return redriven;
  const response: BatchRedriveResponse = { id: batch.value.id, ...redriven.value };
  return ok(Response.json(response, { status: response.dry_run === true ? 200 : 202 }));
};

const handlePauseBatch: Handler = async (context) => {
  const batch = await findBatch(context);
  if (!batch.ok) return batch;
  const { id, tenant, status } = batch.value;
  if (status === "finished") {
    return err({ kind: "conflict", message: "this batch is finished and cannot be paused" });
  }
  await pauseBatch(context.env.DB, tenant, id);
  const row = (await readBatch(context.env.DB, tenant, id)) ?? batch.value;
  return ok(Response.json(await batchView(context.env, row), { status: 202 }));
};

const handleResumeBatch: Handler = async (context) => {
  const batch = await findBatch(context);
  if (!batch.ok) return batch;
  const { id, tenant } = batch.value;
  await resumeBatch(context.env.DB, tenant, id, batchTaskRange(id));
  context.waitUntil(sweep(context.env));
  const row = (await readBatch(context.env.DB, tenant, id)) ?? batch.value;
  return ok(Response.json(await batchView(context.env, row), { status: 202 }));
};

export const batchRoutes: readonly Route[] = [
  route(operations.submitBatch, handleSubmitBatch),
  route(operations.listBatches, handleListBatches),
  route(operations.getBatch, handleGetBatch),
  route(operations.getBatchFailures, handleGetFailures),
  route(operations.getBatchResults, handleGetResults),
  route(operations.cancelBatch, handleCancelBatch),
  route(operations.redriveBatch, handleRedriveBatch),
  route(operations.pauseBatch, handlePauseBatch),
  route(operations.resumeBatch, handleResumeBatch),
];
