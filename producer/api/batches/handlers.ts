/** Batches: submit, read, results, cancel, redrive. */
import { batchTaskRange, isBatchId } from "../../../shared/ids.ts";
import { batchLimits, taskLimits } from "../../../shared/limits.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { readBatchFailures } from "../../../shared/store/batch_failures.ts";
import {
  type BatchRow,
  cancelBatch,
  listBatches,
  readBatch,
} from "../../../shared/store/batches.ts";
import { readBatchBody } from "../../batches/batch_body.ts";
import { batchResults } from "../../batches/batch_results.ts";
import { batchView, batchViews } from "../../batches/batch_view.ts";
import { startBatch } from "../../batches/chain.ts";
import { dryRun } from "../../batches/dry_run.ts";
import { readJson } from "../../http/body.ts";
import { type Call, type Handler, type Route, route } from "../../http/call.ts";
import { notFound, type Problem } from "../../http/problem.ts";
import { paged, readQuery } from "../../http/query.ts";
import { sweep } from "../../sweep/sweep.ts";
import { idempotencyKey } from "../../tasks/idempotency.ts";
import { redriveBatch } from "../../tasks/redrive_many.ts";
import { submitBatch } from "../../tasks/submit.ts";
import * as operations from "../operations.ts";

/** The batch that the path names, if it is the caller's. */
export async function batchOf({ env, principal, param }: Call): Promise<Result<BatchRow, Problem>> {
  const id = param("id");
  const row = isBatchId(id) ? await readBatch(env.DB, principal.tenant, id) : null;
  return row === null ? err(notFound("batch")) : ok(row);
}

const post: Handler = async (call) => {
  const { request, env, principal, url } = call;
  const key = idempotencyKey(request, undefined);
  if (!key.ok) return key;
  const body = await readBatchBody(request, url);
  if (!body.ok) return body;
  if (body.value.dryRun) {
    const told = await dryRun(env, principal, body.value);
    return told.ok ? ok(Response.json(told.value)) : told;
  }
  const accepted = await submitBatch(env, principal, body.value, key.value);
  if (!accepted.ok) return accepted;
  const { row, fresh } = accepted.value;
  if (fresh) call.waitUntil(startBatch(env, row));
  return ok(Response.json(await batchView(env, row), { status: fresh ? 202 : 200 }));
};

const get: Handler = async (call) => {
  const batch = await batchOf(call);
  return batch.ok ? ok(Response.json(await batchView(call.env, batch.value))) : batch;
};

const failures: Handler = async (call) => {
  const batch = await batchOf(call);
  if (!batch.ok) return batch;
  return ok(Response.json({ failures: await readBatchFailures(call.env.DB, batch.value.id) }));
};

const results: Handler = async (call) => {
  const batch = await batchOf(call);
  if (!batch.ok) return batch;
  return ok(
    new Response(streamOf(batchResults(call.env, batch.value)), {
      headers: { "content-type": "application/x-ndjson", "x-content-type-options": "nosniff" },
    }),
  );
};

/** Pulls as the client reads, so that 50,000 results are never held at once. */
function streamOf(parts: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await parts.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel() {
      await parts.return(undefined);
    },
  });
}

const list: Handler = async ({ env, principal, url }) => {
  const query = readQuery(operations.BatchQuery, url.searchParams);
  if (!query.ok) return query;
  const { status = null, cursor = null, limit = batchLimits.listRowsDefault } = query.value;
  const rows = await listBatches(env.DB, principal.tenant, { status, cursor, limit });
  const { page, next_cursor } = paged(rows, limit);
  return ok(Response.json({ batches: await batchViews(env, page), next_cursor }));
};

/** The sweep sends what waits, so that it settles now. */
const cancel: Handler = async (call) => {
  const { env, principal } = call;
  const batch = await batchOf(call);
  if (!batch.ok) return batch;
  const { id } = batch.value;
  await cancelBatch(env.DB, principal.tenant, id, batchTaskRange(id));
  call.waitUntil(sweep(env));
  const after = (await readBatch(env.DB, principal.tenant, id)) ?? batch.value;
  return ok(Response.json(await batchView(env, after), { status: 202 }));
};

const redrive: Handler = async (call) => {
  const batch = await batchOf(call);
  if (!batch.ok) return batch;
  const body = await readJson(call.request, { bytesMax: taskLimits.bodyBytesMax });
  if (!body.ok) return body;
  const told = await redriveBatch(call.env, call.principal, batch.value, body.value);
  if (!told.ok) return told;
  return ok(Response.json({ id: batch.value.id, ...told.value }, { status: 202 }));
};

export const batchRoutes: readonly Route[] = [
  route(operations.submitBatch, post),
  route(operations.listBatches, list),
  route(operations.getBatch, get),
  route(operations.getBatchFailures, failures),
  route(operations.getBatchResults, results),
  route(operations.cancelBatch, cancel),
  route(operations.redriveBatch, redrive),
];
