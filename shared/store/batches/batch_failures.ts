/** Why tasks of a batch did not succeed, grouped, the largest group first. */
import { overviewLimits } from "../../limits.ts";
import type { Reason, Status } from "../../task/states.ts";
import { sql } from "../sql.ts";
import { inTallySql } from "./tallies.ts";

export interface FailureGroup {
  status: Status;
  reason: Reason;
  /** The code of their final error. */
  code: string | null;
  tasks: number;
  /** The id of the newest of them, and its error message. */
  example: string;
  message: string | null;
}

/** Reads only tasks of tallies that have a failure or are stale: a successful batch costs only its tallies. */
const groupsSql = `
  SELECT tasks.status, COALESCE(tasks.newer_reason, tasks.reason) AS reason, tasks.error->>'code' AS code, COUNT(*) AS tasks,
    MAX(tasks.id) AS example, tasks.error->>'message' AS message
  FROM (SELECT batch_id, chunk FROM batch_tallies
        WHERE batch_id = ?1 AND (stale = 1 OR failed + dead + cancelled + expired > 0)) AS wanted
  CROSS JOIN tasks ON ${inTallySql("tasks")}
  WHERE tasks.status IN ('failed', 'dead', 'cancelled', 'expired')
  GROUP BY 1, 2, 3 ORDER BY tasks DESC, 2, 3 LIMIT ${overviewLimits.failureGroupsMax}`;

export async function readBatchFailures(db: D1Database, batchId: string): Promise<FailureGroup[]> {
  return sql.all<FailureGroup>(db, "read batch failures", groupsSql, [batchId]);
}
