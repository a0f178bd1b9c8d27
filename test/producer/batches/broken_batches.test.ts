import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { expandBatch } from "../../../producer/batches/expand.ts";
import { sweep } from "../../../producer/sweep/sweep.ts";
import { batchTaskRange, newBatchId } from "../../../shared/identity/ids.ts";
import { batchLimits } from "../../../shared/limits.ts";
import type { BatchRow } from "../../../shared/store/batches/batch_row.ts";
import { readBatch } from "../../../shared/store/batches/batches.ts";
import { deliverMessages, readRow, testConsumer } from "../../consumer/harness.ts";
import { lines, ndjson, send, type TestFleet, task, testFleet } from "../client.ts";

async function brokenBatch(sweepAt: number, total = 1): Promise<string> {
  const id = newBatchId();
  await env.DB.prepare(
    `INSERT INTO batches (id, tenant, status, total, input_key, created_at, sweep_at)
     VALUES (?1, 'default', 'running', ?2, 'batches/missing', 1, ?3)`,
  )
    .bind(id, total, sweepAt)
    .run();
  return id;
}

async function unexpandedBatch(fleet: TestFleet, sweepAt: number): Promise<string> {
  const answer = await send(fleet, "POST", "/v1/batches", lines([task(), task()]), ndjson);
  const { id } = await answer.json<{ id: string }>();
  await env.DB.prepare("DELETE FROM tasks").run();
  await env.DB.prepare(
    "UPDATE batches SET expanded = 0, cursor_byte = 0, sweep_at = ?2 WHERE id = ?1",
  )
    .bind(id, sweepAt)
    .run();
  return id;
}

async function batch(id: string): Promise<BatchRow> {
  const row = await readBatch(env.DB, "default", id);
  if (row === null) throw new Error(`there is no batch ${id}`);
  return row;
}

async function clear(): Promise<void> {
  await env.DB.batch([env.DB.prepare("DELETE FROM batches"), env.DB.prepare("DELETE FROM tasks")]);
}

it("batches that cannot be expanded do not starve the others", async () => {
  await clear();
  const fleet = testFleet();
  for (let n = 0; n < batchLimits.batchesPerTickMax; n++) await brokenBatch(n);
  const id = await unexpandedBatch(fleet, 1_000);
  for (let n = 0; n < 2; n++) await sweep(fleet.env);
  expect((await batch(id)).expanded).toBe(2);
});

it("a batch that cannot be expanded is retried with growing delays, up to one hour", async () => {
  await clear();
  const fleet = testFleet();
  const id = await brokenBatch(0);
  const delays: number[] = [];
  for (let n = 0; n < batchLimits.expandTriesMax; n++) {
    await env.DB.prepare("UPDATE batches SET sweep_at = 0 WHERE id = ?1").bind(id).run();
    await sweep(fleet.env);
    delays.push(((await batch(id)).sweep_at ?? 0) - Date.now());
  }
  const minutes = delays.map((ms) => Math.round(ms / 30_000) / 2);
  expect(minutes).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
});

it("lines whose input is lost become dead tasks, so that the batch finishes", async () => {
  await clear();
  const fleet = testFleet();
  const id = await brokenBatch(0, 3);
  for (let n = 0; n <= batchLimits.expandTriesMax; n++) {
    await env.DB.prepare("UPDATE batches SET sweep_at = 0 WHERE sweep_at IS NOT NULL").run();
    await sweep(fleet.env);
  }
  const ids = fleet.tasks.sent.map((message) => message.task_id);
  expect(ids).toHaveLength(3);
  await deliverMessages(testConsumer(), ids);
  const view = await (await send(fleet, "GET", `/v1/batches/${id}`)).json();
  expect(view).toMatchObject({ status: "finished", counts: { total: 3, dead: 3, queued: 0 } });
  expect(JSON.parse((await readRow(ids[0] ?? "")).error ?? "{}")).toMatchObject({
    code: "spec_missing",
  });
});

it("two concurrent sweeps take different batches", async () => {
  await clear();
  const fleet = testFleet();
  const ids = [await unexpandedBatch(fleet, 0), await unexpandedBatch(fleet, 1)];
  const reports = await Promise.all([sweep(fleet.env), sweep(fleet.env)]);
  expect(reports[0].batches + reports[1].batches).toBe(2);
  for (const id of ids) expect((await batch(id)).expanded).toBe(2);
});

it("lines that are expanded after a cancel are cancelled, even if the expander crashes after its chunk", async () => {
  await clear();
  const fleet = testFleet();
  const id = await unexpandedBatch(fleet, 0);
  await send(fleet, "POST", `/v1/batches/${id}/cancel`);
  await env.DB.prepare("DELETE FROM tasks").run();
  await env.DB.prepare("UPDATE batches SET expanded = 0, cursor_byte = 0, sweep_at = 9e15").run();
  // The database fails once the rows are inserted.
  let inserted = false;
  const DB = new Proxy(env.DB, {
    get(db, key) {
      if (key !== "prepare") return Reflect.get(db, key);
      return (sql: string) => {
        if (inserted) throw new Error("D1_ERROR: no such table: batches");
        inserted = sql.includes("INSERT INTO tasks");
        return db.prepare(sql);
      };
    },
  });
  await expandBatch({ ...fleet.env, DB }, await batch(id));
  const { from, to } = batchTaskRange(id);
  const { results } = await env.DB.prepare(
    "SELECT cancel_requested_at IS NOT NULL AS cancelled FROM tasks WHERE id >= ?1 AND id < ?2",
  )
    .bind(from, to)
    .all();
  expect(results).toEqual([{ cancelled: 1 }, { cancelled: 1 }]);
});

it("a task with a later `not_before` does not wait once its batch is cancelled", async () => {
  await clear();
  const fleet = testFleet();
  const later = new Date(Date.now() + 3_600_000).toISOString();
  const answer = await send(
    fleet,
    "POST",
    "/v1/batches",
    lines([task({ not_before: later })]),
    ndjson,
  );
  const { id } = await answer.json<{ id: string }>();
  await env.DB.prepare("DELETE FROM tasks").run();
  await env.DB.prepare("UPDATE batches SET expanded = 0, cursor_byte = 0, sweep_at = 0").run();
  fleet.tasks.sent.length = 0;
  await send(fleet, "POST", `/v1/batches/${id}/cancel`);
  await sweep(fleet.env);
  expect(fleet.tasks.sent.some((message) => message.delaySeconds === 0)).toBe(true);
});
