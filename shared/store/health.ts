import { briefRetries } from "../platform/retries.ts";
import { sql } from "./sql.ts";

/** Rejects when D1 does not answer or is not migrated. */
export async function checkTables(db: D1Database): Promise<void> {
  await sql.batch(
    db,
    "find tables",
    [
      sql.statement(db, "SELECT 1 FROM tasks LIMIT 1"),
      sql.statement(db, "SELECT 1 FROM batches LIMIT 1"),
    ],
    briefRetries,
  );
}
