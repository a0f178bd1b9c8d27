/** Whether D1 answers and is migrated. */
import { brief, retrying } from "../retrying.ts";

/** Rejects where it does not. */
export async function findTables(db: D1Database): Promise<void> {
  await retrying(
    "find tables",
    () =>
      db.batch([
        db.prepare("SELECT 1 FROM tasks LIMIT 1"),
        db.prepare("SELECT 1 FROM batches LIMIT 1"),
      ]),
    brief,
  );
}
