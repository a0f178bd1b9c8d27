/** Which tasks and batches exist: the objects of all others are orphans. */
import { sql } from "../sql.ts";

/** The runs whose objects a task keeps. */
export interface TaskRuns {
  id: string;
  /** Fences of the current run and of the runs before each redrive; null for a line that is not expanded yet. */
  fences: number[] | null;
}

/** Those of the ids that have a row, or will get one when their batch is expanded. */
export async function readTaskRuns(db: D1Database, ids: readonly string[]): Promise<TaskRuns[]> {
  const rows = await sql.all<{ id: string; fences: string | null }>(
    db,
    "read task runs",
    `SELECT id, json_insert(COALESCE((SELECT json_group_array(json_extract(value, '$.fence'))
         FROM json_each(tasks.history)), '[]'), '$[#]', fence) AS fences
       FROM tasks WHERE id IN (SELECT value FROM json_each(?1))
     UNION ALL
     SELECT wanted.value, NULL FROM json_each(?1) AS wanted JOIN batches
       ON batches.id = 'batch_' || substr(wanted.value, 6, instr(wanted.value, '-') - 6)
     WHERE instr(wanted.value, '-') > 0 AND batches.expanded < batches.total`,
    [JSON.stringify(ids)],
  );
  return rows.map(({ id, fences }) => ({
    id,
    fences: fences === null ? null : (JSON.parse(fences) as number[]),
  }));
}

/** Which of these batches have a row. */
export async function listExistingBatches(
  db: D1Database,
  ids: readonly string[],
): Promise<string[]> {
  const rows = await sql.all<{ id: string }>(
    db,
    "list existing batches",
    "SELECT id FROM batches WHERE id IN (SELECT value FROM json_each(?1))",
    [JSON.stringify(ids)],
  );
  return rows.map(({ id }) => id);
}
