/** Rows of `api_keys`. A key is found by its id; its secret is compared by the caller, in constant time. */
import { nowSql } from "../clock.ts";
import { sql } from "../sql.ts";

export interface ApiKeyRow {
  id: string;
  tenant: string;
  name: string;
  /** SHA-256 of the secret, in lower-case hexadecimal. */
  secret_sha256: string;
  /** JSON list. */
  scopes: string;
  requests_per_minute: number | null;
  /** With this many live tasks of the tenant, the key may add no more. */
  backlog: number | null;
  /** JSON object: default task fields for requests to the OpenAI API. */
  defaults: string;
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
  last_used_at: number | null;
}

export type NewApiKey = Omit<ApiKeyRow, "created_at" | "revoked_at" | "last_used_at">;

export const keyColumns = `id, tenant, name, secret_sha256, scopes, requests_per_minute, backlog, defaults,
  created_at, expires_at, revoked_at, last_used_at`;

/** An existing id is the same insert, repeated after a lost reply. */
export async function insertApiKey(db: D1Database, key: NewApiKey): Promise<void> {
  await sql.run(
    db,
    "insert key",
    `INSERT INTO api_keys (id, tenant, name, secret_sha256, scopes, requests_per_minute, backlog,
       defaults, created_at, expires_at)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ${nowSql}, ?9) ON CONFLICT DO NOTHING`,
    [
      key.id,
      key.tenant,
      key.name,
      key.secret_sha256,
      key.scopes,
      key.requests_per_minute,
      key.backlog,
      key.defaults,
      key.expires_at,
    ],
  );
}

/** Keys of a tenant (null: of all), newest first; one row more than `limit` shows that another page follows. */
export async function listApiKeys(
  db: D1Database,
  tenant: string | null,
  cursor: string | null,
  limit: number,
): Promise<ApiKeyRow[]> {
  return sql.all<ApiKeyRow>(
    db,
    "list keys",
    `SELECT ${keyColumns} FROM api_keys
     WHERE (?1 IS NULL OR tenant = ?1) AND (?2 IS NULL OR id < ?2) ORDER BY id DESC LIMIT ?3`,
    [tenant, cursor, limit + 1],
  );
}

/** Revokes a key and returns its row; null when the tenant (null: any) has no key with this id. */
export async function revokeApiKey(
  db: D1Database,
  tenant: string | null,
  id: string,
): Promise<ApiKeyRow | null> {
  return sql.first<ApiKeyRow>(
    db,
    "revoke key",
    `UPDATE api_keys SET revoked_at = COALESCE(revoked_at, ${nowSql})
     WHERE id = ?2 AND (?1 IS NULL OR tenant = ?1) RETURNING ${keyColumns}`,
    [tenant, id],
  );
}

export async function hasApiKeys(db: D1Database): Promise<boolean> {
  const row = await sql.first(
    db,
    "find any key",
    "SELECT 1 FROM api_keys WHERE revoked_at IS NULL LIMIT 1",
  );
  return row !== null;
}
