/** Reads the query of a listing; what is not understood is refused by name rather than ignored. */
import { batchTaskRange, isBatchId, isTaskId } from "../shared/ids.ts";
import { batchLimits, storeLimits, taskLimits } from "../shared/limits.ts";
import { type Reason, reasons, type Status, statuses } from "../shared/states.ts";
import type { TaskFilter } from "../shared/store/tasks.ts";
import { shown } from "./explain.ts";
import { type Detail, done, type Outcome, stopped } from "./problem.ts";

const isStatus = (text: string): text is Status => (statuses as readonly string[]).includes(text);
const isReason = (text: string): text is Reason => (reasons as readonly string[]).includes(text);
const errorCode = /^[a-z0-9_]{1,64}$/;
const labelKey = /^label\.([a-z0-9_.-]{1,63})$/;

/** `?status=&reason=&error_code=&batch_id=&label.K=V&cursor=&limit=` */
export function readTaskFilter(query: URLSearchParams): Outcome<TaskFilter> {
  const details: Detail[] = [];
  const filter: TaskFilter = {
    status: null,
    reason: null,
    errorCode: null,
    range: null,
    labels: [],
    cursor: null,
    limit: storeLimits.pageRowsDefault,
  };
  const labels: [string, string][] = [];
  for (const [name, value] of query) {
    const refuse = (message: string) => details.push({ path: name, message });
    const label = labelKey.exec(name)?.[1];
    if (label !== undefined) labels.push([label, value]);
    else if (name === "status") {
      if (isStatus(value)) filter.status = value;
      else refuse(`write one of ${statuses.join(", ")} instead of ${shown(value)}`);
    } else if (name === "reason") {
      if (isReason(value)) filter.reason = value;
      else refuse(`write one of ${reasons.join(", ")} instead of ${shown(value)}`);
    } else if (name === "error_code") {
      if (errorCode.test(value)) filter.errorCode = value;
      else refuse(`write an error's code, such as model_unavailable, instead of ${shown(value)}`);
    } else if (name === "batch_id") {
      if (isBatchId(value)) filter.range = batchTaskRange(value);
      else refuse(`write a batch's id instead of ${shown(value)}`);
    } else if (name === "cursor") {
      if (isTaskId(value)) filter.cursor = value;
      else refuse(`write a next_cursor as it was answered instead of ${shown(value)}`);
    } else if (name === "limit") {
      const limit = Number(value);
      if (Number.isInteger(limit) && limit >= 1 && limit <= storeLimits.pageRowsMax) {
        filter.limit = limit;
      } else {
        refuse(
          `write a whole number from 1 to ${storeLimits.pageRowsMax} instead of ${shown(value)}`,
        );
      }
    } else {
      refuse(
        "unknown: the query takes status, reason, error_code, batch_id, label.<key>, cursor and limit",
      );
    }
  }
  if (labels.length > taskLimits.labelsMax) {
    details.push({ path: "label", message: `at most ${taskLimits.labelsMax} labels are taken` });
  }
  if (details.length > 0) {
    return stopped({ kind: "refused", message: "the query is not understood", details });
  }
  return done({ ...filter, labels });
}

const batchStatuses = ["running", "cancelling", "finished"] as const;

/** `?status=&cursor=&limit=` of the list of batches. */
export function readBatchFilter(query: URLSearchParams): Outcome<{
  status: (typeof batchStatuses)[number] | null;
  cursor: string | null;
  limit: number;
}> {
  const details: Detail[] = [];
  const status = batchStatuses.find((known) => known === query.get("status")) ?? null;
  const cursor = query.get("cursor");
  const limit = Number(query.get("limit") ?? batchLimits.listRowsDefault);
  for (const [name, value] of query) {
    const refuse = (message: string) => details.push({ path: name, message });
    if (name === "status") {
      if (status === null) refuse(`write one of ${batchStatuses.join(", ")}`);
    } else if (name === "cursor") {
      if (!isBatchId(value)) refuse("write a next_cursor as it was answered");
    } else if (name === "limit") {
      if (!Number.isInteger(limit) || limit < 1 || limit > batchLimits.listRowsMax) {
        refuse(`write a whole number from 1 to ${batchLimits.listRowsMax}`);
      }
    } else refuse("unknown: the query takes status, cursor and limit");
  }
  return details.length === 0
    ? done({ status, cursor, limit })
    : stopped({ kind: "refused", message: "the query is not understood", details });
}

/** One page and where the next begins: the stores read one row more than was asked for. */
export function paged<T extends { id: string }>(
  rows: readonly T[],
  limit: number,
): { page: T[]; next_cursor: string | null } {
  const page = rows.slice(0, limit);
  return { page, next_cursor: rows.length > limit ? (page.at(-1)?.id ?? null) : null };
}
