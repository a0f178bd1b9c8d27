/** Tasks that match a filter, read in bounded pieces. Every statement names the tenant. */
import type { Reason, Status } from "../../task/states.ts";
import { sql } from "../sql.ts";
import {
  listedTask,
  reasonSql,
  type StoredTaskRow,
  type TaskRow,
  taskColumns,
  wholeColumns,
  wholeTask,
} from "./task_row.ts";

/** Null matches any. Times are in milliseconds since 1970 UTC. */
export interface TaskChoice {
  statuses: readonly Status[];
  reason: Reason | null;
  errorCode: string | null;
  labels: readonly (readonly [key: string, value: string])[];
  createdAfter: number | null;
  createdBefore: number | null;
  customId: string | null;
}

/** `settled` reads all columns, the body and the transcript too; `uncancelled` only the small ones. */
const kinds = {
  settled: {
    columns: wholeColumns,
    read: wholeTask,
    condition: "status NOT IN ('queued', 'running')",
  },
  uncancelled: {
    columns: taskColumns,
    read: listedTask,
    condition: "status IN ('queued', 'running') AND cancel_requested_at IS NULL",
  },
} as const;
export type ChoiceKind = keyof typeof kinds;

const chosenSql = (kind: ChoiceKind): string => `
  SELECT ${kinds[kind].columns} FROM tasks
  WHERE tenant = ?1 AND id > ?2 AND id <= ?3
    AND ${kinds[kind].condition} AND status IN (SELECT value FROM json_each(?4))
    AND (?5 IS NULL OR ${reasonSql} = ?5) AND (?6 IS NULL OR error->>'code' = ?6)
    AND NOT EXISTS (SELECT 1 FROM json_each(?7) AS wanted
      WHERE (SELECT held.value FROM json_each(tasks.labels) AS held
             WHERE held.key = wanted.value->>0) IS NOT wanted.value->>1)
    AND (?8 IS NULL OR created_at >= ?8) AND (?9 IS NULL OR created_at < ?9)
    AND (?10 IS NULL OR custom_id = ?10)
  ORDER BY id LIMIT ?11`;

/**
 * The id of the last of the next `limit` tasks after `after`, and whether more follow. It bounds what one call
 * reads when a filter matches few tasks.
 */
export async function findWindowEnd(
  db: D1Database,
  tenant: string,
  range: { after: string; to: string },
  limit: number,
): Promise<{ upto: string; more: boolean } | null> {
  const row = await sql.first<{ upto: string | null; n: number }>(
    db,
    "window end",
    `SELECT MAX(id) AS upto, COUNT(*) AS n FROM
     (SELECT id FROM tasks WHERE tenant = ?1 AND id > ?2 AND id < ?3 ORDER BY id LIMIT ?4)`,
    [tenant, range.after, range.to, limit],
  );
  if (row === null || row.upto === null) return null;
  return { upto: row.upto, more: row.n === limit };
}

/** Matching tasks with ids after `after` up to `upto`, ordered by id. */
export async function listChosen(
  db: D1Database,
  tenant: string,
  kind: ChoiceKind,
  { after, upto, limit }: { after: string; upto: string; limit: number },
  choice: TaskChoice,
): Promise<TaskRow[]> {
  const rows = await sql.all<StoredTaskRow>(db, "list chosen", chosenSql(kind), [
    tenant,
    after,
    upto,
    JSON.stringify(choice.statuses),
    choice.reason,
    choice.errorCode,
    JSON.stringify(choice.labels),
    choice.createdAfter,
    choice.createdBefore,
    choice.customId,
    limit,
  ]);
  return rows.map(kinds[kind].read);
}
