import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Principal } from "../../../producer/auth/principal.ts";
import type { Detail } from "../../../producer/http/problem.ts";
import { type Redriven, redriveBatch } from "../../../producer/tasks/redrive/redrive_many.ts";
import { objectKeys } from "../../../shared/files/objects.ts";
import { batchTaskId } from "../../../shared/identity/ids.ts";
import { batchLimits } from "../../../shared/limits.ts";
import { readBatch } from "../../../shared/store/batches/batches.ts";
import { deliverMessages, readRow, testConsumer } from "../../consumer/harness.ts";
import { lines, ndjson, send, type TestFleet, task, testFleet } from "../client.ts";

type End = [status: string, reason: string];

const dead: End = ["dead", "attempts_exhausted"];
const failed: End = ["failed", "budget_steps"];
const success: End = ["succeeded", "completed"];
const cancelled: End = ["cancelled", "cancelled"];

/** A batch with these results of its tasks, in input order; null is still queued. */
async function batchWith(fleet: TestFleet, ends: readonly (End | null)[]): Promise<string> {
  const tasks = ends.map((_, index) => task({ custom_id: `c${index}`, attempts: 2 }));
  const response = await send(fleet, "POST", "/v1/batches", lines(tasks), ndjson);
  const { id } = await response.json<{ id: string }>();
  const updates = ends.flatMap((end, index) =>
    end === null
      ? []
      : [
          env.DB.prepare(
            `UPDATE tasks SET status = ?2, reason = ?3, sweep_at = NULL, finished_at = 1000, fence = 2,
               result_key = 'x', transcript = ?4 WHERE id = ?1`,
          ).bind(batchTaskId(id, index), ...end, '{"workspace":{}}\n'),
        ],
  );
  if (updates.length > 0) await env.DB.batch(updates);
  fleet.tasks.sent.length = 0;
  return id;
}

const redrive = (fleet: TestFleet, id: string, body: unknown) =>
  send(fleet, "POST", `/v1/batches/${id}/redrive`, body);

const indexes = (fleet: TestFleet) =>
  fleet.tasks.sent.map((message) => Number(message.task_id.split("-")[1])).sort((a, b) => a - b);

