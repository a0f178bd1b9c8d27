/** Concurrency keys. A worker that dies frees its slot when its lease expires. */
import { sweepLimits } from "../../limits.ts";
import { nowSql } from "../clock.ts";
import { sql } from "../sql.ts";

/** Whether all slots of a task's key are taken by others; an expired lease takes no slot. */
export const fullSql = `(concurrency_key IS NOT NULL AND (
  SELECT COUNT(*) FROM tasks AS other INDEXED BY tasks_slots
  WHERE other.tenant = tasks.tenant AND other.concurrency_key = tasks.concurrency_key
    AND other.status = 'running' AND other.lease_until >= ${nowSql} AND other.id <> tasks.id
  ) >= concurrency_limit)`;

/** A task that must be sent at once. */
export interface WokenTask {
  id: string;
  model: string;
  priority: "normal" | "low";
}

/** Takes the longest waiting task of this key; null when none waits. */
export async function wakeNextTask(
  db: D1Database,
  tenant: string,
  key: string,
): Promise<WokenTask | null> {
  return sql.first<WokenTask>(
    db,
    "wake next task",
    `UPDATE tasks SET parked = NULL, sent_at = ${nowSql},
       sweep_at = COALESCE(expires_at, ${sweepLimits.never})
     WHERE id = (SELECT id FROM tasks INDEXED BY tasks_slots
       WHERE tenant = ?1 AND concurrency_key = ?2 AND status = 'queued' AND parked = 'concurrency'
       ORDER BY id LIMIT 1)
     RETURNING id, model, priority`,
    [tenant, key],
  );
}
