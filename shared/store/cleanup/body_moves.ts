/** Moves the bodies of tasks that settled before `task_bodies` existed out of their rows, a page at a time. */
import { Buffer } from "node:buffer";
import { storeLimits, sweepLimits } from "../../limits.ts";
import { sql } from "../sql.ts";
import { splitParts, type TaskBody } from "../tasks/task_body.ts";
import { type CleanupPage, cleanupPageOf } from "./cleanup_page.ts";

/** A settled row that still has its body. */
export type WideTask = TaskBody & { id: string; fence: number };

/** The same in every statement: a redrive or a move meanwhile leaves nothing to move. */
const wideSql = `(tasks.sweep_at IS NULL AND tasks.body_id IS NULL
  AND COALESCE(tasks.spec, tasks.transcript, tasks.output) IS NOT NULL)`;

const ofWide = (column: string): string => `IIF(${wideSql}, ${column}, NULL) AS ${column}`;

export async function listWideTasks(db: D1Database, after: string): Promise<CleanupPage<WideTask>> {
  const rows = await sql.all<WideTask & { old: number }>(
    db,
    "list wide tasks",
    `SELECT id, fence, ${wideSql} AS old, ${ofWide("spec")}, ${ofWide("transcript")},
       ${ofWide("output")}, ${ofWide("error")}
     FROM tasks WHERE id > ?1 ORDER BY id LIMIT ${sweepLimits.wideTasksPerPage}`,
    [after],
  );
  return cleanupPageOf(rows, sweepLimits.wideTasksPerPage);
}

/** ?1 is a JSON list; the rows that still match, numbered from 1, and how many they are. */
const matchSql = `SELECT tasks.id, moves.value AS move, ROW_NUMBER() OVER (ORDER BY moves.key) AS n,
    COUNT(*) OVER () AS total
  FROM json_each(?1) AS moves JOIN tasks
    ON tasks.id = moves.value->>'id' AND tasks.fence = moves.value->>'fence'
  WHERE ${wideSql}`;

const insertSql = `INSERT INTO task_bodies (bytes)
  SELECT unhex(move->>'body') FROM (${matchSql}) ORDER BY n`;

/** New rows of a table with rowids are numbered without gaps, so each body is found by its distance to the last. */
const narrowSql = `UPDATE tasks SET body_id = last_insert_rowid() - matches.total + matches.n,
    spec = NULL, transcript = NULL, output = matches.move->>'output', error = matches.move->>'error'
  FROM (${matchSql}) AS matches WHERE tasks.id = matches.id`;

/** Repeatable: what a call has moved does not match again. Returns how many rows it was called with. */
export async function moveBodies(db: D1Database, tasks: readonly WideTask[]): Promise<number> {
  for (const group of groupMoves(tasks)) {
    const json = `[${group.join(",")}]`;
    await sql.batch(db, "move bodies", [
      sql.statement(db, insertSql, [json]),
      sql.statement(db, narrowSql, [json]),
    ]);
  }
  return tasks.length;
}

/** Each group fits one bound value. A body that was in the row stays in D1, whatever its size. */
function groupMoves(tasks: readonly WideTask[]): string[][] {
  const groups: string[][] = [];
  let chars = Number.POSITIVE_INFINITY;
  for (const task of tasks) {
    const text = moveText(task);
    if (chars + text.length > storeLimits.bodyMoveCharsMax) {
      groups.push([]);
      chars = 0;
    }
    groups.at(-1)?.push(text);
    chars += text.length;
  }
  return groups;
}

function moveText({ id, fence, ...body }: WideTask): string {
  const { bytes, output, error } = splitParts(body, true);
  return JSON.stringify({
    id,
    fence,
    output,
    error,
    body: Buffer.from(bytes ?? []).toString("hex"),
  });
}
