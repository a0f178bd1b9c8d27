/** Why tasks of a batch did not succeed, in groups, the largest first. */
import { overviewLimits } from "../limits.ts";
import { retrying } from "../retrying.ts";
import type { Reason, Status } from "../states.ts";
import { inTallySql } from "./tallies.ts";

export interface FailureGroup {
  status: Status;
  reason: Reason;
  /** The code of the error that they ended with. */
  code: string | null;
  tasks: number;
  /** The newest of them, and what its error says. */
  example: string;
  message: string | null;
}

/** Only lines whose tally knows of one, or may: a batch in which all went well costs its tallies alone. */
const groupsSql = `
  SELECT tasks.status, tasks.reason, tasks.error->>'code' AS code, COUNT(*) AS tasks,
    MAX(tasks.id) AS example, tasks.error->>'message' AS message
  FROM (SELECT batch_id, chunk FROM batch_tallies
        WHERE batch_id = ?1 AND (stale = 1 OR failed + dead + cancelled + expired > 0)) AS wanted
  CROSS JOIN tasks ON ${inTallySql("tasks")}
  WHERE tasks.status IN ('failed', 'dead', 'cancelled', 'expired')
  GROUP BY 1, 2, 3 ORDER BY tasks DESC, 2, 3 LIMIT ${overviewLimits.failureGroupsMax}`;

export async function readBatchFailures(db: D1Database, batchId: string): Promise<FailureGroup[]> {
  const { results } = await retrying("read batch failures", () =>
    db.prepare(groupsSql).bind(batchId).all<FailureGroup>(),
  );
  return results;
}
