/** Approvals: list, read, decide one, decide many. */
import type { Static, TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { isApprovalId } from "../../../shared/identity/ids.ts";
import { approvalLimits } from "../../../shared/limits.ts";
import { log } from "../../../shared/platform/log.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import {
  type ApprovalFilter,
  type ApprovalRow,
  countPending,
  type Decision,
  decideApprovals,
  listPending,
  matchPending,
  readApproval,
} from "../../../shared/store/approvals.ts";
import { readJson } from "../../http/body.ts";
import { notFound, type Problem } from "../../http/problem.ts";
import { pageOf, readQuery } from "../../http/query.ts";
import { type Handler, type RequestContext, type Route, route } from "../../http/route.ts";
import { sweep } from "../../sweep/sweep.ts";
import { explain } from "../../tasks/check/explain.ts";
import { isoOrNull, isoTime } from "../../tasks/task_view.ts";
import * as operations from "./operations.ts";
import type { ApprovalPage, ApprovalResponse, DecidedApprovals } from "./responses.ts";

const approvalView = (row: ApprovalRow): ApprovalResponse => ({
  id: row.id,
  task_id: row.task_id,
  batch_id: row.batch_id,
  tool: row.tool,
  arguments: JSON.parse(row.arguments) as unknown,
  arguments_hash: row.arguments_hash,
  last_steps: JSON.parse(row.steps) as ApprovalResponse["last_steps"],
  status: row.status,
  on_timeout: row.on_timeout,
  deadline_at: isoTime(row.deadline_at),
  ...(row.edited === null ? {} : { edited_arguments: JSON.parse(row.edited) as unknown }),
  note: row.note,
  problem: row.problem,
  decided_by: row.decided_by,
  decided_at: isoOrNull(row.decided_at),
  created_at: isoTime(row.created_at),
});

const filterOf = (query: {
  batch_id?: string;
  task_id?: string;
  tool?: string;
}): ApprovalFilter => ({
  batch: query.batch_id ?? null,
  task: query.task_id ?? null,
  tool: query.tool ?? null,
});

async function findApproval({
  env,
  principal,
  param,
}: RequestContext): Promise<Result<ApprovalRow, Problem>> {
  const id = param("id");
  const row = isApprovalId(id) ? await readApproval(env.DB, principal.tenant, id) : null;
  return row === null ? err(notFound("approval")) : ok(row);
}

async function readBody<T extends TSchema>(
  schema: T,
  { request }: RequestContext,
): Promise<Result<Static<T>, Problem>> {
  const body = await readJson(request, { bytesMax: approvalLimits.bodyBytesMax });
  if (!body.ok) return body;
  if (Value.Check(schema, body.value)) return ok(body.value);
  const details = explain(schema, body.value);
  const [first] = details;
  const message = `the decision is invalid: ${first?.path ?? ""} ${first?.message ?? ""}`;
  return err({ kind: "refused", message, details });
}

const handleList: Handler = async ({ env, principal, url }) => {
  const query = readQuery(operations.ApprovalQuery, url.searchParams);
  if (!query.ok) return query;
  const { cursor = null, limit = approvalLimits.listRowsDefault } = query.value;
  const filter = filterOf(query.value);
  const rows = await listPending(env.DB, principal.tenant, filter, { cursor, limit });
  const { page, next_cursor } = pageOf(rows, limit);
  return ok(
    Response.json({ approvals: page.map(approvalView), next_cursor } satisfies ApprovalPage),
  );
};

const handleGet: Handler = async (context) => {
  const row = await findApproval(context);
  return row.ok ? ok(Response.json(approvalView(row.value))) : row;
};

const decisionOf = (
  { principal }: RequestContext,
  body: operations.ApprovalDecision,
): Decision => ({
  status: body.decision === "approve" ? "approved" : "denied",
  edited: body.arguments === undefined ? null : JSON.stringify(body.arguments),
  note: body.note ?? null,
  decidedBy: principal.key?.id ?? null,
});

/** Decides, and sends the tasks at once. Returns how many were decided. */
async function decide(
  context: RequestContext,
  ids: readonly string[],
  body: operations.ApprovalDecision,
): Promise<number> {
  const { env, principal } = context;
  if (ids.length === 0) return 0;
  const decided = await decideApprovals(env.DB, principal.tenant, ids, decisionOf(context, body));
  if (decided.length === 0) return 0;
  log("approval_decided", {
    tenant: principal.tenant,
    calls: decided.length,
    decision: body.decision,
  });
  context.waitUntil(sweep(env));
  return decided.length;
}

const handleDecide: Handler = async (context) => {
  const row = await findApproval(context);
  if (!row.ok) return row;
  const body = await readBody(operations.ApprovalDecision, context);
  if (!body.ok) return body;
  if (body.value.decision === "deny" && body.value.arguments !== undefined) {
    const message = "belong to an approval: leave them out, or approve the call";
    return err({
      kind: "refused",
      message: `arguments ${message}`,
      details: [{ path: "arguments", message }],
    });
  }
  const decided = await decide(context, [row.value.id], body.value);
  const current = await findApproval(context);
  if (decided === 1 || !current.ok) {
    return current.ok ? ok(Response.json(approvalView(current.value))) : current;
  }
  const { status, deadline_at } = current.value;
  const message =
    status === "pending"
      ? `the deadline of this call passed at ${isoTime(deadline_at)}`
      : `this call is already ${status}`;
  return err({ kind: "conflict", message });
};

const handleDecideMany: Handler = async (context) => {
  const body = await readBody(operations.ManyApprovals, context);
  if (!body.ok) return body;
  const { env, principal } = context;
  const filter = filterOf(body.value);
  const matched = await countPending(env.DB, principal.tenant, filter);
  if (body.value.dry_run === true) {
    return ok(Response.json({ matched, decided: 0, dry_run: true } satisfies DecidedApprovals));
  }
  const ids = await matchPending(env.DB, principal.tenant, filter);
  const { decision, note } = body.value;
  const decided = await decide(context, ids, { decision, ...(note === undefined ? {} : { note }) });
  return ok(Response.json({ matched, decided } satisfies DecidedApprovals));
};

export const approvalRoutes: readonly Route[] = [
  route(operations.listApprovals, handleList),
  route(operations.getApproval, handleGet),
  route(operations.decideApproval, handleDecide),
  route(operations.decideApprovals, handleDecideMany),
];
