/** Chooses many tasks of a tenant by a filter, for a redrive and a cancel. */
import { batchTaskRange, isTaskId, taskRange } from "../../shared/identity/ids.ts";
import { batchLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import {
  type ChoiceKind,
  findWindowEnd,
  listChosen,
  type TaskChoice,
} from "../../shared/store/tasks/task_choice.ts";
import type { TaskRow } from "../../shared/store/tasks/task_row.ts";
import type { Status } from "../../shared/task/states.ts";
import type { ManyCancel } from "../../shared/task/task_filter.ts";
import type { ProducerEnv } from "../env.ts";
import { invalidField, type Problem } from "../http/problem.ts";
import { invalidTime, parseTime } from "./check/task_rules.ts";

/** A range of ids, `from < id < to`. */
export interface IdRange {
  from: string;
  to: string;
}

/** The fields of any filter; its statuses are those that the call allows. */
type Filter = Omit<ManyCancel, "status" | "dry_run"> & { status?: readonly Status[] | undefined };

/** A filter is required: without one it would be all tasks. */
export function requireFilter(names: readonly string[], body: object): Result<null, Problem> {
  if (Object.keys(body).some((name) => names.includes(name))) return ok(null);
  const message = `is missing: choose tasks with at least one of ${names.join(", ")}`;
  return err(invalidField("status", message));
}

/** The rest of the range after the filter's cursor, and what to match; `statuses` is the default. */
export function parseChoice(
  body: Filter,
  statuses: readonly Status[],
  within?: IdRange,
): Result<{ range: IdRange; choice: TaskChoice }, Problem> {
  const createdAfter = parseTime(body.created_after);
  const createdBefore = parseTime(body.created_before);
  for (const [path, time] of [
    ["created_after", createdAfter],
    ["created_before", createdBefore],
  ] as const) {
    if (Number.isNaN(time)) return err(invalidField(path, invalidTime));
  }
  if (body.cursor !== undefined && !isTaskId(body.cursor)) {
    return err(
      invalidField("cursor", "invalid cursor: write a next_cursor from an earlier response"),
    );
  }
  const fullRange = body.batch_id === undefined ? taskRange : batchTaskRange(body.batch_id);
  const { from, to } = within ?? fullRange;
  const choice = {
    statuses: body.status ?? statuses,
    reason: body.reason ?? null,
    errorCode: body.error_code ?? null,
    labels: Object.entries(body.labels ?? {}),
    createdAfter,
    createdBefore,
    customId: body.custom_id ?? null,
  };
  return ok({ range: { from: body.cursor ?? from, to }, choice });
}

/** Matching tasks of a range, page by page, each with the cursor after it; null on the last page. */
export async function* chosenPages(
  { DB }: ProducerEnv,
  tenant: string,
  kind: ChoiceKind,
  { from, to }: IdRange,
  choice: TaskChoice,
): AsyncGenerator<{ rows: TaskRow[]; next: string | null }> {
  const limit =
    kind === "settled" ? batchLimits.redriveTasksPerPage : batchLimits.cancelTasksPerPage;
  for (let after = from; ; ) {
    const range = { after, to };
    const window = await findWindowEnd(DB, tenant, range, batchLimits.redriveRowsPerWindow);
    if (window === null) return;
    for (let isFull = true; isFull; ) {
      const { upto } = window;
      const rows = await listChosen(DB, tenant, kind, { after, upto, limit }, choice);
      isFull = rows.length === limit;
      after = (isFull ? rows.at(-1)?.id : undefined) ?? upto;
      const isLast = !isFull && !window.more;
      yield { rows, next: isLast ? null : after };
      if (isLast) return;
    }
  }
}
