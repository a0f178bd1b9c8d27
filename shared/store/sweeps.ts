/** What the sweep looks at: rows whose `sweep_at` has passed. One index, one query, bounded. */
import { sweepLimits } from "../limits.ts";
import { retrying } from "../retrying.ts";
import { nowSql } from "./clock.ts";

export interface Due {
  id: string;
  model: string;
  priority: "normal" | "low";
  status: "queued" | "running";
}

/**
 * Takes up to `limit` due tasks to be sent again and moves their next look ahead, doubling each
 * time, in one statement: two sweeps at once take different rows. A running task is due when its
 * lease ran out; a queued one when it was never sent, came of age, expired or is to be cancelled.
 * One that was sent and only waits is taken with `lostToo`, which the caller sets when the queue's
 * backlog is small: otherwise a two-day backlog would be sent again every minute.
 */
export async function takeDue(db: D1Database, limit: number, lostToo: boolean): Promise<Due[]> {
  const { results } = await retrying("take due", () =>
    db
      .prepare(
        `UPDATE tasks SET sent_at = ${nowSql}, sends = sends + 1,
           sweep_at = ${nowSql} + ${sweepLimits.resendAfterMs} * (1 << MIN(sends, ${sweepLimits.resendDoublingsMax}))
         WHERE id IN (
           SELECT id FROM tasks WHERE sweep_at <= ${nowSql}
             AND (?2 OR status = 'running' OR sent_at IS NULL OR expires_at <= ${nowSql})
           ORDER BY sweep_at LIMIT ?1)
         RETURNING id, model, priority, status`,
      )
      .bind(limit, lostToo ? 1 : 0)
      .all<Due>(),
  );
  return results;
}

/**
 * Local runs alone: their queue is in memory and is lost when the runtime reloads. Called with an empty
 * queue, it takes what was due and sent longer than `idleMs` ago, because nothing will deliver that.
 */
export async function takeIdle(db: D1Database, limit: number, idleMs: number): Promise<Due[]> {
  const { results } = await retrying("take idle", () =>
    db
      .prepare(
        `UPDATE tasks SET sent_at = ${nowSql}, sends = sends + 1
         WHERE id IN (
           SELECT id FROM tasks WHERE sweep_at IS NOT NULL AND status = 'queued'
             AND MAX(sent_at, COALESCE(not_before, 0)) + ?2 <= ${nowSql}
           LIMIT ?1)
         RETURNING id, model, priority, status`,
      )
      .bind(limit, idleMs)
      .all<Due>(),
  );
  return results;
}

/**
 * After a restart of the local runner: no slice and no message survived it, so every lease is void
 * and everything live is due. Never run on a deployed fleet.
 */
export const voidLeasesSql = `
  UPDATE tasks SET lease_until = CASE WHEN status = 'running' THEN 0 ELSE NULL END,
    sent_at = NULL, sweep_at = 0
  WHERE sweep_at IS NOT NULL;
  UPDATE batches SET sweep_at = 0 WHERE sweep_at IS NOT NULL`;
