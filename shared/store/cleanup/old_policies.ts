import { sweepLimits } from "../../limits.ts";
import { sql } from "../sql.ts";

/**
 * Removes policies that no deployment has used since `before` and that no task pins. A task pins a policy of
 * its deployment, so only ids below `bound` can have pinned such a policy. While more of those tasks exist
 * than one statement should read, nothing is removed.
 */
export async function removePolicies(
  db: D1Database,
  range: { bound: string; before: number },
): Promise<number> {
  return sql.run(
    db,
    "remove policies",
    `DELETE FROM policies WHERE used_at <= ?1
     AND (SELECT COUNT(*) FROM (SELECT 1 FROM tasks WHERE id < ?2
          LIMIT ${sweepLimits.policyTasksReadMax})) < ${sweepLimits.policyTasksReadMax}
     AND NOT EXISTS (SELECT 1 FROM tasks WHERE id < ?2 AND policy_hash = policies.hash)`,
    [range.before, range.bound],
  );
}
