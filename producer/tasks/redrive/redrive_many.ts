/** Redrives many settled tasks: those of a batch, or those that match a filter. */
import { Value } from "@sinclair/typebox/value";
import { batchTaskRange, isTaskId, taskRange } from "../../../shared/ids.ts";
import { batchLimits, taskLimits } from "../../../shared/limits.ts";
import { ManyRedrive, redriveFilter } from "../../../shared/redrive.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { redrivable } from "../../../shared/states.ts";
import type { BatchRow } from "../../../shared/store/batches/batch_row.ts";
import {
  findWindowEnd,
  listRedrivable,
  type RedriveFilter,
} from "../../../shared/store/tasks/redrives.ts";
import type { TaskRow } from "../../../shared/store/tasks/task_row.ts";
import type { Principal } from "../../auth/principal.ts";
import type { ProducerEnv } from "../../env.ts";
import { type Detail, invalidField, type Problem } from "../../http/problem.ts";
import { taskProblem } from "../check/check.ts";
import { loadCheckScope } from "../check/check_scope.ts";
import { explain } from "../check/explain.ts";
import { invalidTime, parseTime } from "../check/task_rules.ts";
import { buildNextRun, type Rerun, redriveOptionsOf } from "./next_run.ts";
import { rerunTasks } from "./redrive.ts";

/** What one call did. `next_cursor` continues where it stopped; null when it reached the end. */
export interface Redriven {
  redriven: number;
  /** Tasks that stay as they are, because with the overrides they would be invalid. */
  refused: number;
  details: Detail[];
  next_cursor: string | null;
}

/** Redrives tasks of one batch; without a filter, all that can be redriven. */
export function redriveBatch(
  env: ProducerEnv,
  principal: Principal,
  batch: Pick<BatchRow, "id">,
  body: unknown,
  deadline?: number,
): Promise<Result<Redriven, Problem>> {
  return redriveMany(env, principal, batchTaskRange(batch.id), body, deadline);
}

/** Redrives the tenant's tasks that match a filter. A filter is required: without one it would be all tasks. */
export async function redriveFiltered(
  env: ProducerEnv,
  principal: Principal,
  body: unknown,
): Promise<Result<Redriven, Problem>> {
  const names = Object.keys(redriveFilter);
  const given = typeof body === "object" && body !== null ? Object.keys(body) : [];
  if (Value.Check(ManyRedrive, body) && !given.some((name) => names.includes(name))) {
    const message = `is missing: choose tasks with at least one of ${names.join(", ")}`;
    return err(invalidField("status", message));
  }
  return redriveMany(env, principal, taskRange, body);
}

/** Bounded in tasks and time. An error only if every task that it read was refused. */
async function redriveMany(
  env: ProducerEnv,
  principal: Principal,
  range: { from: string; to: string },
  body: unknown,
  deadline = Date.now() + batchLimits.expandMsMax,
): Promise<Result<Redriven, Problem>> {
  if (!Value.Check(ManyRedrive, body)) return err(taskProblem(explain(ManyRedrive, body)));
  if (body.cursor !== undefined && !isTaskId(body.cursor)) {
    return err(
      invalidField("cursor", "invalid cursor: write a next_cursor from an earlier response"),
    );
  }
  const filter = parseFilter(body);
  if (!filter.ok) return filter;
  const options = redriveOptionsOf(body);
  const scope = await loadCheckScope(env, principal);
  const report: Redriven = { redriven: 0, refused: 0, details: [], next_cursor: null };
  const rest = { from: body.cursor ?? range.from, to: range.to };
  let read = 0;
  for await (const { rows, next } of redrivablePages(env, principal.tenant, rest, filter.value)) {
    const reruns: Rerun[] = [];
    for (const row of rows) {
      const rerun = await buildNextRun(env, scope, row, body);
      if (rerun.ok) reruns.push(rerun.value);
      else {
        report.refused += 1;
        report.details.push({ path: row.id, message: rerun.error.message });
      }
    }
    report.redriven += await rerunTasks(env, principal.tenant, options, reruns);
    read += rows.length;
    if (next !== null && (read >= batchLimits.redriveTasksPerCallMax || Date.now() >= deadline)) {
      report.next_cursor = next;
      break;
    }
  }
  report.details = report.details.slice(0, taskLimits.problemsReportedMax);
  if (report.redriven > 0 || report.refused === 0) return ok(report);
  const message = `none of the ${report.refused} tasks can be redriven: fix what details lists`;
  return err({ kind: "refused", message, details: report.details });
}

/** Matching tasks of a range, page by page, each with the cursor after it; null on the last page. */
async function* redrivablePages(
  { DB }: ProducerEnv,
  tenant: string,
  { from, to }: { from: string; to: string },
  filter: RedriveFilter,
): AsyncGenerator<{ rows: TaskRow[]; next: string | null }> {
  const { redriveTasksPerPage: page, redriveRowsPerWindow } = batchLimits;
  for (let after = from; ; ) {
    const window = await findWindowEnd(DB, tenant, { after, to }, redriveRowsPerWindow);
    if (window === null) return;
    for (let isFull = true; isFull; ) {
      const rows = await listRedrivable(DB, tenant, { after, upto: window.upto }, filter, page);
      isFull = rows.length === page;
      after = (isFull ? rows.at(-1)?.id : undefined) ?? window.upto;
      const isLast = !isFull && !window.more;
      yield { rows, next: isLast ? null : after };
      if (isLast) return;
    }
  }
}

function parseFilter(body: ManyRedrive): Result<RedriveFilter, Problem> {
  const createdAfter = parseTime(body.created_after);
  const createdBefore = parseTime(body.created_before);
  for (const [path, time] of [
    ["created_after", createdAfter],
    ["created_before", createdBefore],
  ] as const) {
    if (Number.isNaN(time)) return err(invalidField(path, invalidTime));
  }
  return ok({
    statuses: body.status ?? redrivable,
    reason: body.reason ?? null,
    errorCode: body.error_code ?? null,
    labels: Object.entries(body.labels ?? {}),
    createdAfter,
    createdBefore,
  });
}
