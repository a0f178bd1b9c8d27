/** Checks a schedule: the schema, the cron expression, and the template as a task. */
import { Value } from "@sinclair/typebox/value";
import { isBatchId } from "../../shared/identity/ids.ts";
import { taskLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { Schedule, scheduleDefaults } from "../../shared/task/schedule.ts";
import { type Detail, detailsOf } from "../http/problem.ts";
import { checkTask } from "../tasks/check/check.ts";
import type { CheckScope } from "../tasks/check/check_scope.ts";
import { explain } from "../tasks/check/explain.ts";
import { checkInputKey } from "../tasks/check/input_key.ts";
import { fillTemplate, findTemplateFaults } from "../tasks/check/template.ts";
import { checkCron } from "./cron.ts";

export function checkSchedule(body: unknown, scope: CheckScope): Result<Schedule, Detail[]> {
  if (!Value.Check(Schedule, body)) return err(explain(Schedule, body));
  const schedule: Schedule = { ...scheduleDefaults, ...body };
  const cron = checkCron(schedule.cron, schedule.timezone);
  const details: Detail[] = cron.ok ? [] : [cron.error];
  details.push(...findTemplateFaults(schedule.template, scope));
  if (details.length === 0) details.push(...findItemFaults(schedule, scope));
  return details.length === 0
    ? ok(schedule)
    : err(details.slice(0, taskLimits.problemsReportedMax));
}

/** Inline items are known, so each is checked with the template now; other items are checked when they are read. */
function findItemFaults({ items, template }: Schedule, scope: CheckScope): Detail[] {
  if ("r2" in items) {
    const key = checkInputKey(items.r2);
    return key.ok ? [] : [{ path: "items.r2", message: key.error }];
  }
  if ("batch" in items) {
    const message = "invalid id: write a batch's id, such as batch_01h455vb4pex5vsknk084sn02q";
    return isBatchId(items.batch) ? [] : [{ path: "items.batch", message }];
  }
  if (items.inline.length === 0) {
    return [{ path: "items.inline", message: "is empty: write at least one item" }];
  }
  const tick = { time: new Date(scope.now).toISOString() };
  return items.inline.flatMap((item, index) =>
    findFilledFaults(template, { item, tick }, scope).map(({ path, message }) => ({
      path: `items.inline[${index}]`,
      message: `with this item, ${path === "" ? "the task" : path}: ${message}`,
    })),
  );
}

function findFilledFaults(
  template: object,
  data: Parameters<typeof fillTemplate>[1],
  scope: CheckScope,
): Detail[] {
  const filledTask = fillTemplate(template, data);
  if (!filledTask.ok) return detailsOf(filledTask.error);
  const taskCheck = checkTask(filledTask.value, scope);
  return taskCheck.ok ? [] : taskCheck.error;
}
