/** Rows of `inbox_dead`: messages that created no task, each with the reason. */
import { storeLimits } from "../limits.ts";
import { sql } from "./sql.ts";

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

/** A message that is delivered twice gives one row. */
export async function insertDeadMessage(db: D1Database, row: DeadMessageRow): Promise<void> {
  await sql.run(
    db,
    "insert dead message",
    `INSERT INTO inbox_dead (id, tenant, body, problem, received_at)
     VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING`,
    [row.id, row.tenant, row.body, row.problem, row.received_at],
  );
}

/** Newest first. */
export async function listDeadMessages(db: D1Database, tenant: string): Promise<DeadMessageRow[]> {
  return sql.all<DeadMessageRow>(
    db,
    "list dead messages",
    `SELECT * FROM inbox_dead WHERE tenant = ?1 ORDER BY received_at DESC, id
     LIMIT ${storeLimits.pageRowsMax}`,
    [tenant],
  );
}
