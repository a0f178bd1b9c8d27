/** The text of each policy under its hash, so that a task keeps the table it was pinned to. */
import { retentionLimits } from "../limits.ts";
import { retrying } from "../retrying.ts";
import { nowSql } from "./clock.ts";

/** Keeps the policies that a deployment runs with, and marks them as in use, about once a day. */
export async function keepPolicies(
  db: D1Database,
  policies: readonly { name: string; hash: string; text: string }[],
): Promise<void> {
  await retrying("keep policies", () =>
    db
      .prepare(
        `INSERT INTO policies (hash, name, text, created_at, used_at)
         SELECT value->>'hash', value->>'name', value->>'text', ${nowSql}, ${nowSql}
         FROM json_each(?1) WHERE true
         ON CONFLICT (hash) DO UPDATE SET used_at = excluded.used_at
         WHERE policies.used_at < excluded.used_at - ${retentionLimits.policiesMarkMs}`,
      )
      .bind(JSON.stringify(policies))
      .run(),
  );
}

export async function keptPolicy(db: D1Database, hash: string): Promise<string | null> {
  const row = await retrying("read policy", () =>
    db.prepare("SELECT text FROM policies WHERE hash = ?1").bind(hash).first<{ text: string }>(),
  );
  return row?.text ?? null;
}
