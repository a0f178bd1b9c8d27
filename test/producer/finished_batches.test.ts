import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { etaOf } from "../../producer/batches/batch_view.ts";
import { closeDueBatches } from "../../producer/batches/close.ts";
import { batchTaskId, batchTaskRange } from "../../shared/ids.ts";
import { noUsage } from "../../shared/usage.ts";
import { runTask } from "../consumer/harness.ts";
import { lines, ndjson, send, type TestFleet, task, testFleet } from "./client.ts";

interface View {
  id: string;
  status: string;
  counts: Record<string, number>;
  usage: Record<string, number>;
  eta: string | null;
  finished_at: string | null;
}

async function accepted(fleet: TestFleet, count: number): Promise<string> {
  const tasks = Array.from({ length: count }, (_, n) => task({ custom_id: `c${n}` }));
  const answer = await send(fleet, "POST", "/v1/batches", lines(tasks), ndjson);
  expect(answer.status).toBe(202);
  return (await answer.json<View>()).id;
}

const read = async (fleet: TestFleet, id: string): Promise<View> =>
  (await send(fleet, "GET", `/v1/batches/${id}`)).json<View>();

/** Ends the tasks of a range of lines, as their settlement does. */
const end = (id: string, from: number, to: number, finishedAt = 5_000) =>
  env.DB.prepare(
    `UPDATE tasks SET status = 'succeeded', reason = 'completed', sweep_at = NULL, result_key = 'k',
       output = json_object('n', batch_index), usage = '{"steps":2}', started_at = 1000, finished_at = ?3
     WHERE id >= ?1 AND id < ?2`,
  )
    .bind(batchTaskId(id, from), batchTaskId(id, to), finishedAt)
    .run();

const rowOf = (id: string) =>
  env.DB.prepare("SELECT status, finished_at, close_at FROM batches WHERE id = ?1")
    .bind(id)
    .first<{ status: string; finished_at: number | null; close_at: number | null }>();

const everyMinute = async (fleet: TestFleet) => {
  await env.DB.prepare("UPDATE batches SET close_at = 0 WHERE close_at IS NOT NULL").run();
  await closeDueBatches(fleet.env);
};

const results = async (fleet: TestFleet, id: string): Promise<{ index: number }[]> =>
  (await (await send(fleet, "GET", `/v1/batches/${id}/results`)).text())
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { index: number });

describe("the counts of a batch", () => {
  it("follow each write to its tasks, over several tallies", async () => {
    const fleet = testFleet();
    const id = await accepted(fleet, 1_100);
    expect((await read(fleet, id)).counts).toMatchObject({ total: 1_100, queued: 1_100 });
    await end(id, 400, 600);
    await env.DB.prepare("UPDATE tasks SET status = 'running' WHERE id = ?1")
      .bind(batchTaskId(id, 1_050))
      .run();
    expect(await read(fleet, id)).toMatchObject({
      status: "running",
      counts: { total: 1_100, queued: 899, running: 1, succeeded: 200 },
      usage: { steps: 400 },
    });
  });

  it("are not counted anew while nothing changes", async () => {
    const fleet = testFleet();
    const id = await accepted(fleet, 600);
    const versions = () =>
      env.DB.prepare("SELECT chunk, version, stale FROM batch_tallies WHERE batch_id = ?1")
        .bind(id)
        .all();
    await read(fleet, id);
    const before = (await versions()).results;
    await read(fleet, id);
    expect((await versions()).results).toEqual(before);
    await end(id, 0, 1);
    await read(fleet, id);
    expect((await versions()).results).toMatchObject([
      { chunk: 0, version: Number(before[0]?.version) + 1, stale: 0 },
      { chunk: 1, version: before[1]?.version, stale: 0 },
    ]);
  });
});

