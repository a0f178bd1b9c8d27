/** Rows of `api_keys`. A key is found by its id; its secret is compared by the caller, in constant time. */
import { keyLimits } from "../limits.ts";
import { retrying } from "../retrying.ts";
import { nowSql } from "./clock.ts";

export interface ApiKeyRow {
  id: string;
  tenant: string;
  name: string;
  /** SHA-256 of the secret, in lower-case hexadecimal. */
  secret_sha256: string;
  /** JSON list. */
  scopes: string;
  requests_per_minute: number | null;
  /** How many tasks of the tenant may be live before this key may add more. */
  backlog: number | null;
  /** JSON object: task fields of requests in OpenAI's shape that name none. */
  defaults: string;
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
  last_used_at: number | null;
}

export type NewApiKey = Omit<ApiKeyRow, "created_at" | "revoked_at" | "last_used_at">;

const columns = `id, tenant, name, secret_sha256, scopes, requests_per_minute, backlog, defaults,
  created_at, expires_at, revoked_at, last_used_at`;

/** An id that stands there already is its own earlier insert, whose answer was lost. */
export async function insertApiKey(db: D1Database, key: NewApiKey): Promise<void> {
  await retrying("insert key", () =>
    db
      .prepare(
        `INSERT INTO api_keys (id, tenant, name, secret_sha256, scopes, requests_per_minute, backlog,
           defaults, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ${nowSql}, ?9) ON CONFLICT DO NOTHING`,
      )
      .bind(
        key.id,
        key.tenant,
        key.name,
        key.secret_sha256,
        key.scopes,
        key.requests_per_minute,
        key.backlog,
        key.defaults,
        key.expires_at,
      )
      .run(),
  );
}

/** A key as a call presents it, with what D1's clock says of it. */
export type PresentedKey = ApiKeyRow & { expired: number; stale: number };

export async function presentedKey(db: D1Database, id: string): Promise<PresentedKey | null> {
  return retrying("read key", () =>
    db
      .prepare(
        `SELECT ${columns}, COALESCE(expires_at, 9e15) <= ${nowSql} AS expired,
           COALESCE(last_used_at, 0) < ${nowSql} - ${keyLimits.lastUsedMs} AS stale
         FROM api_keys WHERE id = ?1`,
      )
      .bind(id)
      .first<PresentedKey>(),
  );
}

/**
 * Counts a call in the minute that runs and answers how many it has had. Repeated after a lost answer it
 * counts twice, which is the safe side.
 */
export async function countCall(db: D1Database, id: string): Promise<number> {
  const row = await retrying("count call", () =>
    db
      .prepare(
        `UPDATE api_keys SET
           window_calls = CASE WHEN window_at = ${nowSql} / 60000 THEN window_calls + 1 ELSE 1 END,
           window_at = ${nowSql} / 60000, last_used_at = ${nowSql}
         WHERE id = ?1 RETURNING window_calls`,
      )
      .bind(id)
      .first<{ window_calls: number }>(),
  );
  return row?.window_calls ?? Number.POSITIVE_INFINITY;
}

export async function markUsed(db: D1Database, id: string): Promise<void> {
  await retrying("mark used", () =>
    db.prepare(`UPDATE api_keys SET last_used_at = ${nowSql} WHERE id = ?1`).bind(id).run(),
  );
}

/** The keys of a tenant, or of all tenants for null, newest first, one more than asked for. */
export async function listApiKeys(
  db: D1Database,
  tenant: string | null,
  cursor: string | null,
  limit: number,
): Promise<ApiKeyRow[]> {
  const { results } = await retrying("list keys", () =>
    db
      .prepare(
        `SELECT ${columns} FROM api_keys
         WHERE (?1 IS NULL OR tenant = ?1) AND (?2 IS NULL OR id < ?2) ORDER BY id DESC LIMIT ?3`,
      )
      .bind(tenant, cursor, limit + 1)
      .all<ApiKeyRow>(),
  );
  return results;
}

/** Revokes a key for good; the row as it is then, or null where the tenant (null: any) has none of this id. */
export async function revokeApiKey(
  db: D1Database,
  tenant: string | null,
  id: string,
): Promise<ApiKeyRow | null> {
  return retrying("revoke key", () =>
    db
      .prepare(
        `UPDATE api_keys SET revoked_at = COALESCE(revoked_at, ${nowSql})
         WHERE id = ?2 AND (?1 IS NULL OR tenant = ?1) RETURNING ${columns}`,
      )
      .bind(tenant, id)
      .first<ApiKeyRow>(),
  );
}

export async function hasApiKeys(db: D1Database): Promise<boolean> {
  const row = await retrying("find any key", () =>
    db.prepare("SELECT 1 FROM api_keys WHERE revoked_at IS NULL LIMIT 1").first(),
  );
  return row !== null;
}

/** Whether a tenant has so many live tasks or more, those of batches that wait for another included. */
export async function backlogReaches(
  db: D1Database,
  tenant: string,
  tasks: number,
): Promise<boolean> {
  const row = await retrying("measure backlog", () =>
    db
      .prepare(
        `SELECT (SELECT COALESCE(SUM(live), 0) FROM task_tallies WHERE tenant = ?1)
           + (SELECT COALESCE(SUM(total - expanded), 0) FROM batches
             WHERE sweep_at IS NOT NULL AND tenant = ?1)
           + (SELECT COALESCE(SUM(total), 0) FROM batches INDEXED BY batches_waiting
             WHERE waits = 1 AND tenant = ?1) AS live`,
      )
      .bind(tenant)
      .first<{ live: number }>(),
  );
  return (row?.live ?? 0) >= tasks;
}
