import { expect, test } from "vitest";
import { noUsage } from "../../shared/spend/usage.ts";
import { listWideTasks, moveBodies } from "../../shared/store/cleanup/body_moves.ts";
import { claimTask } from "../../shared/store/tasks/claims.ts";
import { readWholeTask } from "../../shared/store/tasks/redrives.ts";
import { writeSettlement } from "../../shared/store/tasks/settlements.ts";
import { insertTasks } from "../../shared/store/tasks/submissions.ts";
import { splitParts } from "../../shared/store/tasks/task_body.ts";
import { openSqlite, pageBytes, type SqliteDatabase } from "./sqlite_database.ts";
import { generateText, specOf, taskIdAt, transcriptOf } from "./usual_tasks.ts";

const tasks = 400;

/** Inserts, claims and settles usual tasks of a batch, each with this many steps. */
async function settleTasks({ db }: SqliteDatabase, steps: number): Promise<void> {
  const random = generateText(7);
  const rows = Array.from({ length: tasks }, (_, n) => ({ n, spec: specOf(random(780)) }));
  await insertTasks(
    db,
    rows.map(({ n, spec }) => ({
      ...{ id: taskIdAt(n), tenant: "default", batch_id: `batch_${taskIdAt(0).slice(5, 31)}` },
      ...{ batch_index: n, custom_id: `row-${n}`, idempotency_key: null, body_hash: null },
      ...{ attempts: 3, model: "@cf/zai-org/glm-5.2", policy: "default", sandbox: "isolate" },
      ...{ priority: "normal" as const, labels: '{"team":"ops"}', spec },
      ...{ not_before: null, expires_at: null },
    })),
  );
  const hashes = JSON.stringify({ default: "f".repeat(64) });
  for (const { n, spec } of rows) {
    const id = taskIdAt(n);
    await claimTask(db, id, hashes);
    const output = JSON.stringify({ label: "a", why: random(90) });
    const transcript = transcriptOf(steps, random);
    const parts = splitParts({ spec, transcript, output, error: null });
    await writeSettlement(
      db,
      { id, fence: 1 },
      {
        ...{ status: "succeeded", reason: "completed", quirksJson: "[]" },
        usageJson: JSON.stringify({ ...noUsage, steps, model_calls: steps, seconds: 2.12345 }),
        ...{ outputJson: parts.output, errorJson: parts.error, body: parts.bytes },
        attemptErrorJson: null,
        result: { key: `tasks/default/${id}/1/result.json`, sha256: "a".repeat(64), bytes: 600 },
        ...{ charges: [], ledger: { seq: steps, spend: [] }, journaled: steps > 1 },
      },
    );
  }
}

const bytesOf = (sizes: Map<string, number>): number =>
  [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);

test.each([
  [1, 2_048],
  [14, 4_096],
])(
  "a settled task of %s steps takes at most %s bytes in all tables and indexes",
  async (steps, max) => {
    const store = openSqlite();
    const empty = bytesOf(pageBytes(store.raw));
    await settleTasks(store, steps);
    const sizes = pageBytes(store.raw);
    const each = (bytesOf(sizes) - empty) / tasks;
    console.log(`${steps} steps: ${Math.round(each)} bytes a task`);
    expect(each).toBeLessThan(max);
    const row = await readWholeTask(store.db, "default", taskIdAt(3));
    expect(JSON.parse(row?.spec ?? "")).toHaveProperty("output_schema");
  },
);

test("the cron moves the bodies of tasks that settled before, and a move that was cut off continues", async () => {
  const store = openSqlite();
  await settleTasks(store, 1);
  const before = await readWholeTask(store.db, "default", taskIdAt(5));
  widen(store, await readAll(store));
  expect(await readWholeTask(store.db, "default", taskIdAt(5))).toMatchObject({ body_id: null });
  const first = await listWideTasks(store.db, "");
  await moveBodies(store.db, first.found.slice(0, 17));
  await moveBodies(store.db, first.found);
  for (let after: string | null = ""; after !== null; ) {
    const page = await listWideTasks(store.db, after);
    await moveBodies(store.db, page.found);
    after = page.last;
  }
  const moved = await readWholeTask(store.db, "default", taskIdAt(5));
  expect({ ...moved, body_id: 0 }).toEqual({ ...before, body_id: 0 });
  const count =
    "SELECT COUNT(*) AS n, COUNT(DISTINCT body_id) AS bodies, SUM(spec IS NOT NULL) AS wide FROM tasks";
  expect({ ...store.raw.prepare(count).get() }).toEqual({ n: tasks, bodies: tasks, wide: 0 });
  expect(store.raw.prepare("SELECT COUNT(*) AS n FROM task_bodies").get()?.n).toBe(tasks);
});

async function readAll({ db }: SqliteDatabase) {
  const rows = Array.from({ length: tasks }, (_, n) => readWholeTask(db, "default", taskIdAt(n)));
  return await Promise.all(rows);
}

/** Rows as an older release left them. */
function widen({ raw }: SqliteDatabase, rows: Awaited<ReturnType<typeof readAll>>): void {
  const write = raw.prepare(
    "UPDATE tasks SET body_id = NULL, spec = ?2, transcript = ?3, output = ?4 WHERE id = ?1",
  );
  for (const row of rows) {
    if (row !== null) write.run(row.id, row.spec, row.transcript, row.output);
  }
}
