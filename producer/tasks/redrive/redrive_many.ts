/** Redrives many settled tasks: those of a batch, or those that match a filter. */
import { Value } from "@sinclair/typebox/value";
import { batchTaskRange } from "../../../shared/identity/ids.ts";
import { batchLimits, taskLimits } from "../../../shared/limits.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { BatchRow } from "../../../shared/store/batches/batch_row.ts";
import { BatchRedrive, ManyRedrive, redriveFilterNames } from "../../../shared/task/redrive.ts";
import { redrivable } from "../../../shared/task/states.ts";
import type { Principal } from "../../auth/principal.ts";
import type { ProducerEnv } from "../../env.ts";
import type { Detail, Problem } from "../../http/problem.ts";
import { taskProblem } from "../check/check.ts";
import { loadCheckScope } from "../check/check_scope.ts";
import { explain } from "../check/explain.ts";
import { chosenPages, type IdRange, parseChoice, requireFilter } from "../choice.ts";
import { buildNextRun, type Rerun, redriveOptionsOf } from "./next_run.ts";
import { rerunTasks } from "./redrive.ts";

/** What one call did. `next_cursor` continues where it stopped; null when it reached the end. */
export interface Redriven {
  redriven: number;
  /** Tasks that are not redriven, because the overrides would make them invalid. */
  refused: number;
  details: Detail[];
  next_cursor: string | null;
  /** With a dry run: how many tasks would be redriven. */
  dry_run?: true;
  matched?: number;
}

/** Redrives tasks of one batch; without a filter, all that can be redriven. */
export async function redriveBatch(
  env: ProducerEnv,
  principal: Principal,
  batch: Pick<BatchRow, "id">,
  body: unknown,
  deadline?: number,
): Promise<Result<Redriven, Problem>> {
  if (!Value.Check(BatchRedrive, body)) return err(taskProblem(explain(BatchRedrive, body)));
  return redriveMany(env, principal, body, { within: batchTaskRange(batch.id), deadline });
}

/** Redrives the tenant's tasks that match a filter. */
export async function redriveFiltered(
  env: ProducerEnv,
  principal: Principal,
  body: unknown,
): Promise<Result<Redriven, Problem>> {
  if (!Value.Check(ManyRedrive, body)) return err(taskProblem(explain(ManyRedrive, body)));
  const filterCheck = requireFilter(redriveFilterNames, body);
  return filterCheck.ok ? redriveMany(env, principal, body) : filterCheck;
}

/** Bounded in tasks and time. Returns an error only if every task that it read was rejected. */
async function redriveMany(
  env: ProducerEnv,
  principal: Principal,
  body: ManyRedrive,
  { within, deadline }: { within?: IdRange; deadline?: number | undefined } = {},
): Promise<Result<Redriven, Problem>> {
  const endsAt = deadline ?? Date.now() + batchLimits.expandMsMax;
  const parsedChoice = parseChoice(body, redrivable, within);
  if (!parsedChoice.ok) return parsedChoice;
  const { range, choice } = parsedChoice.value;
  const { tenant } = principal;
  const options = redriveOptionsOf(body);
  const scope = await loadCheckScope(env, principal);
  const report: Redriven = { redriven: 0, refused: 0, details: [], next_cursor: null };
  if (body.dry_run === true) Object.assign(report, { dry_run: true, matched: 0 });
  let read = 0;
  for await (const { rows, next } of chosenPages(env, tenant, "settled", range, choice)) {
    const reruns: Rerun[] = [];
    for (const row of rows) {
      const rerun = await buildNextRun(env, scope, row, body);
      if (rerun.ok) reruns.push(rerun.value);
      else {
        report.refused += 1;
        report.details.push({ path: row.id, message: rerun.error.message });
      }
    }
    if (report.matched !== undefined) report.matched += reruns.length;
    else report.redriven += await rerunTasks(env, tenant, options, reruns);
    read += rows.length;
    if (next !== null && (read >= batchLimits.redriveTasksPerCallMax || Date.now() >= endsAt)) {
      report.next_cursor = next;
      break;
    }
  }
  report.details = report.details.slice(0, taskLimits.problemsReportedMax);
  if (report.redriven + (report.matched ?? 0) > 0 || report.refused === 0) return ok(report);
  const message = `none of the ${report.refused} tasks can be redriven: fix what details lists`;
  return err({ kind: "refused", message, details: report.details });
}
