import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { etaOf } from "../../../producer/batches/batch_view.ts";
import { batchTaskId, batchTaskRange } from "../../../shared/identity/ids.ts";
import { runTask } from "../../consumer/harness.ts";
import { lines, ndjson, send, type TestFleet, task, testFleet } from "../client.ts";
import { type BatchView, cronMinute, endTasks, getBatch, postBatch } from "./steps.ts";

async function accepted(fleet: TestFleet, count: number): Promise<string> {
  const tasks = Array.from({ length: count }, (_, n) => task({ custom_id: `c${n}` }));
  return (await postBatch(fleet, lines(tasks), { headers: ndjson })).id;
}

const end = (id: string, from: number, to: number, finishedAt = 5_000) =>
  endTasks(id, { from, to, finishedAt, output: "json_object('n', batch_index)" });

const rowOf = (id: string) =>
  env.DB.prepare("SELECT status, finished_at, close_at FROM batches WHERE id = ?1")
    .bind(id)
    .first<{ status: string; finished_at: number | null; close_at: number | null }>();

const results = async (fleet: TestFleet, id: string): Promise<{ index: number }[]> =>
  (await (await send(fleet, "GET", `/v1/batches/${id}/results`)).text())
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { index: number });

describe("the counts of a batch", () => {
  it("the counts include each write to the tasks, over several tallies", async () => {
    const fleet = testFleet();
    const id = await accepted(fleet, 1_100);
    expect((await getBatch(fleet, id)).counts).toMatchObject({ total: 1_100, queued: 1_100 });
    await end(id, 400, 600);
    await env.DB.prepare("UPDATE tasks SET status = 'running' WHERE id = ?1")
      .bind(batchTaskId(id, 1_050))
      .run();
    expect(await getBatch(fleet, id)).toMatchObject({
      status: "running",
      counts: { total: 1_100, queued: 899, running: 1, succeeded: 200 },
      usage: { steps: 400 },
    });
  });

  it("the cron recounts only the tallies whose tasks have changed", async () => {
    const fleet = testFleet();
    const id = await accepted(fleet, 600);
    const versions = async () => {
      const { results: rows } = await env.DB.prepare(
        "SELECT chunk, version, stale FROM batch_tallies WHERE batch_id = ?1",
      )
        .bind(id)
        .all();
      return rows;
    };
    await cronMinute(fleet);
    const before = await versions();
    await cronMinute(fleet);
    expect(await versions()).toEqual(before);
    await end(id, 0, 1);
    await cronMinute(fleet);
    expect(await versions()).toMatchObject([
      { chunk: 0, version: Number(before[0]?.version) + 1, stale: 0 },
      { chunk: 1, version: before[1]?.version, stale: 0 },
    ]);
  });
});

describe("a batch whose last task has ended", () => {
  it("the cron finishes it at the time of that task and stores its results in R2", async () => {
    const fleet = testFleet();
    const id = await accepted(fleet, 700);
    await end(id, 0, 699);
    await cronMinute(fleet);
    expect(await rowOf(id)).toMatchObject({ status: "running", finished_at: null });
    await end(id, 699, 700, 9_000);
    await cronMinute(fleet);
    expect(await rowOf(id)).toEqual({ status: "finished", finished_at: 9_000, close_at: null });
    const stored = await env.OBJECTS.list({ prefix: `batches/default/${id}/results/` });
    expect(stored.objects).toHaveLength(2);
    await env.DB.prepare("UPDATE tasks SET output = NULL, result_key = 'none' WHERE batch_id = ?1")
      .bind(id)
      .run();
    expect((await results(fleet, id)).map(({ index }) => index)).toEqual(
      Array.from({ length: 700 }, (_, n) => n),
    );
  });

  it("a read shows it as finished before the cron does, and the same afterwards", async () => {
    const fleet = testFleet();
    const id = await accepted(fleet, 3);
    await end(id, 0, 3, 9_000);
    const before = await getBatch(fleet, id);
    expect(before).toMatchObject({
      status: "finished",
      finished_at: "1970-01-01T00:00:09.000Z",
      eta: null,
    });
    expect(await rowOf(id)).toMatchObject({ status: "running" });
    await cronMinute(fleet);
    expect(await rowOf(id)).toMatchObject({ status: "finished" });
    expect(await getBatch(fleet, id)).toEqual(before);
  });

  it("a batch whose last task the consumer settles is finished", async () => {
    const fleet = testFleet();
    const id = await accepted(fleet, 1);
    await runTask(
      { prompt: "p", rehearsal: [{ text: "yes" }] },
      { row: { id: batchTaskId(id, 0) } },
    );
    const view = await getBatch(fleet, id);
    expect(view).toMatchObject({ status: "finished", counts: { succeeded: 1 } });
  });

  it("a redriven task opens the batch again, and the results of the other tasks stay", async () => {
    const fleet = testFleet();
    const id = await accepted(fleet, 600);
    await end(id, 0, 600);
    await env.DB.prepare("UPDATE tasks SET status = 'failed', reason = 'no_progress' WHERE id = ?1")
      .bind(batchTaskId(id, 3))
      .run();
    await cronMinute(fleet);
    const path = `/v1/tasks/${batchTaskId(id, 3)}/redrive`;
    expect((await send(fleet, "POST", path, { mode: "restart" })).status).toBe(202);
    expect(await getBatch(fleet, id)).toMatchObject({
      status: "running",
      finished_at: null,
      counts: { queued: 1, succeeded: 599 },
    });
    expect(await results(fleet, id)).toHaveLength(599);
    await end(id, 3, 4, 12_000);
    await cronMinute(fleet);
    expect(await rowOf(id)).toMatchObject({ status: "finished", finished_at: 12_000 });
    expect(await results(fleet, id)).toHaveLength(600);
  });

  it("two crons at once finish it once", async () => {
    const fleet = testFleet();
    const id = await accepted(fleet, 3);
    await end(id, 0, 3);
    await Promise.all([cronMinute(fleet), cronMinute(fleet), getBatch(fleet, id)]);
    expect(await rowOf(id)).toMatchObject({ status: "finished" });
    expect(await results(fleet, id)).toHaveLength(3);
  });
});

