/** The text of each policy under its hash, so that a task keeps the policy that it was pinned to. */
import { retentionLimits } from "../limits.ts";
import { nowSql } from "./clock.ts";
import { sql } from "./sql.ts";

/** Stores the policies of this deployment and marks them as used, about once a day. */
export async function storePolicies(
  db: D1Database,
  policies: readonly { name: string; hash: string; text: string }[],
): Promise<void> {
  await sql.run(
    db,
    "store policies",
    `INSERT INTO policies (hash, name, text, created_at, used_at)
     SELECT value->>'hash', value->>'name', value->>'text', ${nowSql}, ${nowSql}
     FROM json_each(?1) WHERE true
     ON CONFLICT (hash) DO UPDATE SET used_at = excluded.used_at
     WHERE policies.used_at < excluded.used_at - ${retentionLimits.policiesMarkMs}`,
    [JSON.stringify(policies)],
  );
}

export async function readPolicyText(db: D1Database, hash: string): Promise<string | null> {
  const row = await sql.first<{ text: string }>(
    db,
    "read policy",
    "SELECT text FROM policies WHERE hash = ?1",
    [hash],
  );
  return row?.text ?? null;
}
