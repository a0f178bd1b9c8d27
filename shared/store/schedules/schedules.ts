/** Rows of `schedules`: when they tick, and the open tick. `next_at` only moves forward. */
import { scheduleLimits } from "../../limits.ts";
import { err, ok, type Result } from "../../result.ts";
import { nowSql } from "../clock.ts";
import { sql } from "../sql.ts";

/** A row, as D1 returns it. JSON columns are text; times are milliseconds. */
export interface ScheduleRow {
  id: string;
  tenant: string;
  name: string;
  cron: string;
  timezone: string;
  template: string;
  items: string;
  overlap: "skip" | "allow";
  catch_up: "once" | "skip";
  enabled: number;
  /** The scopes of the key that wrote it; JSON list. */
  scopes: string;
  created_at: number;
  updated_at: number;
  next_at: number | null;
  /** The tick that has started and not ended. */
  open_tick: number | null;
  open_missed: number;
  open_tries: number;
  wake_at: number | null;
  /** The key of `api_keys` that wrote it last; null when no API key was used. */
  key_id: string | null;
  /** JSON: why the open tick is deferred. */
  open_problem: string | null;
}

export type ScheduleFields = Pick<
  ScheduleRow,
  | "id"
  | "tenant"
  | "name"
  | "cron"
  | "timezone"
  | "template"
  | "items"
  | "overlap"
  | "catch_up"
  | "enabled"
  | "scopes"
  | "key_id"
  | "next_at"
>;

export type ScheduleWrite = Result<void, "name_taken" | "too_many">;

/** Repeatable: a schedule that already exists under its id counts as written. */
export async function insertSchedule(db: D1Database, row: ScheduleFields): Promise<ScheduleWrite> {
  await sql.run(
    db,
    "insert schedule",
    `INSERT INTO schedules (id, tenant, name, cron, timezone, template, items, overlap, catch_up,
       enabled, scopes, created_at, updated_at, next_at, wake_at, key_id)
     SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ${nowSql}, ${nowSql}, ?12, ?12, ?13
     WHERE (SELECT COUNT(*) FROM schedules WHERE tenant = ?2) < ${scheduleLimits.perTenantMax}
     ON CONFLICT DO NOTHING`,
    bindFields(row),
  );
  if ((await readSchedule(db, row.tenant, row.id)) !== null) return ok(undefined);
  const nameTaken = (await findScheduleByName(db, row.tenant, row.name)) !== null;
  return err(nameTaken ? "name_taken" : "too_many");
}

/** Replaces the fields of the API. An open tick continues with the old ones. */
export async function updateSchedule(db: D1Database, row: ScheduleFields): Promise<ScheduleWrite> {
  const sameName = await findScheduleByName(db, row.tenant, row.name);
  if (sameName !== null && sameName !== row.id) return err("name_taken");
  await sql.run(
    db,
    "update schedule",
    `UPDATE OR IGNORE schedules SET name = ?3, cron = ?4, timezone = ?5, template = ?6, items = ?7,
       overlap = ?8, catch_up = ?9, enabled = ?10, scopes = ?11, updated_at = ${nowSql},
       key_id = ?13, next_at = ?12, wake_at = CASE WHEN open_tick IS NULL THEN ?12 ELSE wake_at END
     WHERE id = ?1 AND tenant = ?2`,
    bindFields(row),
  );
  return ok(undefined);
}

const bindFields = (row: ScheduleFields) => [
  row.id,
  row.tenant,
  row.name,
  row.cron,
  row.timezone,
  row.template,
  row.items,
  row.overlap,
  row.catch_up,
  row.enabled,
  row.scopes,
  row.next_at,
  row.key_id,
];

async function findScheduleByName(
  db: D1Database,
  tenant: string,
  name: string,
): Promise<string | null> {
  const row = await sql.first<{ id: string }>(
    db,
    "find schedule",
    "SELECT id FROM schedules WHERE tenant = ?1 AND name = ?2",
    [tenant, name],
  );
  return row?.id ?? null;
}

export async function readSchedule(
  db: D1Database,
  tenant: string,
  id: string,
): Promise<ScheduleRow | null> {
  return sql.first<ScheduleRow>(
    db,
    "read schedule",
    "SELECT * FROM schedules WHERE id = ?1 AND tenant = ?2",
    [id, tenant],
  );
}

/** Newest first; one row more than `limit` shows that another page follows. */
export async function listSchedules(
  db: D1Database,
  tenant: string,
  cursor: string | null,
  limit: number,
): Promise<ScheduleRow[]> {
  return sql.all<ScheduleRow>(
    db,
    "list schedules",
    "SELECT * FROM schedules WHERE tenant = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3",
    [tenant, cursor ?? "sched`", limit + 1],
  );
}

/** Deletes it with its ticks; its batches stay. */
export async function deleteSchedule(db: D1Database, tenant: string, id: string): Promise<void> {
  await sql.batch(db, "delete schedule", [
    sql.statement(db, "DELETE FROM ticks WHERE schedule_id = ?1 AND tenant = ?2", [id, tenant]),
    sql.statement(db, "DELETE FROM schedules WHERE id = ?1 AND tenant = ?2", [id, tenant]),
  ]);
}

/** The schedule that is due for longest. It is only read; `startTick` takes it. */
export async function takeDueSchedule(db: D1Database): Promise<ScheduleRow | null> {
  return sql.first<ScheduleRow>(
    db,
    "read due schedule",
    `SELECT * FROM schedules INDEXED BY schedules_wake WHERE wake_at <= ${nowSql}
     ORDER BY wake_at LIMIT 1`,
  );
}

/**
 * Starts a tick and moves the cursor after it, in one statement: of two concurrent crons only one starts it.
 * The tick stays open until it ends; after a worker that died, `resumeTick` takes it over.
 */
export async function startTick(
  db: D1Database,
  schedule: ScheduleRow,
  start: { tick: number; missed: number; next: number | null },
): Promise<ScheduleRow | null> {
  return sql.first<ScheduleRow>(
    db,
    "start tick",
    `UPDATE schedules SET open_tick = ?4, open_missed = ?5, open_tries = 1, next_at = ?6,
       wake_at = ${nowSql} + ${scheduleLimits.tickLeaseMs}
     WHERE id = ?1 AND next_at = ?2 AND updated_at = ?3 AND open_tick IS NULL RETURNING *`,
    [schedule.id, schedule.next_at, schedule.updated_at, start.tick, start.missed, start.next],
  );
}

/** Takes over an open tick whose worker's lease expired. Null when another worker did. */
export async function resumeTick(
  db: D1Database,
  schedule: ScheduleRow,
): Promise<ScheduleRow | null> {
  return sql.first<ScheduleRow>(
    db,
    "resume tick",
    `UPDATE schedules SET open_tries = open_tries + 1,
       wake_at = ${nowSql} + ${scheduleLimits.tickLeaseMs}
     WHERE id = ?1 AND open_tick = ?2 AND wake_at = ?3 RETURNING *`,
    [schedule.id, schedule.open_tick, schedule.wake_at],
  );
}

/** Defers the open tick and stores why. It is checked again soon, with all its tries. Repeatable. */
export async function deferTick(
  db: D1Database,
  schedule: ScheduleRow,
  problem: string,
): Promise<void> {
  await sql.run(
    db,
    "defer tick",
    `UPDATE schedules SET open_tries = 0, open_problem = ?3,
       wake_at = ${nowSql} + ${scheduleLimits.deferredCheckMs}
     WHERE id = ?1 AND open_tick = ?2`,
    [schedule.id, schedule.open_tick, problem],
  );
}
