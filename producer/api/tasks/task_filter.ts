/** Reads the filters of a list of tasks. */
import { batchTaskRange } from "../../../shared/identity/ids.ts";
import { storeLimits, taskLimits } from "../../../shared/limits.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { TaskFilter } from "../../../shared/store/tasks/task_list.ts";
import { invalidField, type Problem } from "../../http/problem.ts";
import { readQuery } from "../../http/query.ts";
import { invalidTime, parseTime } from "../../tasks/check/task_rules.ts";
import type { DeadLetterQuery, TaskQuery } from "./operations.ts";

const labelName = /^label\.([a-z0-9_.-]{1,63})$/;

/** The fields of `schema`, which may allow fewer statuses, and `label.K=V`. */
export function readTaskFilter(
  schema: typeof TaskQuery | typeof DeadLetterQuery,
  query: URLSearchParams,
): Result<TaskFilter, Problem> {
  const labels: [string, string][] = [];
  const otherFields = new URLSearchParams();
  for (const [name, value] of query) {
    const label = labelName.exec(name)?.[1];
    if (label === undefined) otherFields.append(name, value);
    else labels.push([label, value]);
  }
  if (labels.length > taskLimits.labelsMax) {
    return err(invalidField("label", `too many labels: use at most ${taskLimits.labelsMax}`));
  }
  const read = readQuery<typeof TaskQuery | typeof DeadLetterQuery>(schema, otherFields);
  if (!read.ok) return read;
  const { status, reason, error_code, batch_id, custom_id, cursor, limit } = read.value;
  const createdAfter = parseTime(read.value.created_after);
  const createdBefore = parseTime(read.value.created_before);
  if (Number.isNaN(createdAfter)) return err(invalidField("created_after", invalidTime));
  if (Number.isNaN(createdBefore)) return err(invalidField("created_before", invalidTime));
  return ok({
    status: status ?? null,
    reason: reason ?? null,
    errorCode: error_code ?? null,
    range: batch_id === undefined ? null : batchTaskRange(batch_id),
    labels,
    customId: custom_id ?? null,
    createdAfter,
    createdBefore,
    cursor: cursor ?? null,
    limit: limit ?? storeLimits.pageRowsDefault,
  });
}
