import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, test } from "vitest";
import { readRetention } from "../../../producer/sweep/retention_days.ts";
import { sweep } from "../../../producer/sweep/sweep.ts";
import { batchTaskId } from "../../../shared/identity/ids.ts";
import { removePolicies } from "../../../shared/store/cleanup/old_policies.ts";
import { databaseLosingReply, storesKilledAt } from "../../consumer/faulty_stores.ts";
import { acceptTask, readRow } from "../../consumer/harness.ts";
import { send, task, testFleet } from "../client.ts";
import {
  count,
  day,
  emptyStores,
  keys,
  put,
  settledTask,
  sweepAhead,
  taskIdAt,
} from "./leftovers.ts";

beforeEach(emptyStores);

const fleetWith = (days: string | undefined, overrides = {}) =>
  testFleet({ ...(days === undefined ? {} : { RETENTION_DAYS: days }), ...overrides }).env;

test.each([
  [undefined, 30],
  ["", 30],
  ["7", 7],
  [" 7 ", 7],
  ["3650", 3650],
])("RETENTION_DAYS %j keeps settled tasks for %i days", (text, days) => {
  expect(readRetention(text)).toEqual({ ok: true, value: days * day });
});

test.each(["0", "-1", "1.5", "7d", "1e3", "3651", "never", "0x10"])(
  "RETENTION_DAYS %j is invalid: nothing is removed and /healthz says what to write",
  async (text) => {
    await settledTask(4_000);
    await sweep(fleetWith(text));
    expect(await count("tasks")).toBe(1);
    const health = await send(testFleet({ RETENTION_DAYS: text }), "GET", "/healthz");
    expect([health.status, await health.text()]).toEqual([
      503,
      expect.stringContaining("write a whole number of days from 1 to 3650"),
    ]);
  },
);

it("RETENTION_DAYS forever keeps all tasks, and orphans are still removed", async () => {
  await settledTask(4_000);
  await put(`tasks/default/${taskIdAt(0)}/task.json`);
  const expected = (await keys()).length - 1;
  await sweepAhead(2, { RETENTION_DAYS: "forever" });
  expect([await count("tasks"), (await keys()).length]).toEqual([1, expected]);
});

it("a settled task is removed with its decisions and objects after its retention, and no other", async () => {
  const old = await settledTask(31);
  const youngTask = await settledTask(29);
  const live = taskIdAt(Date.now() - 90 * day);
  await acceptTask({ prompt: "p" }, { id: live });
  await put(`tasks/default/${live}/task.json`, "inputs/default/mine.csv");
  const report = await sweep(fleetWith("30"));
  expect(report).toMatchObject({ removed_rows: 1, removed_objects: 3 });
  await expect(readRow(old)).rejects.toThrow();
  expect(await count("egress_log")).toBe(2);
  expect((await readRow(youngTask)).status).toBe("failed");
  expect((await readRow(live)).status).toBe("queued");
  expect(await keys()).toEqual([
    "inputs/default/mine.csv",
    `tasks/default/${live}/task.json`,
    `tasks/default/${youngTask}/1/transcript.jsonl`,
    `tasks/default/${youngTask}/blobs/abc`,
    `tasks/default/${youngTask}/task.json`,
  ]);
});

it("a cleanup continues page by page and starts again after an hour", async () => {
  await Promise.all(Array.from({ length: 130 }, () => settledTask(31)));
  expect(await sweep(testFleet().env)).toMatchObject({ removed_rows: 130, removed_objects: 390 });
  expect([await count("tasks"), await count("egress_log"), await keys()]).toEqual([0, 0, []]);
  await settledTask(31);
  expect((await sweep(testFleet().env)).pages).toBe(0);
  expect((await sweepAhead(1 / 12)).removed_rows).toBe(1);
}, 60_000);

