/** Rows of `files`: uploads through the OpenAI API, and the output files of its batches. */
import { openAiLimits, sweepLimits } from "../../limits.ts";
import type { CleanupPage } from "../cleanup/cleanup_page.ts";
import { nowSql } from "../clock.ts";
import { sql } from "../sql.ts";

export interface FileRow {
  id: string;
  tenant: string;
  filename: string;
  purpose: "batch" | "batch_output";
  /** Null until the object is complete. */
  bytes: number | null;
  created_at: number;
  expires_at: number | null;
  batch_id: string | null;
  holds: "output" | "errors" | null;
  /** The `finished_at` of its batch. */
  run: number | null;
  /** Set for a deleted output file: its batch does not write it again. */
  deleted_at: number | null;
}

/** A complete file that its tenant can read. */
export type StoredFile = FileRow & { bytes: number };

const wholeSql = `bytes IS NOT NULL AND deleted_at IS NULL AND COALESCE(expires_at, 9e15) > ${nowSql}`;

/** The row is inserted before the object, so that no object is without a row. */
export async function insertFile(
  db: D1Database,
  file: { id: string; tenant: string },
): Promise<void> {
  await sql.run(
    db,
    "begin file",
    `INSERT INTO files (id, tenant, filename, purpose, created_at)
     VALUES (?1, ?2, '', 'batch', ${nowSql}) ON CONFLICT DO NOTHING`,
    [file.id, file.tenant],
  );
}

/** Marks the object as complete. Null when the row has been removed. */
export async function completeFile(
  db: D1Database,
  file: { id: string; tenant: string; filename: string; bytes: number; seconds: number },
): Promise<StoredFile | null> {
  return sql.first<StoredFile>(
    db,
    "complete file",
    `UPDATE files SET filename = ?3, bytes = ?4, expires_at = created_at + ?5 * 1000
     WHERE id = ?1 AND tenant = ?2 RETURNING *`,
    [file.id, file.tenant, file.filename, file.bytes, file.seconds],
  );
}

export async function readFile(
  db: D1Database,
  tenant: string,
  id: string,
): Promise<StoredFile | null> {
  return sql.first<StoredFile>(
    db,
    "read file",
    `SELECT * FROM files WHERE id = ?1 AND tenant = ?2 AND ${wholeSql}`,
    [id, tenant],
  );
}

const listedSql = `SELECT * FROM files
  WHERE tenant = ?1 AND (?2 IS NULL OR purpose = ?2) AND ${wholeSql}`;
const newestSql = `${listedSql} AND (?3 IS NULL OR id < ?3) ORDER BY id DESC LIMIT ?4`;
const oldestSql = `${listedSql} AND (?3 IS NULL OR id > ?3) ORDER BY id LIMIT ?4`;

/** Sorted by age; one row more than `limit` shows that another page follows. */
export async function listFiles(
  db: D1Database,
  tenant: string,
  filter: { purpose: string | null; after: string | null; limit: number; newestFirst: boolean },
): Promise<StoredFile[]> {
  return sql.all<StoredFile>(db, "list files", filter.newestFirst ? newestSql : oldestSql, [
    tenant,
    filter.purpose,
    filter.after,
    filter.limit + 1,
  ]);
}

/** Called after the object is deleted. The row of an output file stays and is marked as deleted. */
export async function removeFile(db: D1Database, tenant: string, id: string): Promise<void> {
  await sql.batch(db, "remove file", [
    sql.statement(db, "DELETE FROM files WHERE id = ?1 AND tenant = ?2 AND batch_id IS NULL", [
      id,
      tenant,
    ]),
    sql.statement(
      db,
      `UPDATE files SET deleted_at = COALESCE(deleted_at, ${nowSql}) WHERE id = ?1 AND tenant = ?2`,
      [id, tenant],
    ),
  ]);
}

export type OutputFile = Pick<FileRow, "id" | "holds">;

/** The output files of one run of a batch, including deleted ones; empty until they are written. */
export async function listOutputFiles(
  db: D1Database,
  batchId: string,
  run: number,
): Promise<OutputFile[]> {
  return sql.all<OutputFile>(
    db,
    "output files",
    "SELECT id, holds FROM files WHERE batch_id = ?1 AND run = ?2",
    [batchId, run],
  );
}

/** Inserts rows for written objects if the batch is still at that run. Of two writers the first one wins. */
export async function insertOutputFiles(
  db: D1Database,
  batch: { id: string; tenant: string; run: number },
  files: readonly { id: string; filename: string; bytes: number; holds: "output" | "errors" }[],
): Promise<void> {
  await sql.run(
    db,
    "insert output files",
    `INSERT INTO files (id, tenant, filename, purpose, bytes, created_at, batch_id, holds, run)
     SELECT value->>'id', ?2, value->>'filename', 'batch_output', value->>'bytes', ${nowSql}, ?1,
       value->>'holds', ?3
     FROM json_each(?4) WHERE EXISTS (SELECT 1 FROM batches
       WHERE id = ?1 AND status = 'finished' AND finished_at = ?3)
     ON CONFLICT DO NOTHING`,
    [batch.id, batch.tenant, batch.run, JSON.stringify(files)],
  );
}

/** Expired uploads, and those that were never completed. Output files are removed with their batch. */
export async function listExpiredFiles(
  db: D1Database,
  after: string,
): Promise<CleanupPage<{ id: string; tenant: string }>> {
  const rows = await sql.all<{ id: string; tenant: string; old: number | null }>(
    db,
    "old files",
    `SELECT id, tenant, batch_id IS NULL AND (expires_at <= ${nowSql} OR
         (bytes IS NULL AND created_at <= ${nowSql} - ${openAiLimits.uploadMsMax})) AS old
     FROM files WHERE id > ?1 ORDER BY id LIMIT ${sweepLimits.oldTasksPerPage}`,
    [after],
  );
  return {
    found: rows.filter(({ old }) => old === 1),
    last: rows.length < sweepLimits.oldTasksPerPage ? null : (rows.at(-1)?.id ?? null),
  };
}
