/** The text of each policy under its hash, so that a task keeps the table it was pinned to. */
import { retrying } from "../retrying.ts";
import { nowSql } from "./clock.ts";

export async function keepPolicies(
  db: D1Database,
  policies: readonly { name: string; hash: string; text: string }[],
): Promise<void> {
  await retrying("keep policies", () =>
    db
      .prepare(
        `INSERT INTO policies (hash, name, text, created_at)
         SELECT value->>'hash', value->>'name', value->>'text', ${nowSql} FROM json_each(?1) WHERE true
         ON CONFLICT DO NOTHING`,
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
