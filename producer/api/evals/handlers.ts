/** Evaluations: create, read, rows, grade, compare, delete. */

import { Value } from "@sinclair/typebox/value";
import { isEvalId } from "../../../shared/identity/ids.ts";
import { evalLimits, taskLimits } from "../../../shared/limits.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import {
  deleteEval,
  type EvalRow,
  listEvals,
  readEval,
} from "../../../shared/store/evals/evals.ts";
import { startBatch } from "../../batches/start.ts";
import { advanceEval, deleteEvalObjects, readSpec } from "../../evals/advance_eval.ts";
import { compareEvals } from "../../evals/compare_evals.ts";
import { createEval } from "../../evals/create_eval.ts";
import { evalRows } from "../../evals/eval_rows.ts";
import { EvalSpec } from "../../evals/eval_spec.ts";
import { readJson } from "../../http/body.ts";
import { notFound, type Problem } from "../../http/problem.ts";
import { pullStream } from "../../http/pull_stream.ts";
import { pageOf, readQuery } from "../../http/query.ts";
import { type Handler, type RequestContext, type Route, route } from "../../http/route.ts";
import { explain } from "../../tasks/check/explain.ts";
import { readIdempotencyKey } from "../../tasks/idempotency.ts";
import { isoOrNull, isoTime } from "../../tasks/task_view.ts";
import * as operations from "./operations.ts";
import type { EvalPage, EvalResponse, ReportResponse } from "./responses.ts";

function listedEval(row: EvalRow): EvalPage["evals"][number] {
  const batches = JSON.parse(row.batches) as string[];
  return {
    id: row.id,
    name: row.name,
    status: row.status,
    rows: row.rows,
    samples: row.samples,
    variants: (JSON.parse(row.variants) as string[]).map((name, at) => ({
      name,
      batch_id: batches[at] ?? null,
    })),
    rows_hash: row.rows_hash,
    error: row.problem === null ? null : (JSON.parse(row.problem) as EvalResponse["error"]),
    created_at: isoTime(row.created_at),
    finished_at: isoOrNull(row.finished_at),
  };
}

const evalView = (row: EvalRow): EvalResponse => ({
  ...listedEval(row),
  report: row.report === null ? null : (JSON.parse(row.report) as ReportResponse),
});

async function findEval(
  { env, principal }: RequestContext,
  id: string,
): Promise<Result<EvalRow, Problem>> {
  const row = isEvalId(id) ? await readEval(env.DB, principal.tenant, id) : null;
  return row === null ? err(notFound("evaluation")) : ok(row);
}

const handleCreate: Handler = async (context) => {
  const { request, env, principal } = context;
  const key = readIdempotencyKey(request, undefined);
  if (!key.ok) return key;
  const body = await readJson(request, {
    bytesMax: evalLimits.bodyBytesMax,
    depthMax: taskLimits.jsonDepthMax + 3,
  });
  if (!body.ok) return body;
  if (!Value.Check(EvalSpec, body.value)) {
    const details = explain(EvalSpec, body.value);
    const [first] = details;
    const message = `the evaluation is invalid: ${first?.path ?? ""} ${first?.message ?? ""}`;
    return err({ kind: "refused", message, details });
  }
  const created = await createEval(env, principal, body.value, key.value);
  if (!created.ok) return created;
  const { row, isNew, batches } = created.value;
  for (const batch of batches) context.waitUntil(startBatch(env, batch));
  return ok(Response.json(evalView(row), { status: isNew ? 202 : 200 }));
};

const handleList: Handler = async ({ env, principal, url }) => {
  const query = readQuery(operations.EvalQuery, url.searchParams);
  if (!query.ok) return query;
  const { cursor = null, limit = evalLimits.listRowsDefault } = query.value;
  const rows = await listEvals(env.DB, principal.tenant, { cursor, limit });
  const { page, next_cursor } = pageOf(rows, limit);
  return ok(Response.json({ evals: page.map(listedEval), next_cursor } satisfies EvalPage));
};

const handleGet: Handler = async (context) => {
  const row = await findEval(context, context.param("id"));
  return row.ok ? ok(Response.json(evalView(row.value))) : row;
};

const handleRows: Handler = async (context) => {
  const found = await findEval(context, context.param("id"));
  if (!found.ok) return found;
  const query = readQuery(operations.EvalRowsQuery, context.url.searchParams);
  if (!query.ok) return query;
  const spec = await readSpec(context.env, found.value);
  if (found.value.status !== "finished" || spec === null) {
    const message = `the evaluation is ${found.value.status}: its rows are graded when it is finished`;
    return err({ kind: "conflict", message });
  }
  const lines = evalRows(context.env, found.value, spec);
  const isWanted = query.value.differs === true ? (differs: boolean) => differs : () => true;
  return ok(
    new Response(pullStream(encodeLines(lines, ({ differs }) => isWanted(differs))), {
      headers: { "content-type": "application/x-ndjson", "x-content-type-options": "nosniff" },
    }),
  );
};

async function* encodeLines<T>(
  values: AsyncIterable<T>,
  isWanted: (value: T) => boolean,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for await (const value of values) {
    if (isWanted(value)) yield encoder.encode(`${JSON.stringify(value)}\n`);
  }
}

const handleGrade: Handler = async (context) => {
  const row = await findEval(context, context.param("id"));
  if (!row.ok) return row;
  return ok(Response.json(evalView(await advanceEval(context.env, row.value))));
};

const handleCompare: Handler = async (context) => {
  const one = await findEval(context, context.param("id"));
  if (!one.ok) return one;
  const query = readQuery(operations.EvalCompareQuery, context.url.searchParams);
  if (!query.ok) return query;
  const other = await findEval(context, query.value.with);
  if (!other.ok) return other;
  const comparisons = await compareEvals(context.env, one.value, other.value);
  return comparisons.ok ? ok(Response.json({ comparisons: comparisons.value })) : comparisons;
};

const handleDelete: Handler = async (context) => {
  const row = await findEval(context, context.param("id"));
  if (!row.ok) return row;
  await deleteEvalObjects(context.env, row.value);
  await deleteEval(context.env.DB, row.value.tenant, row.value.id);
  return ok(Response.json({ id: row.value.id, deleted: true }));
};

export const evalRoutes: readonly Route[] = [
  route(operations.createEval, handleCreate),
  route(operations.listEvals, handleList),
  route(operations.getEval, handleGet),
  route(operations.getEvalRows, handleRows),
  route(operations.gradeEval, handleGrade),
  route(operations.compareEvals, handleCompare),
  route(operations.deleteEval, handleDelete),
];
