/** Batches: submit, read, results, cancel, redrive. */
import { batchTaskRange, isBatchId } from "../../shared/ids.ts";
import { taskLimits } from "../../shared/limits.ts";
import { type BatchRow, cancelBatch, readBatch, tallyBatch } from "../../shared/store/batches.ts";
import { readBatchBody } from "../batch_body.ts";
import { redriveBatch } from "../batch_redrive.ts";
import { resultLines } from "../batch_results.ts";
import { acceptBatch } from "../batches.ts";
import { readJson } from "../body.ts";
import type { Call, Handler, Route } from "../call.ts";
import { scopeHere } from "../check_scope.ts";
import { expandBatch } from "../expand.ts";
import { idempotencyKey } from "../idempotency.ts";
import { done, notFound, type Outcome, stopped } from "../problem.ts";
import { sweep } from "../sweep.ts";
import { isoTime, usageView } from "../view.ts";

async function batchOf({ env, principal, param }: Call): Promise<Outcome<BatchRow>> {
  const id = param("id");
  const row = isBatchId(id) ? await readBatch(env.DB, principal.tenant, id) : null;
  return row === null ? stopped(notFound("batch")) : done(row);
}

/** The counts always add up to `total`; a batch is finished when all its tasks are terminal. */
export async function batchView(db: D1Database, batch: BatchRow): Promise<Record<string, unknown>> {
  const { counts, usage, finishedAt } = await tallyBatch(db, batch, batchTaskRange(batch.id));
  const finished = counts.queued === 0 && counts.running === 0;
  const going = batch.cancel_requested_at === null ? "running" : "cancelling";
  return {
    id: batch.id,
    status: finished ? "finished" : going,
    counts,
    usage: usageView(usage),
    labels: JSON.parse(batch.labels) as unknown,
    limits: JSON.parse(batch.limits) as unknown,
    ...(batch.schedule_id === null || batch.tick_at === null
      ? {}
      : { schedule_id: batch.schedule_id, tick_at: isoTime(batch.tick_at) }),
    created_at: isoTime(batch.created_at),
    finished_at: finished && finishedAt !== null ? isoTime(finishedAt) : null,
  };
}

const post: Handler = async (call) => {
  const { request, env, principal, url } = call;
  const key = idempotencyKey(request, undefined);
  if (!key.ok) return key;
  const body = await readBatchBody(request, url);
  if (!body.ok) return body;
  const source = { tenant: principal.tenant, idempotencyKey: key.value, ...body.value };
  const accepted = await acceptBatch(env, source, await scopeHere(env, principal));
  if (!accepted.ok) return accepted;
  const { row, fresh } = accepted.value;
  if (fresh) call.waitUntil(expandBatch(env, row));
  return done(Response.json(await batchView(env.DB, row), { status: fresh ? 202 : 200 }));
};

const get: Handler = async (call) => {
  const batch = await batchOf(call);
  return batch.ok ? done(Response.json(await batchView(call.env.DB, batch.value))) : batch;
};

const results: Handler = async (call) => {
  const batch = await batchOf(call);
  if (!batch.ok) return batch;
  return done(
    new Response(streamOf(resultLines(call.env, batch.value)), {
      headers: { "content-type": "application/x-ndjson", "x-content-type-options": "nosniff" },
    }),
  );
};

/** Pulls as the client reads, so that 50,000 results are never held at once. */
function streamOf(lines: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await lines.next();
      if (next.done === true) controller.close();
      else controller.enqueue(encoder.encode(next.value));
    },
    async cancel() {
      await lines.return(undefined);
    },
  });
}

/** The sweep sends what waits, so that it settles now. */
const cancel: Handler = async (call) => {
  const { env, principal } = call;
  const batch = await batchOf(call);
  if (!batch.ok) return batch;
  const { id } = batch.value;
  await cancelBatch(env.DB, principal.tenant, id, batchTaskRange(id));
  call.waitUntil(sweep(env));
  const after = (await readBatch(env.DB, principal.tenant, id)) ?? batch.value;
  return done(Response.json(await batchView(env.DB, after), { status: 202 }));
};

const redrive: Handler = async (call) => {
  const batch = await batchOf(call);
  if (!batch.ok) return batch;
  const body = await readJson(call.request, { bytesMax: taskLimits.bodyBytesMax });
  if (!body.ok) return body;
  const told = await redriveBatch(call.env, call.principal, batch.value, body.value);
  if (!told.ok) return told;
  return done(Response.json({ id: batch.value.id, ...told.value }, { status: 202 }));
};

export const batchRoutes: readonly Route[] = [
  { method: "POST", path: "/v1/batches", scope: "submit", handle: post },
  { method: "GET", path: "/v1/batches/:id", scope: "read", handle: get },
  { method: "GET", path: "/v1/batches/:id/results", scope: "read", handle: results },
  { method: "POST", path: "/v1/batches/:id/cancel", scope: "submit", handle: cancel },
  { method: "POST", path: "/v1/batches/:id/redrive", scope: "submit", handle: redrive },
];
