/** Rows of `ticks`: the outcome of each tick of a schedule. */
import { scheduleLimits } from "../../limits.ts";
import { nowSql } from "../clock.ts";
import { sql } from "../sql.ts";

export interface TickRow {
  schedule_id: string;
  tick_at: number;
  tenant: string;
  /**
   * submitted   its batch was accepted
   * overlapped  skipped, because an earlier batch of the schedule was not finished
   * missed      skipped, because it was found too late
   * refused     its items or tasks were rejected; `problem` says why
   * failed      the stores failed in every try
   * key_revoked, key_expired   the key that wrote the schedule last is no longer valid
   */
  outcome:
    | "submitted"
    | "overlapped"
    | "missed"
    | "refused"
    | "failed"
    | "key_revoked"
    | "key_expired";
  /** Earlier ticks that did not run. */
  missed: number;
  batch_id: string | null;
  /** JSON: message and details. */
  problem: string | null;
  ended_at: number;
}

export type TickEnd = Pick<TickRow, "outcome" | "missed" | "batch_id" | "problem">;

/**
 * Writes the outcome, removes the oldest outcomes and closes the open tick, in one transaction. A deleted
 * schedule gets no outcome. Repeatable.
 */
export async function endTick(
  db: D1Database,
  schedule: { id: string; tenant: string },
  tickAt: number,
  end: TickEnd,
): Promise<void> {
  await sql.batch(db, "end tick", [
    sql.statement(
      db,
      `INSERT INTO ticks (schedule_id, tick_at, tenant, outcome, missed, batch_id, problem, ended_at)
       SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ${nowSql}
       WHERE EXISTS (SELECT 1 FROM schedules WHERE id = ?1)
       ON CONFLICT DO NOTHING`,
      [schedule.id, tickAt, schedule.tenant, end.outcome, end.missed, end.batch_id, end.problem],
    ),
    sql.statement(
      db,
      `DELETE FROM ticks WHERE schedule_id = ?1 AND tick_at <= (SELECT tick_at FROM ticks
       WHERE schedule_id = ?1 ORDER BY tick_at DESC LIMIT 1 OFFSET ${scheduleLimits.ticksKept})`,
      [schedule.id],
    ),
    sql.statement(
      db,
      `UPDATE schedules SET open_tick = NULL, open_missed = 0, open_tries = 0,
         open_problem = NULL, wake_at = next_at
       WHERE id = ?1 AND open_tick = ?2`,
      [schedule.id, tickAt],
    ),
  ]);
}

/** Newest first. */
export async function listTicks(db: D1Database, scheduleId: string): Promise<TickRow[]> {
  return sql.all<TickRow>(
    db,
    "list ticks",
    "SELECT * FROM ticks WHERE schedule_id = ?1 ORDER BY tick_at DESC LIMIT ?2",
    [scheduleId, scheduleLimits.ticksKept],
  );
}

/** Batches of earlier ticks whose row is not finished. */
export async function listOpenBatches(
  db: D1Database,
  scheduleId: string,
  before: number,
): Promise<string[]> {
  const rows = await sql.all<{ id: string }>(
    db,
    "list open batches",
    `SELECT id FROM batches INDEXED BY batches_tick
     WHERE schedule_id = ?1 AND tick_at < ?2 AND status <> 'finished'
     ORDER BY tick_at DESC LIMIT ${scheduleLimits.ticksKept}`,
    [scheduleId, before],
  );
  return rows.map(({ id }) => id);
}
