/** Rows of `files`: uploads in OpenAI's shape, and the output files of its batches. */
import { openAiLimits, sweepLimits } from "../limits.ts";
import { retrying } from "../retrying.ts";
import { nowSql } from "./clock.ts";
import type { Page } from "./retention.ts";

export interface FileRow {
  id: string;
  tenant: string;
  filename: string;
  purpose: "batch" | "batch_output";
  /** Null until the object is whole. */
  bytes: number | null;
  created_at: number;
  expires_at: number | null;
  batch_id: string | null;
  holds: "output" | "errors" | null;
  /** The `finished_at` of the batch that it is of. */
  run: number | null;
  /** An output file that somebody deleted: its batch does not write it again. */
  deleted_at: number | null;
}

/** A file that is there for its tenant to read. */
export type WholeFile = FileRow & { bytes: number };

const wholeSql = `bytes IS NOT NULL AND deleted_at IS NULL AND COALESCE(expires_at, 9e15) > ${nowSql}`;

/** The row before its object, so that no object is without one. */
export async function beginFile(
  db: D1Database,
  file: { id: string; tenant: string },
): Promise<void> {
  await retrying("begin file", () =>
    db
      .prepare(
        `INSERT INTO files (id, tenant, filename, purpose, created_at)
         VALUES (?1, ?2, '', 'batch', ${nowSql}) ON CONFLICT DO NOTHING`,
      )
      .bind(file.id, file.tenant)
      .run(),
  );
}

/** The object is whole. Null where the row is gone meanwhile. */
export async function completeFile(
  db: D1Database,
  file: { id: string; tenant: string; filename: string; bytes: number; seconds: number },
): Promise<WholeFile | null> {
  return retrying("complete file", () =>
    db
      .prepare(
        `UPDATE files SET filename = ?3, bytes = ?4, expires_at = created_at + ?5 * 1000
         WHERE id = ?1 AND tenant = ?2 RETURNING *`,
      )
      .bind(file.id, file.tenant, file.filename, file.bytes, file.seconds)
      .first<WholeFile>(),
  );
}

export async function readFile(
  db: D1Database,
  tenant: string,
  id: string,
): Promise<WholeFile | null> {
  return retrying("read file", () =>
    db
      .prepare(`SELECT * FROM files WHERE id = ?1 AND tenant = ?2 AND ${wholeSql}`)
      .bind(id, tenant)
      .first<WholeFile>(),
  );
}

const listedSql = `SELECT * FROM files
  WHERE tenant = ?1 AND (?2 IS NULL OR purpose = ?2) AND ${wholeSql}`;
const newestSql = `${listedSql} AND (?3 IS NULL OR id < ?3) ORDER BY id DESC LIMIT ?4`;
const oldestSql = `${listedSql} AND (?3 IS NULL OR id > ?3) ORDER BY id LIMIT ?4`;

/** By age, one more than asked for, so that the caller knows whether a page follows. */
export async function listFiles(
  db: D1Database,
  tenant: string,
  by: { purpose: string | null; after: string | null; limit: number; newestFirst: boolean },
): Promise<WholeFile[]> {
  const listing = by.newestFirst ? db.prepare(newestSql) : db.prepare(oldestSql);
  const { results } = await retrying("list files", () =>
    listing.bind(tenant, by.purpose, by.after, by.limit + 1).all<WholeFile>(),
  );
  return results;
}

/** After its object. An upload is forgotten; of an output file it is kept that it is gone. */
export async function removeFile(db: D1Database, tenant: string, id: string): Promise<void> {
  await retrying("remove file", () =>
    db.batch([
      db
        .prepare("DELETE FROM files WHERE id = ?1 AND tenant = ?2 AND batch_id IS NULL")
        .bind(id, tenant),
      db
        .prepare(
          `UPDATE files SET deleted_at = COALESCE(deleted_at, ${nowSql}) WHERE id = ?1 AND tenant = ?2`,
        )
        .bind(id, tenant),
    ]),
  );
}

export type OutputFile = Pick<FileRow, "id" | "holds">;

/** What one end of a batch left, deleted files too; empty until it is written. */
export async function outputFilesOf(
  db: D1Database,
  batchId: string,
  run: number,
): Promise<OutputFile[]> {
  const { results } = await retrying("output files", () =>
    db
      .prepare("SELECT id, holds FROM files WHERE batch_id = ?1 AND run = ?2")
      .bind(batchId, run)
      .all<OutputFile>(),
  );
  return results;
}

/** Rows of written objects, if the batch still stands at that end: of two writers, the first one's count. */
export async function insertOutputFiles(
  db: D1Database,
  batch: { id: string; tenant: string; run: number },
  files: readonly { id: string; filename: string; bytes: number; holds: "output" | "errors" }[],
): Promise<void> {
  await retrying("insert output files", () =>
    db
      .prepare(
        `INSERT INTO files (id, tenant, filename, purpose, bytes, created_at, batch_id, holds, run)
         SELECT value->>'id', ?2, value->>'filename', 'batch_output', value->>'bytes', ${nowSql}, ?1,
           value->>'holds', ?3
         FROM json_each(?4) WHERE EXISTS (SELECT 1 FROM batches
           WHERE id = ?1 AND status = 'finished' AND finished_at = ?3)
         ON CONFLICT DO NOTHING`,
      )
      .bind(batch.id, batch.tenant, batch.run, JSON.stringify(files))
      .run(),
  );
}

/** Uploads past their time, and those that were never finished. Output files go with their batch. */
export async function oldFiles(
  db: D1Database,
  after: string,
): Promise<Page<{ id: string; tenant: string }>> {
  const { results } = await retrying("old files", () =>
    db
      .prepare(
        `SELECT id, tenant, batch_id IS NULL AND (expires_at <= ${nowSql} OR
             (bytes IS NULL AND created_at <= ${nowSql} - ${openAiLimits.uploadMsMax})) AS old
         FROM files WHERE id > ?1 ORDER BY id LIMIT ${sweepLimits.oldTasksPerPage}`,
      )
      .bind(after)
      .all<{ id: string; tenant: string; old: number | null }>(),
  );
  return {
    found: results.filter(({ old }) => old === 1),
    last: results.length < sweepLimits.oldTasksPerPage ? null : (results.at(-1)?.id ?? null),
  };
}