describe("a redrive of a batch", () => {
  it.each<[string, object, number[]]>([
    ["every task that can be redriven", {}, [0, 1, 3]],
    ["the tasks of a status", { status: ["dead"] }, [0]],
    ["the tasks of several statuses", { status: ["failed", "cancelled"] }, [1, 3]],
    ["the tasks with a reason", { reason: "budget_steps" }, [1]],
    ["no task if none matches", { status: ["expired"] }, []],
  ])("a redrive of a batch takes %s", async (_name, filter, expected) => {
    const fleet = testFleet();
    const id = await batchWith(fleet, [dead, failed, success, cancelled, null]);
    const response = await redrive(fleet, id, { mode: "restart", ...filter });
    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({
      id,
      redriven: expected.length,
      refused: 0,
      details: [],
      next_cursor: null,
    });
    expect(indexes(fleet)).toEqual(expected);
    for (const index of expected) {
      const row = await readRow(batchTaskId(id, index));
      expect(row).toMatchObject({ status: "queued", fence: 3, attempts: 2, transcript: null });
      expect(JSON.parse(row.history)).toMatchObject([{ fence: 2 }]);
      const transcript = await env.OBJECTS.head(objectKeys.transcript("default", row.id, 2));
      expect(transcript).not.toBeNull();
    }
  });

  it("redriven tasks run again, with the overrides in their bodies", async () => {
    const fleet = testFleet();
    const id = await batchWith(fleet, [dead, failed]);
    const rehearsal = [{ text: "now" }];
    await redrive(fleet, id, { mode: "restart", overrides: { rehearsal, attempts: 1 } });
    await deliverMessages(
      testConsumer(),
      fleet.tasks.sent.map((message) => message.task_id),
    );
    const results = await (await send(fleet, "GET", `/v1/batches/${id}/results`)).text();
    const outputs = results.trimEnd().split("\n");
    expect(outputs.map((line) => JSON.parse(line).output)).toEqual([
      { text: "now" },
      { text: "now" },
    ]);
    expect((await readRow(batchTaskId(id, 0))).attempts).toBe(1);
  });

  it("a redrive covers more tasks than one page", async () => {
    const fleet = testFleet();
    const count = batchLimits.redriveTasksPerPage * 2 + 1;
    const id = await batchWith(
      fleet,
      Array.from({ length: count }, () => dead),
    );
    const report = await (await redrive(fleet, id, { mode: "restart" })).json<Redriven>();
    expect(report).toMatchObject({ redriven: count, next_cursor: null });
    expect(indexes(fleet)).toEqual(Array.from({ length: count }, (_, index) => index));
  });

  it("a redrive continues after its cursor", async () => {
    const fleet = testFleet();
    const id = await batchWith(fleet, [dead, dead, dead]);
    await redrive(fleet, id, { mode: "restart", cursor: batchTaskId(id, 0) });
    expect(indexes(fleet)).toEqual([1, 2]);
  });

  it("a redrive stops at its deadline and returns a cursor", async () => {
    const fleet = testFleet();
    const count = batchLimits.redriveTasksPerPage + 1;
    const id = await batchWith(
      fleet,
      Array.from({ length: count }, () => dead),
    );
    const batch = await readBatch(env.DB, "default", id);
    if (batch === null) throw new Error(`there is no batch ${id}`);
    const admin: Principal = { tenant: "default", scopes: ["submit", "read", "admin"] };
    const report = await redriveBatch(fleet.env, admin, batch, { mode: "restart" }, Date.now());
    const cursor = batchTaskId(id, count - 2);
    expect(report).toMatchObject({ value: { redriven: count - 1, next_cursor: cursor } });
    await redrive(fleet, id, { mode: "restart", cursor });
    expect(indexes(fleet)).toEqual(Array.from({ length: count }, (_, index) => index));
  });

  it("two concurrent redrives start one run per task", async () => {
    const fleet = testFleet();
    const id = await batchWith(fleet, [dead, dead]);
    const report = await Promise.all(
      [1, 2].map(async () => (await redrive(fleet, id, { mode: "restart" })).json<Redriven>()),
    );
    expect(report.reduce((sum, { redriven }) => sum + redriven, 0)).toBe(2);
    expect((await readRow(batchTaskId(id, 0))).fence).toBe(3);
  });

  it("a task whose body is missing stays as it is and is listed", async () => {
    const fleet = testFleet();
    const id = await batchWith(fleet, [dead, dead]);
    const missing = batchTaskId(id, 0);
    await env.DB.prepare("UPDATE tasks SET spec = NULL WHERE id = ?1").bind(missing).run();
    const response = await redrive(fleet, id, { mode: "restart" });
    expect(await response.json()).toMatchObject({
      redriven: 1,
      refused: 1,
      details: [{ path: missing, message: expect.stringContaining("body no longer exists") }],
    });
    expect((await readRow(missing)).status).toBe("dead");
  });

  it("a redriven cancelled batch is running again", async () => {
    const fleet = testFleet();
    const id = await batchWith(fleet, [null, null]);
    await send(fleet, "POST", `/v1/batches/${id}/cancel`);
    await deliverMessages(testConsumer(), [batchTaskId(id, 0), batchTaskId(id, 1)]);
    expect((await readRow(batchTaskId(id, 0))).status).toBe("cancelled");
    await redrive(fleet, id, { mode: "restart" });
    const view = await send(fleet, "GET", `/v1/batches/${id}`);
    expect(await view.json()).toMatchObject({ status: "running", counts: { queued: 2 } });
  });

  it.each<[string, unknown, string, RegExp]>([
    ["no mode", {}, "mode", /missing/],
    [
      "a status that cannot be redriven",
      { mode: "restart", status: ["succeeded"] },
      "status[0]",
      /one of/,
    ],
    ["an unknown reason", { mode: "restart", reason: "bad luck" }, "reason", /one of/],
    ["an invalid cursor", { mode: "restart", cursor: "7" }, "cursor", /next_cursor/],
    [
      "an unknown override",
      { mode: "restart", overrides: { labels: {} } },
      "overrides.labels",
      /unknown field/,
    ],
  ])("a redrive of a batch with %s is rejected", async (_name, body, path, message) => {
    const fleet = testFleet();
    const id = await batchWith(fleet, [dead]);
    const response = await redrive(fleet, id, body);
    expect(response.status).toBe(422);
    const { error } = await response.json<{ error: { details: Detail[] } }>();
    expect(error.details.find((detail) => detail.path === path)?.message).toMatch(message);
    expect(fleet.tasks.sent).toEqual([]);
  });

  it("a redrive with overrides that are invalid for every task is rejected", async () => {
    const fleet = testFleet();
    const id = await batchWith(fleet, [dead, success]);
    const response = await redrive(fleet, id, {
      mode: "restart",
      overrides: { policy: "missing" },
    });
    expect(response.status).toBe(422);
    const { error } = await response.json<{ error: { details: Detail[] } }>();
    expect(error.details).toEqual([
      { path: batchTaskId(id, 0), message: expect.stringContaining('Unknown policy "missing"') },
    ]);
    expect((await readRow(batchTaskId(id, 0))).status).toBe("dead");
  });

  it("a redrive of an unknown batch is answered with 404", async () => {
    const response = await redrive(testFleet(), "batch_01h455vb4pex5vsknk084sn02q", {
      mode: "restart",
    });
    expect(response.status).toBe(404);
  });
});
