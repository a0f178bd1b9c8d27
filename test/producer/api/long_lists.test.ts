import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { batchTaskId, newBatchId, newTaskId } from "../../../shared/identity/ids.ts";
import { storeLimits } from "../../../shared/limits.ts";
import { readBatch } from "../../../shared/store/batches/batches.ts";
import { tallyBatch } from "../../../shared/store/batches/tallies.ts";
import { insertTasks, type NewTask } from "../../../shared/store/tasks/submissions.ts";
import { listSettled, listTasks, type TaskFilter } from "../../../shared/store/tasks/task_list.ts";
import { readTask } from "../../../shared/store/tasks/tasks.ts";
import { send, testFleet } from "../client.ts";

const scanRows = storeLimits.listScanRows;
const largeBatch = newBatchId();
const ids = Array.from({ length: scanRows + 500 }, (_, n) => batchTaskId(largeBatch, n));
const [oldest = ""] = ids;

const row = (id: string): NewTask => ({
  id,
  tenant: "default",
  batch_id: null,
  batch_index: null,
  custom_id: null,
  idempotency_key: null,
  body_hash: null,
  attempts: 3,
  model: "rehearsal",
  policy: "default",
  sandbox: "isolate",
  priority: "normal",
  labels: id === oldest ? '{"team":"first"}' : "{}",
  spec: "{}",
  not_before: null,
  expires_at: null,
});

const set = (id: string, status: string, reason: string | null) =>
  env.DB.prepare("UPDATE tasks SET status = ?2, reason = ?3, sweep_at = ?4 WHERE id = ?1")
    .bind(id, status, reason, reason === null ? 1 : null)
    .run();

beforeAll(async () => {
  for (let from = 0; from < ids.length; from += 500) {
    await insertTasks(env.DB, ids.slice(from, from + 500).map(row));
  }
  await set(oldest, "failed", "budget_steps");
  await set(ids[1] ?? "", "running", null);
});

const filter: TaskFilter = {
  status: null,
  reason: null,
  errorCode: null,
  range: null,
  labels: [],
  cursor: null,
  limit: 50,
};

interface Page {
  tasks: { id: string }[];
  next_cursor: string | null;
}

describe("a list of more tasks than one page scans", () => {
  it.each([
    ["label.team=first", oldest],
    ["status=running", ids[1]],
    ["reason=budget_steps", oldest],
  ])("?%s finds an older task on a later page", async (query, expected) => {
    const pages: Page[] = [];
    let cursor: string | null = null;
    do {
      const cursorQuery: string = cursor === null ? "" : `&cursor=${cursor}`;
      const answer = await send(testFleet(), "GET", `/v1/tasks?${query}${cursorQuery}`);
      pages.push(await answer.json<Page>());
      cursor = pages.at(-1)?.next_cursor ?? null;
    } while (cursor !== null);
    expect(pages.map(({ tasks }) => tasks.map(({ id }) => id))).toEqual([[], [expected]]);
  });

  it.each(["failed", "dead"] as const)(
    "%s tasks are found immediately by their index",
    async (status) => {
      const { tasks, next_cursor } = await listTasks(env.DB, "default", { ...filter, status });
      expect(tasks.map(({ id }) => id)).toEqual(status === "failed" ? [oldest] : []);
      expect(next_cursor).toBeNull();
    },
  );

  it("the pages contain every task exactly once", async () => {
    const received: string[] = [];
    for (let cursor: string | null = null; ; ) {
      const page = await listTasks(env.DB, "default", { ...filter, cursor, limit: 500 });
      received.push(...page.tasks.map(({ id }) => id));
      cursor = page.next_cursor;
      if (cursor === null) break;
    }
    expect(received).toEqual([...ids].reverse());
  });
});

/** SQLite's query plan of every statement that a call prepares. */
async function plansOf(call: (db: D1Database) => Promise<unknown>): Promise<string[]> {
  const explains: D1PreparedStatement[] = [];
  const db = {
    prepare: (sql: string) => {
      const explained = env.DB.prepare(`EXPLAIN QUERY PLAN ${sql}`);
      const real = env.DB.prepare(sql);
      return {
        bind(...values: unknown[]) {
          explains.push(explained.bind(...values));
          return real.bind(...values);
        },
      };
    },
    batch: (statements: D1PreparedStatement[]) => env.DB.batch(statements),
  } as unknown as D1Database;
  await call(db);
  const plans = await Promise.all(explains.map((explain) => explain.all<{ detail: string }>()));
  return plans.flatMap(({ results }) => results.map(({ detail }) => detail));
}

const middle = ids[scanRows] ?? "";
const batchId = newBatchId();
const range = { from: batchTaskId(batchId, 0), to: batchTaskId(batchId, 500) };
const statements: Record<string, (db: D1Database) => Promise<unknown>> = {
  "one task": (db) => readTask(db, "default", newTaskId()),
  "the newest tasks": (db) => listTasks(db, "default", filter),
  "a page after a cursor": (db) => listTasks(db, "default", { ...filter, cursor: middle }),
  "by label": (db) => listTasks(db, "default", { ...filter, labels: [["team", "first"]] }),
  "by a live status": (db) => listTasks(db, "default", { ...filter, status: "running" }),
  "by a terminal status": (db) => listTasks(db, "default", { ...filter, status: "expired" }),
  "the tasks of a batch": (db) => listTasks(db, "default", { ...filter, range }),
  "results of a batch": (db) => listSettled(db, "default", range, "", 100),
  "more results": (db) => listSettled(db, "default", range, range.from, 100),
  "a batch": (db) => readBatch(db, "default", batchId),
  "its counts": (db) => tallyBatch(db, { id: batchId, total: 1 } as never),
};

describe("no status call scans the tables", () => {
  it.each(Object.entries(statements))("%s", async (_name, call) => {
    const plans = await plansOf(call);
    expect(plans).not.toEqual([]);
    expect(plans.filter((detail) => /^SCAN (tasks|batches|batch_tallies)/.test(detail))).toEqual(
      [],
    );
  });

  it("a page starts reading at its cursor", async () => {
    const { meta } = await env.DB.prepare("SELECT 1").run();
    expect(meta.rows_read).toBe(0);
    let read = 0;
    const db = {
      prepare: (sql: string) => env.DB.prepare(sql),
      async batch(statements: D1PreparedStatement[]) {
        const results = await env.DB.batch(statements);
        read += results.reduce((sum, { meta }) => sum + meta.rows_read, 0);
        return results;
      },
    } as unknown as D1Database;
    const last = { ...filter, cursor: ids[3] ?? "", limit: 2 };
    expect((await listTasks(db, "default", last)).tasks.map(({ id }) => id)).toEqual([
      ids[2],
      ids[1],
    ]);
    expect(read).toBeLessThan(30);
  });
});
