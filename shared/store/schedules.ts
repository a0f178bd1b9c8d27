/** Rows of `schedules`: what ticks when, and which tick has begun. `next_at` only ever moves ahead. */
import { scheduleLimits } from "../limits.ts";
import { retrying } from "../retrying.ts";
import { nowSql } from "./clock.ts";

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
  /** What the key that wrote it could do; JSON list. */
  scopes: string;
  created_at: number;
  updated_at: number;
  next_at: number | null;
  /** The tick that has begun and not ended. */
  open_tick: number | null;
  open_missed: number;
  open_tries: number;
  wake_at: number | null;
  /** The key of `api_keys` that wrote it last; null where the fleet itself vouches for it. */
  key_id: string | null;
  /** JSON: why the open tick waits for its key to have room. */
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

/** Why a schedule was not written. */
export type Written = "written" | "name_taken" | "too_many";

/** Repeatable: a schedule that stands there already under its id counts as written. */
export async function insertSchedule(db: D1Database, row: ScheduleFields): Promise<Written> {
  await retrying("insert schedule", () =>
    db
      .prepare(
        `INSERT INTO schedules (id, tenant, name, cron, timezone, template, items, overlap, catch_up,
           enabled, scopes, created_at, updated_at, next_at, wake_at, key_id)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ${nowSql}, ${nowSql}, ?12, ?12, ?13
         WHERE (SELECT COUNT(*) FROM schedules WHERE tenant = ?2) < ${scheduleLimits.perTenantMax}
         ON CONFLICT DO NOTHING`,
      )
      .bind(...boundFields(row))
      .run(),
  );
  if ((await readSchedule(db, row.tenant, row.id)) !== null) return "written";
  return (await nameHolder(db, row.tenant, row.name)) === null ? "too_many" : "name_taken";
}

/** Replaces what a person may set. An open tick goes on with what it began with. */
export async function updateSchedule(db: D1Database, row: ScheduleFields): Promise<Written> {
  const holder = await nameHolder(db, row.tenant, row.name);
  if (holder !== null && holder !== row.id) return "name_taken";
  await retrying("update schedule", () =>
    db
      .prepare(
        `UPDATE OR IGNORE schedules SET name = ?3, cron = ?4, timezone = ?5, template = ?6, items = ?7,
           overlap = ?8, catch_up = ?9, enabled = ?10, scopes = ?11, updated_at = ${nowSql},
           key_id = ?13, next_at = ?12, wake_at = CASE WHEN open_tick IS NULL THEN ?12 ELSE wake_at END
         WHERE id = ?1 AND tenant = ?2`,
      )
      .bind(...boundFields(row))
      .run(),
  );
  return "written";
}

const boundFields = (row: ScheduleFields) => [
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

async function nameHolder(db: D1Database, tenant: string, name: string): Promise<string | null> {
  const row = await retrying("find schedule", () =>
    db
      .prepare("SELECT id FROM schedules WHERE tenant = ?1 AND name = ?2")
      .bind(tenant, name)
      .first<{ id: string }>(),
  );
  return row?.id ?? null;
}

export async function readSchedule(
  db: D1Database,
  tenant: string,
  id: string,
): Promise<ScheduleRow | null> {
  return retrying("read schedule", () =>
    db
      .prepare("SELECT * FROM schedules WHERE id = ?1 AND tenant = ?2")
      .bind(id, tenant)
      .first<ScheduleRow>(),
  );
}

/** Newest first, one more than asked for, so that the caller knows whether a page follows. */
export async function listSchedules(
  db: D1Database,
  tenant: string,
  cursor: string | null,
  limit: number,
): Promise<ScheduleRow[]> {
  const { results } = await retrying("list schedules", () =>
    db
      .prepare("SELECT * FROM schedules WHERE tenant = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3")
      .bind(tenant, cursor ?? "sched`", limit + 1)
      .all<ScheduleRow>(),
  );
  return results;
}

/** Its batches stay; the record of its ticks goes with it. */
export async function deleteSchedule(db: D1Database, tenant: string, id: string): Promise<void> {
  await retrying("delete schedule", () =>
    db.batch([
      db.prepare("DELETE FROM ticks WHERE schedule_id = ?1 AND tenant = ?2").bind(id, tenant),
      db.prepare("DELETE FROM schedules WHERE id = ?1 AND tenant = ?2").bind(id, tenant),
    ]),
  );
}

/** The schedule that has waited longest to be looked at. Nothing is taken yet: `beginTick` does that. */
export async function takeDueSchedule(db: D1Database): Promise<ScheduleRow | null> {
  return retrying("waking schedule", () =>
    db
      .prepare(
        `SELECT * FROM schedules INDEXED BY schedules_wake WHERE wake_at <= ${nowSql}
         ORDER BY wake_at LIMIT 1`,
      )
      .first<ScheduleRow>(),
  );
}

/**
 * Begins a tick and moves the cursor behind it, in one statement: of two crons at once one begins it.
 * From here on the tick is owed; a worker that dies leaves it open, and `resumeTick` takes it over.
 */
export async function beginTick(
  db: D1Database,
  seen: ScheduleRow,
  begun: { tick: number; missed: number; next: number | null },
): Promise<ScheduleRow | null> {
  return retrying("begin tick", () =>
    db
      .prepare(
        `UPDATE schedules SET open_tick = ?4, open_missed = ?5, open_tries = 1, next_at = ?6,
           wake_at = ${nowSql} + ${scheduleLimits.tickLeaseMs}
         WHERE id = ?1 AND next_at = ?2 AND updated_at = ?3 AND open_tick IS NULL RETURNING *`,
      )
      .bind(seen.id, seen.next_at, seen.updated_at, begun.tick, begun.missed, begun.next)
      .first<ScheduleRow>(),
  );
}

/** Takes over a tick whose worker has had its time. Null when somebody else did. */
export async function resumeTick(db: D1Database, seen: ScheduleRow): Promise<ScheduleRow | null> {
  return retrying("resume tick", () =>
    db
      .prepare(
        `UPDATE schedules SET open_tries = open_tries + 1,
           wake_at = ${nowSql} + ${scheduleLimits.tickLeaseMs}
         WHERE id = ?1 AND open_tick = ?2 AND wake_at = ?3 RETURNING *`,
      )
      .bind(seen.id, seen.open_tick, seen.wake_at)
      .first<ScheduleRow>(),
  );
}

/**
 * Lets the open tick wait, and says why: it is looked at again soon, and has all its tries then. Repeating
 * it changes nothing but the time.
 */
export async function deferTick(db: D1Database, seen: ScheduleRow, problem: string): Promise<void> {
  await retrying("defer tick", () =>
    db
      .prepare(
        `UPDATE schedules SET open_tries = 0, open_problem = ?3,
           wake_at = ${nowSql} + ${scheduleLimits.deferredLookMs}
         WHERE id = ?1 AND open_tick = ?2`,
      )
      .bind(seen.id, seen.open_tick, problem)
      .run(),
  );
}
