/** Batches: create, list, read, cancel. Those that were made in another shape are not here. */
import { batchTaskRange, isBatchId } from "../../../shared/ids.ts";
import { batchLimits, openAiLimits } from "../../../shared/limits.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import {
  type BatchRow,
  cancelBatch,
  listOpenAiBatches,
  readBatch,
} from "../../../shared/store/batches.ts";
import { startBatch } from "../../batches/chain.ts";
import { readJson } from "../../http/body.ts";
import { type Call, type Handler, type Route, route } from "../../http/call.ts";
import { notFound, type Problem } from "../../http/problem.ts";
import { readQuery } from "../../http/query.ts";
import { sweep } from "../../sweep/sweep.ts";
import { idempotencyKey } from "../../tasks/idempotency.ts";
import type { OpenAiBatch } from "../answers.ts";
import { openAiBatch } from "../batch_view.ts";
import { createOpenAiBatch } from "../create_batch.ts";
import { factsOf, type OpenAiFacts } from "../facts.ts";
import * as operations from "../operations.ts";
import { pageOf } from "../page.ts";
import { OpenAiBatchQuery } from "../requests.ts";

interface Held {
  row: BatchRow;
  facts: OpenAiFacts;
}

async function batchOf({ env, principal, param }: Call): Promise<Result<Held, Problem>> {
  const id = param("id");
  const row = isBatchId(id) ? await readBatch(env.DB, principal.tenant, id) : null;
  const facts = row === null ? null : factsOf(row);
  return row === null || facts === null ? err(notFound("batch")) : ok({ row, facts });
}

const post: Handler = async (call) => {
  const { request, env, principal } = call;
  const key = idempotencyKey(request, undefined);
  if (!key.ok) return key;
  const body = await readJson(request, { bytesMax: openAiLimits.bodyBytesMax });
  if (!body.ok) return body;
  const made = await createOpenAiBatch(env, principal, body.value, key.value);
  if (!made.ok) return made;
  const { row, fresh } = made.value;
  if (fresh) call.waitUntil(startBatch(env, row));
  const facts = factsOf(row);
  if (facts === null) return err(notFound("batch"));
  return ok(Response.json(await openAiBatch(env, row, facts, false)));
};

const get: Handler = async (call) => {
  const held = await batchOf(call);
  if (!held.ok) return held;
  const { row, facts } = held.value;
  return ok(Response.json(await openAiBatch(call.env, row, facts, true)));
};

const list: Handler = async ({ env, principal, url }) => {
  const asked = readQuery(OpenAiBatchQuery, url.searchParams);
  if (!asked.ok) return asked;
  const { after = null, limit = batchLimits.listRowsDefault } = asked.value;
  const rows = await listOpenAiBatches(env.DB, principal.tenant, { after, limit });
  const { page, answer } = pageOf(rows, limit);
  const data: OpenAiBatch[] = [];
  for (const row of page) {
    const facts = factsOf(row);
    if (facts !== null) data.push(await openAiBatch(env, row, facts, false));
  }
  return ok(answer(data));
};

/** The sweep sends what waits, so that it settles now. */
const cancel: Handler = async (call) => {
  const held = await batchOf(call);
  if (!held.ok) return held;
  const { env, principal } = call;
  const { row, facts } = held.value;
  if (row.status === "finished") {
    const message = "this batch has ended: there is nothing left to cancel";
    return err({ kind: "conflict", message });
  }
  await cancelBatch(env.DB, principal.tenant, row.id, batchTaskRange(row.id));
  call.waitUntil(sweep(env));
  const after = (await readBatch(env.DB, principal.tenant, row.id)) ?? row;
  return ok(Response.json(await openAiBatch(env, after, facts, false)));
};

export const openAiBatchRoutes: readonly Route[] = [
  route(operations.createBatch, post),
  route(operations.listBatches, list),
  route(operations.getBatch, get),
  route(operations.cancelBatch, cancel),
];