describe("a batch whose last task has ended", () => {
  it("is finished without anybody asking, at the time of that task, and has its results in R2", async () => {
    const fleet = testFleet();
    const id = await accepted(fleet, 700);
    await end(id, 0, 699);
    await everyMinute(fleet);
    expect(await rowOf(id)).toMatchObject({ status: "running", finished_at: null });
    await end(id, 699, 700, 9_000);
    await everyMinute(fleet);
    expect(await rowOf(id)).toEqual({ status: "finished", finished_at: 9_000, close_at: null });
    const stored = await env.OBJECTS.list({ prefix: `batches/default/${id}/results/` });
    expect(stored.objects).toHaveLength(2);
    await env.DB.prepare("UPDATE tasks SET output = NULL, result_key = 'gone' WHERE batch_id = ?1")
      .bind(id)
      .run();
    expect((await results(fleet, id)).map(({ index }) => index)).toEqual(
      Array.from({ length: 700 }, (_, n) => n),
    );
  });

  it("is finished for whoever asks first", async () => {
    const fleet = testFleet();
    const id = await accepted(fleet, 3);
    await end(id, 0, 3, 9_000);
    expect(await read(fleet, id)).toMatchObject({
      status: "finished",
      finished_at: "1970-01-01T00:00:09.000Z",
      eta: null,
    });
    expect(await rowOf(id)).toMatchObject({ status: "finished" });
  });

  it("by the consumer's own hand is finished too", async () => {
    const fleet = testFleet();
    const id = await accepted(fleet, 1);
    await runTask(
      { prompt: "p", rehearsal: [{ text: "yes" }] },
      { row: { id: batchTaskId(id, 0) } },
    );
    expect(await read(fleet, id)).toMatchObject({ status: "finished", counts: { succeeded: 1 } });
  });

  it("is open again when one of its tasks is redriven, with the results of the others", async () => {
    const fleet = testFleet();
    const id = await accepted(fleet, 600);
    await end(id, 0, 600);
    await env.DB.prepare("UPDATE tasks SET status = 'failed', reason = 'no_progress' WHERE id = ?1")
      .bind(batchTaskId(id, 3))
      .run();
    await everyMinute(fleet);
    const path = `/v1/tasks/${batchTaskId(id, 3)}/redrive`;
    expect((await send(fleet, "POST", path, { mode: "restart" })).status).toBe(202);
    expect(await read(fleet, id)).toMatchObject({
      status: "running",
      finished_at: null,
      counts: { queued: 1, succeeded: 599 },
    });
    expect(await results(fleet, id)).toHaveLength(599);
    await end(id, 3, 4, 12_000);
    await everyMinute(fleet);
    expect(await rowOf(id)).toMatchObject({ status: "finished", finished_at: 12_000 });
    expect(await results(fleet, id)).toHaveLength(600);
  });

  it("is finished once when two look at once", async () => {
    const fleet = testFleet();
    const id = await accepted(fleet, 3);
    await end(id, 0, 3);
    await Promise.all([everyMinute(fleet), everyMinute(fleet), read(fleet, id)]);
    expect(await rowOf(id)).toMatchObject({ status: "finished" });
    expect(await results(fleet, id)).toHaveLength(3);
  });
});

describe("the list of batches", () => {
  it("counts each as a look at it would, beside tallies of which no task is left", async () => {
    const fleet = testFleet();
    const ids = [await accepted(fleet, 600), await accepted(fleet, 3)];
    const empty = Array.from({ length: 70 }, (_, n) => n + 10);
    await env.DB.prepare(
      "INSERT INTO batch_tallies (batch_id, chunk, stale) SELECT ?1, value, 1 FROM json_each(?2)",
    )
      .bind(ids[0], JSON.stringify(empty))
      .run();
    for (const id of ids) await end(id, 1, 3);
    const answer = await send(fleet, "GET", "/v1/batches");
    const { batches } = await answer.json<{ batches: View[] }>();
    const listed = new Map(batches.map((one) => [one.id, one]));
    expect(listed.get(ids[0] ?? "")?.counts).toMatchObject({ queued: 598, succeeded: 2 });
    expect(listed.get(ids[1] ?? "")).toMatchObject({
      counts: { queued: 1, succeeded: 2 },
      usage: { steps: 4 },
    });
    for (const id of ids) {
      const { eta: _, ...told } = await read(fleet, id);
      expect(listed.get(id)).toMatchObject(told);
    }
  });

  it("shows the newest first, by status and page", async () => {
    const fleet = testFleet();
    const ids = [await accepted(fleet, 1), await accepted(fleet, 1), await accepted(fleet, 1)];
    await end(ids[1] ?? "", 0, 1);
    await everyMinute(fleet);
    const list = async (query: string) =>
      (await send(fleet, "GET", `/v1/batches${query}`)).json<{
        batches: View[];
        next_cursor: string | null;
      }>();
    const first = await list("?limit=2");
    expect(first.batches.map(({ id }) => id)).toEqual([ids[2], ids[1]]);
    expect((await list(`?limit=1&cursor=${first.next_cursor}`)).batches[0]?.id).toBe(ids[0]);
    const finished = (await list("?status=finished")).batches.map(({ id }) => id);
    expect(finished).toContain(ids[1]);
    expect(finished).not.toContain(ids[0]);
  });

  it.each(["?status=done", "?limit=0", "?cursor=x", "?label.a=b"])("refuses %s", async (query) => {
    expect((await send(testFleet(), "GET", `/v1/batches${query}`)).status).toBe(422);
  });
});

describe("when the rest will be done", () => {
  const counts = { total: 10, queued: 6, running: 2, succeeded: 2 } as never;
  it.each([
    ["at the pace so far", { startedAt: 1_000 }, 2_000, 6_000],
    ["unknown before the first claim", { startedAt: null }, 2_000, null],
  ])("is %s", (_name, more, now, eta) => {
    expect(etaOf({ counts, usage: noUsage, finishedAt: null, ...more }, now)).toBe(eta);
  });

  it("is unknown while the batch is paused, when nothing begins", async () => {
    const fleet = testFleet();
    const id = await accepted(fleet, 2);
    await end(id, 0, 1);
    expect((await read(fleet, id)).eta).not.toBeNull();
    await send(fleet, "POST", `/v1/batches/${id}/pause`);
    expect((await read(fleet, id)).eta).toBeNull();
  });
});

it("a batch that is deleted leaves no tally", async () => {
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
