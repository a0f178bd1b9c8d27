/** Rows of `inbox_dead`: messages that made no task, each with the reason. */
import { storeLimits } from "../limits.ts";
import { retrying } from "../retrying.ts";

export interface DeadMessageRow {
  /** The message's id. */
  id: string;
  tenant: string;
  /** JSON, cut where it is long. */
  body: string;
  /** JSON: code, message, details. */
  problem: string;
  received_at: number;
}

/** A message that comes twice is one row. */
export async function insertDeadMessage(db: D1Database, row: DeadMessageRow): Promise<void> {
  await retrying("insert dead message", () =>
    db
      .prepare(
        `INSERT INTO inbox_dead (id, tenant, body, problem, received_at)
         VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING`,
      )
      .bind(row.id, row.tenant, row.body, row.problem, row.received_at)
      .run(),
  );
}

/** The latest first. */
export async function listDeadMessages(db: D1Database, tenant: string): Promise<DeadMessageRow[]> {
  const { results } = await retrying("list dead messages", () =>
    db
      .prepare(
        `SELECT * FROM inbox_dead WHERE tenant = ?1 ORDER BY received_at DESC, id
         LIMIT ${storeLimits.pageRowsMax}`,
      )
      .bind(tenant)
      .all<DeadMessageRow>(),
  );
  return results;
}
