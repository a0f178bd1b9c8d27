/**
 * Flow control in SQL: what is paused, and how many tasks of one key run. A claim asks it in its own
 * write, so any number of consumers agree; a worker that dies frees its slot when its lease runs out.
 */
import { flowLimits, sweepLimits } from "../limits.ts";
import { retrying } from "../retrying.ts";
import { nowSql } from "./clock.ts";

/** Whether a task's fleet, model or batch is paused; of a statement over `tasks`. */
const pausedSql = `(EXISTS (SELECT 1 FROM pauses WHERE name IN ('fleet', 'model ' || tasks.model))
  OR EXISTS (SELECT 1 FROM batches WHERE batches.id = tasks.batch_id AND paused_at IS NOT NULL))`;

/** Whether as many others run under a task's key as may; a lease that ran out holds no slot. */
const fullSql = `(concurrency_key IS NOT NULL AND (
  SELECT COUNT(*) FROM tasks AS other INDEXED BY tasks_slots
  WHERE other.tenant = tasks.tenant AND other.concurrency_key = tasks.concurrency_key
    AND other.status = 'running' AND other.lease_until >= ${nowSql} AND other.id <> tasks.id
  ) >= concurrency_limit)`;

/** Whether a task must not begin now, for either reason. */
export const heldBackSql = `(${pausedSql} OR ${fullSql})`;

export type Parked = "paused" | "concurrency";

/**
 * Sets a task aside that must not begin now; null when nothing holds it back (any more). It costs no
 * attempt, and no message waits for it: whoever resumes, or frees a slot, wakes it. The long look ahead
 * is for wakes that are lost.
 */
export async function park(db: D1Database, id: string): Promise<Parked | null> {
  const row = await retrying("park", () =>
    db
      .prepare(
        `UPDATE tasks SET parked = CASE WHEN ${pausedSql} THEN 'paused' ELSE 'concurrency' END,
           sent_at = NULL, sends = 1,
           sweep_at = MIN(COALESCE(expires_at, 9e15), ${nowSql} + CASE WHEN ${pausedSql}
             THEN ${flowLimits.pausedLookMs} ELSE ${flowLimits.fullLookMs} END)
         WHERE id = ?1 AND cancel_requested_at IS NULL AND COALESCE(not_before, 0) <= ${nowSql} + 999
           AND (status = 'queued' OR (status = 'running' AND lease_until < ${nowSql}))
           AND ${heldBackSql} RETURNING parked`,
      )
      .bind(id)
      .first<{ parked: Parked }>(),
  );
  return row?.parked ?? null;
}

/** A task to be sent at once. */
export interface Woken {
  id: string;
  model: string;
  priority: "normal" | "low";
}

/** Takes the task that has waited longest for a slot of this key; null when none waits. */
export async function wakeNext(db: D1Database, tenant: string, key: string): Promise<Woken | null> {
  return retrying("wake next", () =>
    db
      .prepare(
        `UPDATE tasks SET parked = NULL, sent_at = ${nowSql},
           sweep_at = MIN(COALESCE(expires_at, 9e15), ${nowSql} + ${sweepLimits.resendAfterMs})
         WHERE id = (SELECT id FROM tasks INDEXED BY tasks_slots
           WHERE tenant = ?1 AND concurrency_key = ?2 AND status = 'queued' AND parked = 'concurrency'
           ORDER BY id LIMIT 1)
         RETURNING id, model, priority`,
      )
      .bind(tenant, key)
      .first<Woken>(),
  );
}

/** `name` is `fleet` or `model <id>`. Pausing what is paused keeps its time. */
export async function pause(db: D1Database, name: string): Promise<void> {
  await retrying("pause", () =>
    db
      .prepare(`INSERT INTO pauses (name, paused_at) VALUES (?1, ${nowSql}) ON CONFLICT DO NOTHING`)
      .bind(name)
      .run(),
  );
}

/** Wakes what it held back; what is paused for another reason too is set aside again. */
export async function resume(db: D1Database, name: string): Promise<void> {
  await retrying("resume", () =>
    db.batch([
      db.prepare("DELETE FROM pauses WHERE name = ?1").bind(name),
      db
        .prepare(
          `UPDATE tasks SET parked = NULL, sweep_at = ${nowSql}
           WHERE sweep_at IS NOT NULL AND parked = 'paused' AND ?1 IN ('fleet', 'model ' || model)`,
        )
        .bind(name),
    ]),
  );
}

export async function listPauses(db: D1Database): Promise<{ name: string; paused_at: number }[]> {
  const { results } = await retrying("list pauses", () =>
    db
      .prepare("SELECT name, paused_at FROM pauses ORDER BY name")
      .all<{ name: string; paused_at: number }>(),
  );
  return results;
}

/** No task of a paused batch begins, and no further lines of it are expanded. */
export async function pauseBatch(db: D1Database, tenant: string, id: string): Promise<void> {
  await retrying("pause batch", () =>
    db
      .prepare(
        `UPDATE batches SET paused_at = COALESCE(paused_at, ${nowSql})
         WHERE id = ?1 AND tenant = ?2 AND status <> 'finished'`,
      )
      .bind(id, tenant)
      .run(),
  );
}

export async function resumeBatch(
  db: D1Database,
  tenant: string,
  id: string,
  range: { from: string; to: string },
): Promise<void> {
  await retrying("resume batch", () =>
    db.batch([
      db
        .prepare(
          `UPDATE batches SET paused_at = NULL,
             sweep_at = CASE WHEN sweep_at IS NULL THEN NULL ELSE ${nowSql} END
           WHERE id = ?1 AND tenant = ?2 AND paused_at IS NOT NULL`,
        )
        .bind(id, tenant),
      db
        .prepare(
          `UPDATE tasks SET parked = NULL, sweep_at = ${nowSql}
           WHERE tenant = ?1 AND id >= ?2 AND id < ?3 AND parked = 'paused' AND sweep_at IS NOT NULL`,
        )
        .bind(tenant, range.from, range.to),
    ]),
  );
}
