/** Sends many settled tasks through again: those of a batch, or those that a filter chooses. */
import { Value } from "@sinclair/typebox/value";
import { batchTaskRange, isTaskId, taskRange } from "../../shared/ids.ts";
import { batchLimits, taskLimits } from "../../shared/limits.ts";
import { ManyRedrive, redriveFilter } from "../../shared/redrive.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { redrivable } from "../../shared/states.ts";
import type { BatchRow } from "../../shared/store/batches.ts";
import { type Chosen, listRedrivable, windowEnd } from "../../shared/store/redrives.ts";
import type { TaskRow } from "../../shared/store/task_row.ts";
import type { Principal } from "../auth/auth.ts";
import type { ProducerEnv } from "../env.ts";
import { type Detail, type Problem, refusedAt } from "../http/problem.ts";
import { refusedTask } from "./check.ts";
import { scopeHere } from "./check_scope.ts";
import { explain } from "./explain.ts";
import { type Again, kindOf, nextRun } from "./next_run.ts";
import { sendThrough } from "./redrive.ts";
import { milliseconds } from "./task_rules.ts";

/** What one call did. `next_cursor` continues where it stopped; null when all were looked at. */
export interface Redriven {
  redriven: number;
  /** Tasks that stay as they are, because they with the overrides are not to be accepted. */
  refused: number;
  details: Detail[];
  next_cursor: string | null;
}

/** The tasks of one batch; without a filter, all that can be redriven. */
export function redriveBatch(
  env: ProducerEnv,
  principal: Principal,
  batch: Pick<BatchRow, "id">,
  body: unknown,
  deadline?: number,
): Promise<Result<Redriven, Problem>> {
  return redriveMany(env, principal, batchTaskRange(batch.id), body, deadline);
}

/** The tasks of the whole tenant that a filter chooses. Without one, nothing: that would be all of them. */
export async function redriveChosen(
  env: ProducerEnv,
  principal: Principal,
  body: unknown,
): Promise<Result<Redriven, Problem>> {
  const names = Object.keys(redriveFilter);
  const given = typeof body === "object" && body !== null ? Object.keys(body) : [];
  if (Value.Check(ManyRedrive, body) && !given.some((name) => names.includes(name))) {
    const message = `choose which tasks are meant: name at least one of ${names.join(", ")}`;
    return err(refusedAt("status", message));
  }
  return redriveMany(env, principal, taskRange, body);
}

/** Bounded in tasks and time. Refused as a whole when every task that it met was refused. */
async function redriveMany(
  env: ProducerEnv,
  principal: Principal,
  range: { from: string; to: string },
  body: unknown,
  deadline = Date.now() + batchLimits.expandMsMax,
): Promise<Result<Redriven, Problem>> {
  if (!Value.Check(ManyRedrive, body)) return err(refusedTask(explain(ManyRedrive, body)));
  if (body.cursor !== undefined && !isTaskId(body.cursor)) {
    return err(refusedAt("cursor", "write a next_cursor as it was answered"));
  }
  const chosen = chosenBy(body);
  if (!chosen.ok) return chosen;
  const kind = kindOf(body);
  const scope = await scopeHere(env, principal);
  const told: Redriven = { redriven: 0, refused: 0, details: [], next_cursor: null };

  const redrivePage = async (rows: readonly TaskRow[]): Promise<void> => {
    const agains: Again[] = [];
    for (const row of rows) {
      const next = await nextRun(env, scope, row, body);
      if (next.ok) agains.push(next.value);
      else {
        told.refused += 1;
        told.details.push({ path: row.id, message: next.error.message });
      }
    }
    told.redriven += await sendThrough(env, principal.tenant, kind, agains);
  };

  const page = batchLimits.redriveTasksPerPage;
  let after = body.cursor ?? range.from;
  let window: { upto: string; more: boolean } | null = null;
  for (let met = 0; ; ) {
    window ??= await windowEnd(
      env.DB,
      principal.tenant,
      { after, to: range.to },
      batchLimits.redriveRowsPerWindow,
    );
    if (window === null) break;
    const within = { after, upto: window.upto };
    const rows = await listRedrivable(env.DB, principal.tenant, within, chosen.value, page);
    if (rows.length > 0) await redrivePage(rows);
    met += rows.length;
    const searched = rows.length < page;
    if (searched && !window.more) break;
    after = searched ? window.upto : (rows.at(-1)?.id ?? after);
    if (searched) window = null;
    if (met >= batchLimits.redriveTasksPerCallMax || Date.now() >= deadline) {
      told.next_cursor = after;
      break;
    }
  }
  told.details = told.details.slice(0, taskLimits.problemsReportedMax);
  if (told.redriven > 0 || told.refused === 0) return ok(told);
  const message = `all ${told.refused} tasks are refused, so none is redriven: mend what details names`;
  return err({ kind: "refused", message, details: told.details });
}

function chosenBy(body: ManyRedrive): Result<Chosen, Problem> {
  const createdAfter = milliseconds(body.created_after);
  const createdBefore = milliseconds(body.created_before);
  for (const [path, time] of [
    ["created_after", createdAfter],
    ["created_before", createdBefore],
  ] as const) {
    if (Number.isNaN(time)) return err(refusedAt(path, "is no time that exists"));
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
