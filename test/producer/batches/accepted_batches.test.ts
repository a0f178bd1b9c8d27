import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { expandChunk } from "../../../producer/batches/expand.ts";
import { sweep } from "../../../producer/sweep/sweep.ts";
import { batchTaskId, batchTaskRange } from "../../../shared/identity/ids.ts";
import { readBatch } from "../../../shared/store/batches/batches.ts";
import { countBatches, lines, ndjson, send, type TestFleet, task, testFleet } from "../client.ts";

interface BatchView {
  id: string;
  status: string;
  counts: Record<string, number>;
  usage: Record<string, number>;
}

const many = (count: number) =>
  Array.from({ length: count }, (_, index) => task({ custom_id: `c${index}`, input: { index } }));

async function accepted(
  fleet: TestFleet,
  body: unknown,
  headers = {},
  query = "",
): Promise<BatchView> {
  const answer = await send(fleet, "POST", `/v1/batches${query}`, body, headers);
  expect(answer.status).toBe(202);
  return answer.json<BatchView>();
}

async function tasksOf(id: string): Promise<{ id: string; spec: string; custom_id: string }[]> {
  const { from, to } = batchTaskRange(id);
  const { results } = await env.DB.prepare(
    "SELECT * FROM tasks WHERE id >= ?1 AND id < ?2 ORDER BY id",
  )
    .bind(from, to)
    .all<{ id: string; spec: string; custom_id: string }>();
  return results;
}

/** Undoes the expansion from a line on, as if it had crashed there. */
async function rewind(id: string, line: number, byte: number): Promise<void> {
  await env.DB.batch([
    env.DB.prepare("DELETE FROM tasks WHERE id >= ?1 AND id < ?2").bind(
      batchTaskId(id, line),
      batchTaskRange(id).to,
    ),
    env.DB.prepare(
      "UPDATE batches SET expanded = ?2, cursor_byte = ?3, sweep_at = 0 WHERE id = ?1",
    ).bind(id, line, byte),
  ]);
}

describe("an accepted batch", () => {
  it.each<[string, (tasks: unknown[]) => [unknown, Record<string, string>]]>([
    ["as JSON", (tasks) => [{ tasks }, {}]],
    ["as lines", (tasks) => [lines(tasks), ndjson]],
    [
      "as lines with blank ones and carriage returns",
      (tasks) => [`\n${lines(tasks).replaceAll("\n", "\r\n\r\n")}`, ndjson],
    ],
    ["as lines without a last newline", (tasks) => [lines(tasks).trimEnd(), ndjson]],
    ["as lines cut anywhere", (tasks) => [chunkedStream(lines(tasks), 7), ndjson]],
  ])("a batch %s becomes its tasks, in order, each sent once", async (_name, bodyOf) => {
    const fleet = testFleet();
    const [body, headers] = bodyOf(many(5));
    const view = await accepted(fleet, body, headers);
    expect(view).toMatchObject({ counts: { total: 5, queued: 5, running: 0 }, status: "running" });
    const rows = await tasksOf(view.id);
    expect(rows.map((row) => row.custom_id)).toEqual(["c0", "c1", "c2", "c3", "c4"]);
    expect(rows.map((row) => JSON.parse(row.spec).input)).toEqual(
      [0, 1, 2, 3, 4].map((index) => ({ index })),
    );
    expect(fleet.tasks.sent.map((message) => message.task_id)).toEqual(rows.map((row) => row.id));
  });

  it("each task gets the defaults of the fields that it does not have", async () => {
    const defaults = { prompt: "Default.", limits: { steps: 3 }, rehearsal: task().rehearsal };
    const tasks = [{}, { prompt: "Own." }, { messages: [{ role: "user", content: "Hi." }] }];
    const query = `?defaults=${encodeURIComponent(JSON.stringify(defaults))}`;
    const view = await accepted(testFleet(), lines(tasks), ndjson, query);
    const specs = (await tasksOf(view.id)).map(
      (row) => JSON.parse(row.spec) as Record<string, unknown>,
    );
    expect(specs.map((spec) => spec.prompt)).toEqual(["Default.", "Own.", undefined]);
    expect(specs.map((spec) => spec.limits)).toEqual([{ steps: 3 }, { steps: 3 }, { steps: 3 }]);
  });

  it("a batch with 12 MB of lines is stored in R2 completely", async () => {
    const fleet = testFleet();
    const tasks = Array.from({ length: 60 }, (_, index) =>
      task({ input: { index, pad: "x".repeat(200_000) } }),
    );
    const view = await accepted(fleet, chunkedStream(lines(tasks), 65_536), ndjson);
    expect(view.counts).toMatchObject({ total: 60, queued: 60 });
    const rows = await tasksOf(view.id);
    expect(rows).toHaveLength(60);
    const last = await env.OBJECTS.get(`tasks/default/${batchTaskId(view.id, 59)}/task.json`);
    expect((await last?.json<{ input: { index: number } }>())?.input.index).toBe(59);
  });

  it.each([
    ["the same body", 200, many(3)],
    ["a different body", 409, many(4)],
  ])(
    "a batch that is sent again under its key with %s is answered with %i",
    async (_name, status, tasks) => {
      const fleet = testFleet();
      const headers = { ...ndjson, "idempotency-key": `batch-${status}` };
      const first = await accepted(fleet, lines(many(3)), headers);
      const before = await countBatches();
      const second = await send(fleet, "POST", "/v1/batches", lines(tasks), headers);
      expect(second.status).toBe(status);
      if (status === 200) expect((await second.json<BatchView>()).id).toBe(first.id);
      expect(await countBatches()).toBe(before);
      expect(fleet.tasks.sent).toHaveLength(3);
    },
  );
});