it("a cleanup continues from its last page", async () => {
  const old: string[] = [];
  for (let n = 0; n < 3; n++) old.push(await settledTask(31));
  old.sort();
  await env.DB.prepare("UPDATE walks SET position = ?1 WHERE name = 'tasks'").bind(old[1]).run();
  expect((await sweep(testFleet().env)).removed_rows).toBe(1);
  expect(await count("tasks")).toBe(2);
});

it("two concurrent sweeps remove each task once and no others", async () => {
  await Promise.all(Array.from({ length: 30 }, () => settledTask(31)));
  const youngTask = await settledTask(1);
  const results = await Promise.all([sweep(testFleet().env), sweep(testFleet().env)]);
  expect(results.map(({ removed_rows }) => removed_rows).sort()).toEqual([0, 30]);
  expect([await count("tasks"), await count("egress_log")]).toEqual([1, 2]);
  expect((await keys()).every((key) => key.includes(youngTask))).toBe(true);
}, 60_000);

it("a sweep that is killed at any store call leaves nothing that a later sweep does not remove", async () => {
  for (const after of [false, true]) {
    for (let k = 1; ; k++) {
      await emptyStores();
      await settledTask(40);
      const youngTask = await settledTask(1, { history: [1], fence: 3 });
      await put(`tasks/default/${youngTask}/1/transcript.jsonl`);
      const expected = (await keys(`tasks/default/${youngTask}/`)).length;
      await env.DB.prepare("UPDATE walks SET due_at = 9e15 WHERE name NOT LIKE 'task%'").run();
      const stores = storesKilledAt(k, after);
      await sweep(testFleet(stores.env).env);
      // Two days later the pages of the killed sweep are due again, and its leftovers are old.
      await sweepAhead(2);
      expect([k, after, await count("tasks"), await count("egress_log")]).toEqual([k, after, 1, 2]);
      expect([k, (await keys()).length]).toEqual([k, expected]);
      if (stores.calls() < k) break;
    }
  }
}, 60_000);

it("a removal whose reply is lost still removes the objects", async () => {
  await settledTask(40);
  await sweep(testFleet({ DB: databaseLosingReply(/^batch$/) }).env);
  expect([await count("tasks"), await count("egress_log"), await keys()]).toEqual([0, 0, []]);
});

describe("a redrive during a removal", () => {
  it("a redrive before the removal keeps the task, its decisions and its old transcript", async () => {
    const id = await settledTask(40);
    await env.DB.prepare("UPDATE tasks SET spec = ?2 WHERE id = ?1")
      .bind(id, JSON.stringify(task()))
      .run();
    const fleet = testFleet();
    // Runs between the sweep's read and its removal.
    const DB = beforeBatch(async () => {
      const response = await send(fleet, "POST", `/v1/tasks/${id}/redrive`, { mode: "restart" });
      expect(response.status).toBe(202);
    });
    await sweep(testFleet({ DB }).env);
    expect(await readRow(id)).toMatchObject({ status: "queued", fence: 2 });
    expect([await count("egress_log"), (await keys()).length]).toEqual([2, 3]);
    // The earlier run can be read at any age.
    await sweepAhead(100);
    expect((await keys()).length).toBe(3);
  });

  it("a redrive after the removal finds nothing and sends nothing", async () => {
    const id = await settledTask(40);
    await sweep(testFleet().env);
    const fleet = testFleet();
    const response = await send(fleet, "POST", `/v1/tasks/${id}/redrive`, { mode: "restart" });
    expect([response.status, fleet.tasks.sent]).toEqual([404, []]);
  });
});

/** D1 that runs something right before its first transaction. */
function beforeBatch(work: () => Promise<void>): D1Database {
  let failuresLeft = 1;
  return new Proxy(env.DB, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (key !== "batch") return typeof value === "function" ? value.bind(target) : value;
      return async (list: D1PreparedStatement[]) => {
        if (failuresLeft-- > 0) await work();
        return target.batch(list);
      };
    },
  });
}

