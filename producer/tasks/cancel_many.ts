/** Cancels the unsettled tasks that match a filter. */
import { Value } from "@sinclair/typebox/value";
import { batchLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { requestCancels } from "../../shared/store/tasks/tasks.ts";
import { cancellable } from "../../shared/task/states.ts";
import { cancelFilterNames, ManyCancel } from "../../shared/task/task_filter.ts";
import type { ManyCancelResponse } from "../api/tasks/responses.ts";
import type { Principal } from "../auth/principal.ts";
import type { ProducerEnv } from "../env.ts";
import type { Problem } from "../http/problem.ts";
import { taskProblem } from "./check/check.ts";
import { explain } from "./check/explain.ts";
import { chosenPages, parseChoice, requireFilter } from "./choice.ts";
import { sendTasks } from "./send.ts";

/** Cancels a bounded number of tasks in bounded time; `next_cursor` continues where it stopped. */
export async function cancelFiltered(
  env: ProducerEnv,
  { tenant }: Principal,
  body: unknown,
  deadline = Date.now() + batchLimits.expandMsMax,
): Promise<Result<ManyCancelResponse, Problem>> {
  if (!Value.Check(ManyCancel, body)) return err(taskProblem(explain(ManyCancel, body)));
  const filterCheck = requireFilter(cancelFilterNames, body);
  if (!filterCheck.ok) return filterCheck;
  const parsedChoice = parseChoice(body, cancellable);
  if (!parsedChoice.ok) return parsedChoice;
  const { range, choice } = parsedChoice.value;
  const dryRun = body.dry_run === true;
  const report: ManyCancelResponse = {
    matched: 0,
    cancelled: 0,
    dry_run: dryRun,
    next_cursor: null,
  };
  for await (const { rows, next } of chosenPages(env, tenant, "uncancelled", range, choice)) {
    report.matched += rows.length;
    if (!dryRun && rows.length > 0) {
      const ids = await requestCancels(
        env.DB,
        tenant,
        rows.map(({ id }) => id),
      );
      report.cancelled += ids.length;
      const isCancelled = new Set(ids);
      // A message at once, so that a task with a later due time settles now.
      const queuedRows = rows.filter(
        ({ id, status }) => status === "queued" && isCancelled.has(id),
      );
      await sendTasks(
        env,
        queuedRows.map((row) => ({ ...row, not_before: null })),
      );
    }
    const isEnough = report.matched >= batchLimits.cancelTasksPerCallMax || Date.now() >= deadline;
    if (next !== null && isEnough) {
      report.next_cursor = next;
      break;
    }
  }
  return ok(report);
}
