/** Pages of the egress log, by decision and by task. */
import { storeLimits } from "../../limits.ts";
import { sql } from "../sql.ts";
import { type EgressFilter, filterSql, filterValues } from "./egress_filter.ts";
import type { StoredEgressRow } from "./egress_log.ts";

/** The primary key of a decision. */
export type EgressKey = Pick<StoredEgressRow, "task_id" | "seq" | "n"> & { fence: number };

export type ListedEgressRow = StoredEgressRow & EgressKey & { custom_id: string | null };

/** One page below `cursor`; one row more than `limit` shows that another page follows. */
export async function listEgress(
  db: D1Database,
  tenant: string,
  filter: EgressFilter,
  cursor: EgressKey | null,
  limit: number,
): Promise<ListedEgressRow[]> {
  const after = cursor ?? { task_id: "task`", seq: 0, n: 0, fence: 0 };
  return sql.all<ListedEgressRow>(
    db,
    "list egress",
    `SELECT ${listedColumns} FROM egress_log LEFT JOIN tasks ON tasks.id = task_id
     WHERE ${filterSql} AND (task_id, seq, n, egress_log.fence) < (?7, ?8, ?9, ?10)
     ORDER BY task_id DESC, seq DESC, n DESC, egress_log.fence DESC LIMIT ?11`,
    [
      ...filterValues(tenant, filter),
      after.task_id,
      after.seq,
      after.n,
      after.fence,
      Math.min(limit, storeLimits.pageRowsMax) + 1,
    ],
  );
}

const listedColumns = `task_id, seq, n, egress_log.fence, at, method, url, host, action,
  egress_log.policy, rule, egress_log.reason, credential, egress_log.status, bytes_in, bytes_out,
  duration_ms, tasks.custom_id`;

/** The decisions of one task that match the filter, added up. */
export interface EgressTask {
  task_id: string;
  custom_id: string | null;
  batch_id: string | null;
  requests: number;
  denied: number;
  bytes_in: number;
  bytes_out: number;
  first_at: number;
  last_at: number;
}

/** Tasks below the id `cursor`, one more than `limit`. Grouped along the key, so only the page is read. */
export async function listEgressTasks(
  db: D1Database,
  tenant: string,
  filter: EgressFilter,
  cursor: string | null,
  limit: number,
): Promise<EgressTask[]> {
  return sql.all<EgressTask>(
    db,
    "list egress tasks",
    `SELECT task_id, tasks.custom_id, tasks.batch_id, COUNT(*) AS requests,
       SUM(action = 'deny') AS denied, SUM(bytes_in) AS bytes_in, SUM(bytes_out) AS bytes_out,
       MIN(at) AS first_at, MAX(at) AS last_at
     FROM egress_log LEFT JOIN tasks ON tasks.id = task_id
     WHERE ${filterSql} AND task_id < ?7
     GROUP BY task_id ORDER BY task_id DESC LIMIT ?8`,
    [
      ...filterValues(tenant, filter),
      cursor ?? "task`",
      Math.min(limit, storeLimits.pageRowsMax) + 1,
    ],
  );
}