describe("the removal of a batch", () => {
  async function settledBatch(daysAgo: readonly number[], assignments = "expanded = total") {
    const id = taskIdAt(Date.now() - 90 * day).replace("task_", "batch_");
    await env.DB.prepare(
      `INSERT INTO batches (id, tenant, status, total, input_key, created_at)
       VALUES (?1, 'default', 'running', ?2, ?3, 0)`,
    )
      .bind(id, daysAgo.length, `batches/default/${id}/input.jsonl`)
      .run();
    await env.DB.prepare(`UPDATE batches SET ${assignments} WHERE id = ?1`).bind(id).run();
    await put(`batches/default/${id}/input.jsonl`);
    for (const [n, days] of daysAgo.entries())
      await settledTask(days, { id: batchTaskId(id, n), batch_id: id, batch_index: n });
    return id;
  }

  it("a batch is removed with its input and tasks once its last task is old", async () => {
    await settledBatch([31, 60, 45]);
    const report = await sweep(testFleet().env);
    expect(report).toMatchObject({ removed_rows: 4, removed_objects: 10 });
    expect([await count("batches"), await count("tasks"), await keys()]).toEqual([0, 0, []]);
  });

  it.each([
    ["one of its tasks settled recently", [60, 3, 60], "expanded = total"],
    ["some of its lines are not yet tasks", [60, 60, 60], "expanded = 2, sweep_at = 9e15"],
  ])("a batch is kept completely while %s", async (_, days, overrides) => {
    await settledBatch(days, overrides);
    const report = await sweep(testFleet().env);
    expect(report.removed_rows).toBe(0);
    expect([await count("batches"), await count("tasks")]).toEqual([1, 3]);
    expect((await keys()).length).toBe(10);
  });

  it("a batch is kept completely while one of its tasks is redriven", async () => {
    const id = await settledBatch([60, 60]);
    await env.DB.prepare(
      "UPDATE tasks SET status = 'queued', reason = NULL, finished_at = NULL, sweep_at = 9e15 WHERE id = ?1",
    )
      .bind(batchTaskId(id, 1))
      .run();
    expect((await sweep(testFleet().env)).removed_rows).toBe(0);
  });
});

describe("the stored text of a policy", () => {
  const storePolicy = (hash: string, daysAgo: number) =>
    env.DB.prepare(
      "INSERT INTO policies (hash, name, text, created_at, used_at) VALUES (?1, 'n', '{}', 0, ?2)",
    )
      .bind(hash, Date.now() - daysAgo * day)
      .run();
  const countRows = async () =>
    (
      await env.DB.prepare("SELECT hash FROM policies ORDER BY hash").all<{ hash: string }>()
    ).results.map(({ hash }) => hash);

  it("a policy is removed once no deployment uses it and no task names it", async () => {
    await storePolicy("named", 40);
    await storePolicy("running", 31);
    await storePolicy("unused", 33);
    const id = taskIdAt(Date.now() - 60 * day);
    await acceptTask({ prompt: "p" }, { id });
    await env.DB.prepare("UPDATE tasks SET policy_hash = 'named' WHERE id = ?1").bind(id).run();
    await sweep(testFleet().env);
    expect(await countRows()).toEqual(["named", "running"]);
  });

  it("policies are kept while more tasks are old than one statement should read", async () => {
    await storePolicy("unused", 33);
    await env.DB.prepare(
      `INSERT INTO tasks (id, tenant, status, attempts, model, policy, sandbox, created_at, sweep_at)
       WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
       SELECT 'task_0' || i, 'default', 'queued', 1, 'm', 'p', 'isolate', 0, 9000000000000 FROM n`,
    ).run();
    const before = Date.now() - 32 * day;
    expect(await removePolicies(env.DB, { bound: "task_1", before })).toBe(0);
    await env.DB.prepare("DELETE FROM tasks WHERE id = 'task_01'").run();
    expect(await removePolicies(env.DB, { bound: "task_1", before })).toBe(1);
  });
});
