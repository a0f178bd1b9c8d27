/** Is this a schedule that can tick? The schema, the cron expression, and the template as a task. */
import { Value } from "@sinclair/typebox/value";
import { isBatchId } from "../../shared/ids.ts";
import { taskLimits } from "../../shared/limits.ts";
import { Schedule, scheduleDefaults } from "../../shared/schedule.ts";
import type { Detail } from "../http/problem.ts";
import { checkTask } from "../tasks/check.ts";
import type { CheckScope } from "../tasks/check_scope.ts";
import { explain } from "../tasks/explain.ts";
import { inputKeyFault } from "../tasks/input_key.ts";
import { fillTemplate, templateFaults } from "../tasks/template.ts";
import { cronFault } from "./cron.ts";

export type CheckedSchedule = { ok: true; schedule: Schedule } | { ok: false; details: Detail[] };

export function checkSchedule(body: unknown, scope: CheckScope): CheckedSchedule {
  if (!Value.Check(Schedule, body)) return { ok: false, details: explain(Schedule, body) };
  const schedule: Schedule = { ...scheduleDefaults, ...body };
  const details: Detail[] = [];
  const fault = cronFault(schedule.cron, schedule.timezone);
  if (fault !== null) details.push(fault);
  details.push(...templateFaults(schedule.template, scope));
  if (details.length === 0) details.push(...itemFaults(schedule, scope));
  return details.length === 0
    ? { ok: true, schedule }
    : { ok: false, details: details.slice(0, taskLimits.problemsReportedMax) };
}

/** Inline items are known, so each is checked with the template now; others are when they are read. */
function itemFaults({ items, template }: Schedule, scope: CheckScope): Detail[] {
  if ("r2" in items) {
    const message = inputKeyFault(items.r2);
    return message === null ? [] : [{ path: "items.r2", message }];
  }
  if ("batch" in items) {
    const message = "write a batch's id, such as batch_01h455vb4pex5vsknk084sn02q";
    return isBatchId(items.batch) ? [] : [{ path: "items.batch", message }];
  }
  if (items.inline.length === 0) {
    return [{ path: "items.inline", message: "is empty: write at least one item" }];
  }
  const tick = { time: new Date(scope.now).toISOString() };
  return items.inline.flatMap((item, at) => {
    const filled = fillTemplate(template, { item, tick });
    const checked = filled.ok ? checkTask(filled.value, scope) : null;
    const faults = filled.ok
      ? checked?.ok === false
        ? checked.details
        : []
      : "details" in filled.error
        ? (filled.error.details ?? [])
        : [];
    return faults.map(({ path, message }) => ({
      path: `items.inline[${at}]`,
      message: `with it, ${path === "" ? "the task" : path}: ${message}`,
    }));
  });
}
