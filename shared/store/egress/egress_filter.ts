/** The filter of every list over the egress log. */
import type { EgressRow } from "./egress_log.ts";

/** Null matches all. Every list is sorted from the newest task to the oldest. */
export interface EgressFilter {
  /** A key range of task ids, `from <= id < to`: the tasks of a batch, or a single task. */
  range: { from: string; to: string } | null;
  /** With a port, unless it is the scheme's default; without one, it matches every port. */
  host: string | null;
  action: EgressRow["action"] | null;
  policy: string | null;
}

/** Bound as ?1 to ?3. The range is part of the primary key, so only the rows of the batch are read. */
export const rangeSql = "egress_log.tenant = ?1 AND task_id >= ?2 AND task_id < ?3";

/** Bound as ?4 to ?6. */
export const conditionSql = `(?4 IS NULL OR host = ?4 OR substr(host, 1, length(?4) + 1) = ?4 || ':')
  AND (?5 IS NULL OR action = ?5) AND (?6 IS NULL OR egress_log.policy = ?6)`;

export const filterSql = `${rangeSql} AND ${conditionSql}`;

/** The values ?1 to ?6. */
export const filterValues = (tenant: string, { range, host, action, policy }: EgressFilter) =>
  [tenant, range?.from ?? "task_", range?.to ?? "task`", host, action, policy] as const;
