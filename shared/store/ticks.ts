/** Rows of `ticks`: what became of each tick of a schedule. */
import { scheduleLimits } from "../limits.ts";
import { retrying } from "../retrying.ts";
import { nowSql } from "./clock.ts";

export interface TickRow {
  schedule_id: string;
  tick_at: number;
  tenant: string;
  /**
   * submitted   its batch was accepted
   * overlapped  skipped, because an earlier batch of the schedule was not finished
   * missed      skipped, because it was found too late
   * refused     its items or tasks were not to be accepted; `problem` says why
   * failed      the stores failed each time it was tried
   * key_revoked, key_expired   the key that wrote the schedule last holds no more
   */
  outcome:
    | "submitted"
    | "overlapped"
    | "missed"
    | "refused"
    | "failed"
    | "key_revoked"
    | "key_expired";
  /** Earlier ticks that nothing ran for. */
  missed: number;
  batch_id: string | null;
  /** JSON: message and details. */
  problem: string | null;
  ended_at: number;
}

export type EndedTick = Pick<TickRow, "outcome" | "missed" | "batch_id" | "problem">;

/**
 * Writes the outcome and closes the open tick, in one atomic batch; the oldest outcomes go. A schedule
 * that was deleted meanwhile gets none. Repeating it changes nothing.
 */
export async function endTick(
  db: D1Database,
  schedule: { id: string; tenant: string },
  tickAt: number,
  end: EndedTick,
): Promise<void> {
  await retrying("end tick", () =>
    db.batch([
      db
        .prepare(
          `INSERT INTO ticks (schedule_id, tick_at, tenant, outcome, missed, batch_id, problem, ended_at)
           SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ${nowSql}
           WHERE EXISTS (SELECT 1 FROM schedules WHERE id = ?1)
           ON CONFLICT DO NOTHING`,
        )
        .bind(
          schedule.id,
          tickAt,
          schedule.tenant,
          end.outcome,
          end.missed,
          end.batch_id,
          end.problem,
        ),
      db
        .prepare(
          `DELETE FROM ticks WHERE schedule_id = ?1 AND tick_at <= (SELECT tick_at FROM ticks
             WHERE schedule_id = ?1 ORDER BY tick_at DESC LIMIT 1 OFFSET ${scheduleLimits.ticksKept})`,
        )
        .bind(schedule.id),
      db
        .prepare(
          `UPDATE schedules SET open_tick = NULL, open_missed = 0, open_tries = 0,
             open_problem = NULL, wake_at = next_at
           WHERE id = ?1 AND open_tick = ?2`,
        )
        .bind(schedule.id, tickAt),
    ]),
  );
}

/** The latest ticks of a schedule, newest first. */
export async function listTicks(db: D1Database, scheduleId: string): Promise<TickRow[]> {
  const { results } = await retrying("list ticks", () =>
    db
      .prepare("SELECT * FROM ticks WHERE schedule_id = ?1 ORDER BY tick_at DESC LIMIT ?2")
      .bind(scheduleId, scheduleLimits.ticksKept)
      .all<TickRow>(),
  );
  return results;
}

/** The batches of a schedule's earlier ticks that have not finished, as far as their rows say. */
export async function openBatchesOf(
  db: D1Database,
  scheduleId: string,
  before: number,
): Promise<string[]> {
  const { results } = await retrying("open batches of schedule", () =>
    db
      .prepare(
        `SELECT id FROM batches INDEXED BY batches_tick
         WHERE schedule_id = ?1 AND tick_at < ?2 AND status <> 'finished'
         ORDER BY tick_at DESC LIMIT ${scheduleLimits.ticksKept}`,
      )
      .bind(scheduleId, before)
      .all<{ id: string }>(),
  );
  return results.map(({ id }) => id);
}