describe("the list of batches", () => {
  it("the list shows the same counts as each batch, also with tallies that have no tasks", async () => {
    const fleet = testFleet();
    const ids = [await accepted(fleet, 600), await accepted(fleet, 3)];
    const empty = Array.from({ length: 70 }, (_, n) => n + 10);
    await env.DB.prepare(
      "INSERT INTO batch_tallies (batch_id, chunk, stale) SELECT ?1, value, 1 FROM json_each(?2)",
    )
      .bind(ids[0], JSON.stringify(empty))
      .run();
    for (const id of ids) await end(id, 1, 3);
    const response = await send(fleet, "GET", "/v1/batches");
    const { batches } = await response.json<{ batches: BatchView[] }>();
    const batchById = new Map(batches.map((batch) => [batch.id, batch]));
    expect(batchById.get(ids[0] ?? "")?.counts).toMatchObject({ queued: 598, succeeded: 2 });
    expect(batchById.get(ids[1] ?? "")).toMatchObject({
      counts: { queued: 1, succeeded: 2 },
      usage: { steps: 4 },
    });
    for (const id of ids) {
      const { eta: _, ...view } = await getBatch(fleet, id);
      expect(batchById.get(id)).toMatchObject(view);
    }
  });

  it("the list has the newest first, and filters by status and page", async () => {
    const fleet = testFleet();
    const ids = [await accepted(fleet, 1), await accepted(fleet, 1), await accepted(fleet, 1)];
    await end(ids[1] ?? "", 0, 1);
    await cronMinute(fleet);
    const list = async (query: string) =>
      (await send(fleet, "GET", `/v1/batches${query}`)).json<{
        batches: BatchView[];
        next_cursor: string | null;
      }>();
    const first = await list("?limit=2");
    expect(first.batches.map(({ id }) => id)).toEqual([ids[2], ids[1]]);
    expect((await list(`?limit=1&cursor=${first.next_cursor}`)).batches[0]?.id).toBe(ids[0]);
    const finished = (await list("?status=finished")).batches.map(({ id }) => id);
    expect(finished).toContain(ids[1]);
    expect(finished).not.toContain(ids[0]);
  });

  it.each(["?status=done", "?limit=0", "?cursor=x", "?label.a=b"])(
    "the list rejects %s",
    async (query) => {
      expect((await send(testFleet(), "GET", `/v1/batches${query}`)).status).toBe(422);
    },
  );
});

describe("the eta of a batch", () => {
  const counts = { total: 10, queued: 6, running: 2, succeeded: 2 } as never;
  it.each([
    ["at the pace so far", { startedAt: 1_000 }, 2_000, 6_000],
    ["unknown before the first claim", { startedAt: null }, 2_000, null],
  ])("the eta is %s", (_name, overrides, now, eta) => {
    expect(etaOf({ counts, ...overrides }, now)).toBe(eta);
  });

  it("a paused batch has no eta", async () => {
    const fleet = testFleet();
    const id = await accepted(fleet, 2);
    await end(id, 0, 1);
    expect((await getBatch(fleet, id)).eta).not.toBeNull();
    await send(fleet, "POST", `/v1/batches/${id}/pause`);
    expect((await getBatch(fleet, id)).eta).toBeNull();
  });
});

it("a deleted batch leaves no tallies", async () => {
  const fleet = testFleet();
  const id = await accepted(fleet, 2);
  const { from, to } = batchTaskRange(id);
  await env.DB.batch([
    env.DB.prepare("DELETE FROM tasks WHERE id >= ?1 AND id < ?2").bind(from, to),
    env.DB.prepare("DELETE FROM batches WHERE id = ?1").bind(id),
  ]);
  expect(
    await env.DB.prepare("SELECT * FROM batch_tallies WHERE batch_id = ?1").bind(id).all(),
  ).toMatchObject({ results: [] });
});
