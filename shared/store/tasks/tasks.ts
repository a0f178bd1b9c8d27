/** Single tasks, for the API. `readTask` and `requestCancel` name the tenant: a foreign id does not exist. */
import { nowSql } from "../clock.ts";
import { sql } from "../sql.ts";
import {
  listedTask,
  type StoredTaskRow,
  type TaskRow,
  taskColumns,
  wholeColumns,
  wholeTask,
} from "./task_row.ts";

export async function readTask(
  db: D1Database,
  tenant: string,
  id: string,
): Promise<TaskRow | null> {
  const row = await sql.first<StoredTaskRow>(
    db,
    "read task",
    `SELECT ${taskColumns} FROM tasks WHERE id = ?1 AND tenant = ?2`,
    [id, tenant],
  );
  return row === null ? null : listedTask(row);
}

/** The consumer cancels the task before its next step. False when the task is already settled. */
export async function requestCancel(db: D1Database, tenant: string, id: string): Promise<boolean> {
  const changedRows = await sql.run(
    db,
    "request cancel",
    `UPDATE tasks SET cancel_requested_at = COALESCE(cancel_requested_at, ${nowSql}),
       not_before = NULL, sent_at = CASE WHEN status = 'queued' THEN NULL ELSE sent_at END,
       sweep_at = CASE WHEN status = 'queued' THEN ${nowSql} ELSE sweep_at END
     WHERE id = ?1 AND tenant = ?2 AND status IN ('queued', 'running')`,
    [id, tenant],
  );
  return changedRows === 1;
}

/** The same for many tasks; returns the ids of those that this call changed. */
export async function requestCancels(
  db: D1Database,
  tenant: string,
  ids: readonly string[],
): Promise<string[]> {
  const rows = await sql.all<{ id: string }>(
    db,
    "request cancels",
    `UPDATE tasks SET cancel_requested_at = ${nowSql},
       not_before = NULL, sent_at = CASE WHEN status = 'queued' THEN NULL ELSE sent_at END,
       sweep_at = CASE WHEN status = 'queued' THEN ${nowSql} ELSE sweep_at END
     WHERE id IN (SELECT value FROM json_each(?2)) AND tenant = ?1
       AND status IN ('queued', 'running') AND cancel_requested_at IS NULL
     RETURNING id`,
    [tenant, JSON.stringify(ids)],
  );
  return rows.map(({ id }) => id);
}

/** A task with its body and its transcript, for internal reads by id. */
async function readWhole(db: D1Database, id: string): Promise<TaskRow | null> {
  const row = await sql.first<StoredTaskRow>(
    db,
    "read whole task",
    `SELECT ${wholeColumns} FROM tasks WHERE id = ?1`,
    [id],
  );
  return row === null ? null : wholeTask(row);
}

/** The transcript in D1; null when it is stored in R2. */
export async function readInlineTranscript(db: D1Database, id: string): Promise<string | null> {
  return (await readWhole(db, id))?.transcript ?? null;
}

/** The submitted body in D1; null when it is stored in R2. */
export async function readSpec(db: D1Database, id: string): Promise<string | null> {
  return (await readWhole(db, id))?.spec ?? null;
}

/** The fallback models that a live task lists. `large`: its body is in R2 and must be read there. */
export interface ListedFallbacks {
  tenant: string;
  large: boolean;
  /** Undefined when the task lists none, so that the deployment's list applies. */
  listed: string[] | undefined;
}

export async function readFallbackModels(
  db: D1Database,
  id: string,
): Promise<ListedFallbacks | null> {
  const row = await sql.first<{ tenant: string; large: number; listed: string | null }>(
    db,
    "read fallback models",
    `SELECT tenant, spec IS NULL AS large, spec->'fallback_models' AS listed
     FROM tasks WHERE id = ?1 AND sweep_at IS NOT NULL`,
    [id],
  );
  if (row === null) return null;
  const models = row.listed === null ? undefined : (JSON.parse(row.listed) as string[]);
  return { tenant: row.tenant, large: row.large === 1, listed: models };
}