describe("an interrupted expansion", () => {
  it("the sweep continues it to exactly its tasks", async () => {
    const fleet = testFleet();
    const view = await accepted(fleet, lines(many(1_300)), ndjson);
    const before = await tasksOf(view.id);
    expect(before).toHaveLength(1_300);
    const bytes = lines(many(500)).length;
    await rewind(view.id, 500, bytes);
    const read = await send(fleet, "GET", `/v1/batches/${view.id}`);
    expect((await read.json<BatchView>()).counts).toMatchObject({ total: 1_300, queued: 1_300 });
    await sweep(fleet.env);
    expect(await tasksOf(view.id)).toHaveLength(1_300);
    expect((await tasksOf(view.id)).map((row) => row.spec)).toEqual(before.map((row) => row.spec));
  });

  it("a crash between rows and cursor, or two expanders at once, create no task twice", async () => {
    const fleet = testFleet();
    const view = await accepted(fleet, lines(many(700)), ndjson);
    await rewind(view.id, 0, 0);
    const batch = await readBatch(env.DB, "default", view.id);
    if (batch === null) throw new Error("no batch");
    await Promise.all([expandChunk(fleet.env, batch), expandChunk(fleet.env, batch)]);
    await expandChunk(fleet.env, batch);
    expect((await readBatch(env.DB, "default", view.id))?.expanded).toBe(500);
    await env.DB.prepare("UPDATE batches SET sweep_at = 0 WHERE id = ?1").bind(view.id).run();
    await sweep(fleet.env);
    expect(await tasksOf(view.id)).toHaveLength(700);
  });

  it("a cancelled batch cancels its unexpanded lines", async () => {
    const fleet = testFleet();
    const view = await accepted(fleet, lines(many(20)), ndjson);
    await rewind(view.id, 10, lines(many(10)).length);
    const cancelled = await send(fleet, "POST", `/v1/batches/${view.id}/cancel`);
    expect(await cancelled.json()).toMatchObject({ status: "cancelling" });
    const ofBatch = fleet.tasks.sent
      .slice(20)
      .filter(({ task_id }) => task_id.startsWith(batchTaskRange(view.id).from));
    const resent = new Set(ofBatch.map(({ task_id }) => task_id));
    expect(resent.size).toBe(20);
    const { from, to } = batchTaskRange(view.id);
    const cancelledTasks = await env.DB.prepare(
      "SELECT COUNT(*) AS n FROM tasks WHERE id >= ?1 AND id < ?2 AND cancel_requested_at IS NOT NULL",
    )
      .bind(from, to)
      .first<{ n: number }>();
    expect(cancelledTasks).toEqual({ n: 20 });
  });
});

describe("the results of a batch", () => {
  it("results are in input order, for settled tasks only, with large outputs from R2", async () => {
    const fleet = testFleet();
    const view = await accepted(fleet, lines(many(450)), ndjson);
    await env.OBJECTS.put("result-of-7", JSON.stringify({ output: { text: "large" } }));
    const { from, to } = batchTaskRange(view.id);
    await env.DB.prepare(
      `UPDATE tasks SET status = 'succeeded', reason = 'completed', sweep_at = NULL, finished_at = 1000,
         result_key = CASE batch_index WHEN 7 THEN 'result-of-7' ELSE 'x' END,
         output = CASE batch_index WHEN 7 THEN NULL ELSE json_object('text', batch_index) END,
         usage = '{"steps":2,"cost_usd":0.5}'
       WHERE id >= ?1 AND id < ?2 AND batch_index <> 3`,
    )
      .bind(from, to)
      .run();
    const answer = await send(fleet, "GET", `/v1/batches/${view.id}/results`);
    expect(answer.headers.get("content-type")).toBe("application/x-ndjson");
    const results = (await answer.text())
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(results.map((result) => result.index)).toEqual(
      Array.from({ length: 450 }, (_, index) => index).filter((index) => index !== 3),
    );
    expect(results[6]).toEqual({
      index: 7,
      custom_id: "c7",
      task_id: batchTaskId(view.id, 7),
      status: "succeeded",
      reason: "completed",
      output: { text: "large" },
      error: null,
      model: "rehearsal",
      usage: {
        steps: 2,
        model_calls: 0,
        tool_calls: 0,
        prompt_tokens: 0,
        cached_tokens: 0,
        completion_tokens: 0,
        unpriced_tokens: 0,
        cost_usd: 0.5,
        egress_requests: 0,
        egress_bytes: 0,
      },
    });
    const read = await send(fleet, "GET", `/v1/batches/${view.id}`);
    expect(await read.json<BatchView>()).toMatchObject({
      status: "running",
      counts: { total: 450, queued: 1, succeeded: 449 },
      usage: { steps: 898, cost_usd: 224.5 },
    });
  });
});

/** A body without a length, in pieces that end anywhere. */
function chunkedStream(text: string, size: number): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  let offset = 0;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (offset >= bytes.byteLength) return controller.close();
      controller.enqueue(bytes.slice(offset, offset + size));
      offset += size;
    },
  });
}
