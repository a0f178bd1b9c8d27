/** The migrations of a deploy, on a database of an earlier version that has tasks. UPGRADE_ROWS sets how many. */
import { DatabaseSync } from "node:sqlite";
import { beforeAll, expect, test } from "vitest";
import { filesBelow, text } from "../docs/page.ts";
import { runSql } from "./api/statements.ts";

const rows = Number(process.env.UPGRADE_ROWS ?? 20_000);
/** D1 ends a call after 30 s. */
const callMsMax = 30_000;

const files = filesBelow("shared/migrations", ".sql");
const firstNew = files.findIndex((file) => file.includes("0020_"));
const database = new DatabaseSync(":memory:");
const durations = new Map<string, number>();

beforeAll(() => {
  for (const file of files.slice(0, firstNew)) runSql(database, text(file));
  database.exec(`
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows - 1})
    INSERT INTO tasks (id, tenant, status, model, policy, sandbox, priority, labels, spec,
      attempts, created_at, sweep_at, finished_at, reason, result_key,
      output, transcript, usage)
    SELECT printf('task_%020d', i), 'tenant-' || (i % 3), IIF(i % 4 = 0, 'queued', 'succeeded'),
      'm', 'default', 'isolate', 'normal', '{}', '{"prompt":"' || hex(zeroblob(400)) || '"}',
      3, i, IIF(i % 4 = 0, i, NULL), IIF(i % 4 = 0, NULL, i),
      IIF(i % 4 = 0, NULL, 'completed'), IIF(i % 4 = 0, NULL, 'tasks/t/result.json'),
      IIF(i % 4 = 0, NULL, hex(zeroblob(40))), IIF(i % 4 = 0, NULL, hex(zeroblob(450))),
      '{"prompt_tokens":900,"cached_tokens":0,"completion_tokens":80,"cost_usd":0.01}'
    FROM n`);
  for (const file of files.slice(firstNew)) {
    const start = performance.now();
    runSql(database, text(file));
    durations.set(file, Math.round(performance.now() - start));
  }
}, 600_000);

test("each migration fits in one call of D1", () => {
  expect([...durations].filter(([, ms]) => ms > callMsMax)).toEqual([]);
});

test("all tasks are there and counted", () => {
  const read = (sql: string) => Object.values(database.prepare(sql).get() ?? {})[0];
  expect(read("SELECT COUNT(*) FROM task_status")).toBe(rows);
  expect(read("SELECT SUM(live) FROM task_tallies")).toBe(Math.ceil(rows / 4));
});
