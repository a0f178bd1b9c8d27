/** Batches: create, list, read, cancel. Batches of the fleet's own API are not visible here. */
import { batchLimits, openAiLimits } from "../../../shared/limits.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { BatchRow } from "../../../shared/store/batches/batch_row.ts";
import { listOpenAiBatches } from "../../../shared/store/batches/batches.ts";
import { cancelAndReload, findBatch } from "../../api/batches/handlers.ts";
import { startBatch } from "../../batches/start.ts";
import { readJson } from "../../http/body.ts";
import { notFound, type Problem } from "../../http/problem.ts";
import { readQuery } from "../../http/query.ts";
import { type Handler, type RequestContext, type Route, route } from "../../http/route.ts";
import { readIdempotencyKey } from "../../tasks/idempotency.ts";
import { listPage } from "../list_page.ts";
import { batchRequestOf, type OpenAiBatchRequest } from "./batch_request.ts";
import { createOpenAiBatch } from "./create_batch.ts";
import * as operations from "./operations.ts";
import type { OpenAiBatch } from "./responses.ts";
import { openAiBatchView } from "./view.ts";

interface FoundBatch {
  row: BatchRow;
  request: OpenAiBatchRequest;
}

function withRequest(row: BatchRow): Result<FoundBatch, Problem> {
  const request = batchRequestOf(row);
  return request === null ? err(notFound("batch")) : ok({ row, request });
}

async function findOpenAiBatch(context: RequestContext): Promise<Result<FoundBatch, Problem>> {
  const batch = await findBatch(context);
  return batch.ok ? withRequest(batch.value) : batch;
}

async function respond({ env }: RequestContext, { row, request }: FoundBatch) {
  return ok(Response.json(await openAiBatchView(env, row, request)));
}

const handleCreateBatch: Handler = async (context) => {
  const { request, env, principal } = context;
  const key = readIdempotencyKey(request, undefined);
  if (!key.ok) return key;
  const body = await readJson(request, { bytesMax: openAiLimits.bodyBytesMax });
  if (!body.ok) return body;
  const newBatch = await createOpenAiBatch(env, principal, body.value, key.value);
  if (!newBatch.ok) return newBatch;
  const { row, isNew } = newBatch.value;
  if (isNew) context.waitUntil(startBatch(env, row));
  const batch = withRequest(row);
  return batch.ok ? respond(context, batch.value) : batch;
};

const handleGetBatch: Handler = async (context) => {
  const batch = await findOpenAiBatch(context);
  return batch.ok ? respond(context, batch.value) : batch;
};

const handleListBatches: Handler = async ({ env, principal, url }) => {
  const query = readQuery(operations.OpenAiBatchQuery, url.searchParams);
  if (!query.ok) return query;
  const { after = null, limit = batchLimits.listRowsDefault } = query.value;
  const rows = await listOpenAiBatches(env.DB, principal.tenant, { after, limit });
  const { page, respond: respondPage } = listPage(rows, limit);
  const batches: OpenAiBatch[] = [];
  for (const row of page) {
    const request = batchRequestOf(row);
    if (request !== null) batches.push(await openAiBatchView(env, row, request));
  }
  return ok(respondPage(batches));
};

const handleCancelBatch: Handler = async (context) => {
  const batch = await findOpenAiBatch(context);
  if (!batch.ok) return batch;
  const { row, request } = batch.value;
  if (row.status === "finished") {
    return err({ kind: "conflict", message: "this batch is finished and cannot be cancelled" });
  }
  return respond(context, { row: await cancelAndReload(context, row), request });
};

export const openAiBatchRoutes: readonly Route[] = [
  route(operations.createBatch, handleCreateBatch),
  route(operations.listBatches, handleListBatches),
  route(operations.getBatch, handleGetBatch),
  route(operations.cancelBatch, handleCancelBatch),
];
