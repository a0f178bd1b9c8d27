/** Rows of `evals`. Each write is repeatable: two workers that advance one evaluation write the same. */
import { evalLimits } from "../../limits.ts";
import { nowSql } from "../clock.ts";
import { sql } from "../sql.ts";

/** A row, as D1 returns it. JSON columns are text; times are milliseconds. */
export interface EvalRow {
  id: string;
  tenant: string;
  name: string | null;
  status: "starting" | "running" | "judging" | "finished" | "failed";
  body_hash: string;
  /** Over the rows: evaluations with the same rows can be compared. */
  rows_hash: string;
  rows: number;
  samples: number;
  /** JSON lists: the names of the variants, their batches, and the batches of the judges. */
  variants: string;
  batches: string;
  judges: string;
  scopes: string;
  key_id: string | null;
  /** JSON; null until it is finished. */
  report: string | null;
  /** JSON of {message, details}: why it failed. */
  problem: string | null;
  created_at: number;
  finished_at: number | null;
}

export type NewEval = Pick<
  EvalRow,
  | "id"
  | "tenant"
  | "name"
  | "body_hash"
  | "rows_hash"
  | "rows"
  | "samples"
  | "variants"
  | "scopes"
  | "key_id"
> & { idempotency_key: string | null };

const columns = `id, tenant, name, status, body_hash, rows_hash, rows, samples, variants, batches, judges,
  scopes, key_id, report, problem, created_at, finished_at`;

/** False if the idempotency key is taken. */
export async function insertEval(db: D1Database, row: NewEval): Promise<boolean> {
  const changed = await sql.run(
    db,
    "insert eval",
    `INSERT INTO evals (id, tenant, name, status, idempotency_key, body_hash, rows_hash, rows, samples,
       variants, scopes, key_id, created_at, due_at)
     VALUES (?1, ?2, ?3, 'starting', ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ${nowSql},
       ${nowSql} + ${evalLimits.startGraceMs})
     ON CONFLICT DO NOTHING`,
    [
      row.id,
      row.tenant,
      row.name,
      row.idempotency_key,
      row.body_hash,
      row.rows_hash,
      row.rows,
      row.samples,
      row.variants,
      row.scopes,
      row.key_id,
    ],
  );
  return changed === 1;
}

export const readEval = (db: D1Database, tenant: string, id: string): Promise<EvalRow | null> =>
  sql.first<EvalRow>(
    db,
    "read eval",
    `SELECT ${columns} FROM evals WHERE id = ?1 AND tenant = ?2`,
    [id, tenant],
  );

export const findEvalByKey = (
  db: D1Database,
  tenant: string,
  key: string,
): Promise<EvalRow | null> =>
  sql.first<EvalRow>(
    db,
    "find eval by key",
    `SELECT ${columns} FROM evals WHERE tenant = ?1 AND idempotency_key = ?2`,
    [tenant, key],
  );

/** Newest first, without the reports; one row more than `limit` shows that another page follows. */
export const listEvals = (
  db: D1Database,
  tenant: string,
  { cursor, limit }: { cursor: string | null; limit: number },
): Promise<EvalRow[]> =>
  sql.all<EvalRow>(
    db,
    "list evals",
    `SELECT ${columns.replace("report", "NULL AS report")} FROM evals
     WHERE tenant = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3`,
    [tenant, cursor ?? "eval`", limit + 1],
  );

/** The evaluations that are due, each given to one caller until the next minute. */
export const takeDueEvals = (db: D1Database, limit: number): Promise<EvalRow[]> =>
  sql.all<EvalRow>(
    db,
    "take due evals",
    `UPDATE evals SET due_at = ${nowSql} + ${evalLimits.pollMs}
     WHERE id IN (SELECT id FROM evals WHERE due_at <= ${nowSql} ORDER BY due_at LIMIT ?1)
     RETURNING ${columns}`,
    [limit],
  );

export async function markRunning(db: D1Database, id: string, batches: string): Promise<void> {
  await sql.run(
    db,
    "start eval",
    `UPDATE evals SET status = 'running', batches = ?2, due_at = ${nowSql} + ${evalLimits.pollMs}
     WHERE id = ?1 AND status = 'starting'`,
    [id, batches],
  );
}

export async function markJudging(db: D1Database, id: string, judges: string): Promise<void> {
  await sql.run(
    db,
    "judge eval",
    `UPDATE evals SET status = 'judging', judges = ?2, due_at = ${nowSql} + ${evalLimits.pollMs}
     WHERE id = ?1 AND status = 'running'`,
    [id, judges],
  );
}

export async function finishEval(db: D1Database, id: string, report: string): Promise<void> {
  await sql.run(
    db,
    "finish eval",
    `UPDATE evals SET status = 'finished', report = ?2, finished_at = ${nowSql}, due_at = NULL
     WHERE id = ?1 AND status IN ('running', 'judging')`,
    [id, report],
  );
}

export async function failEval(db: D1Database, id: string, problem: string): Promise<void> {
  await sql.run(
    db,
    "fail eval",
    `UPDATE evals SET status = 'failed', problem = ?2, finished_at = ${nowSql}, due_at = NULL
     WHERE id = ?1 AND status NOT IN ('finished', 'failed')`,
    [id, problem],
  );
}

export async function deleteEval(db: D1Database, tenant: string, id: string): Promise<void> {
  await sql.run(db, "delete eval", "DELETE FROM evals WHERE id = ?1 AND tenant = ?2", [id, tenant]);
}
