import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Principal } from "../../producer/auth/auth.ts";
import type { Detail } from "../../producer/http/problem.ts";
import { type Redriven, redriveBatch } from "../../producer/tasks/redrive_many.ts";
import { batchTaskId } from "../../shared/ids.ts";
import { batchLimits } from "../../shared/limits.ts";
import { objectKeys } from "../../shared/objects.ts";
import { readBatch } from "../../shared/store/batches.ts";
import { bench, deliverTo, rowOf } from "../consumer/harness.ts";
import { lines, ndjson, send, type TestFleet, task, testFleet } from "./client.ts";

type End = [status: string, reason: string];

const dead: End = ["dead", "attempts_exhausted"];
const failed: End = ["failed", "budget_steps"];
const succeeded: End = ["succeeded", "completed"];
const cancelled: End = ["cancelled", "cancelled"];

/** A batch whose tasks ended as told, in the input's order; null is still queued. */
async function endedBatch(fleet: TestFleet, ends: readonly (End | null)[]): Promise<string> {
  const tasks = ends.map((_, index) => task({ custom_id: `c${index}`, attempts: 2 }));
  const answer = await send(fleet, "POST", "/v1/batches", lines(tasks), ndjson);
  const { id } = await answer.json<{ id: string }>();
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

describe("redriving a batch", () => {
  it.each<[string, object, number[]]>([
    ["every task that can be", {}, [0, 1, 3]],
    ["those of a status", { status: ["dead"] }, [0]],
    ["those of several", { status: ["failed", "cancelled"] }, [1, 3]],
    ["those that ended for a reason", { reason: "budget_steps" }, [1]],
    ["none that fits", { status: ["expired"] }, []],
  ])("takes %s", async (_name, chosen, expected) => {
    const fleet = testFleet();
    const id = await endedBatch(fleet, [dead, failed, succeeded, cancelled, null]);
    const answer = await redrive(fleet, id, { mode: "restart", ...chosen });
    expect(answer.status).toBe(202);
    expect(await answer.json()).toEqual({
      id,
      redriven: expected.length,
      refused: 0,
      details: [],
      next_cursor: null,
    });
    expect(indexes(fleet)).toEqual(expected);
    for (const index of expected) {
      const row = await rowOf(batchTaskId(id, index));
      expect(row).toMatchObject({ status: "queued", fence: 3, attempts: 2, transcript: null });
      expect(JSON.parse(row.history)).toMatchObject([{ fence: 2 }]);
      const kept = await env.OBJECTS.head(objectKeys.transcript("default", row.id, 2));
      expect(kept).not.toBeNull();
    }
  });

  it("runs the tasks to a new end, with the overrides in their bodies", async () => {
    const fleet = testFleet();
    const id = await endedBatch(fleet, [dead, failed]);
    const rehearsal = [{ text: "now" }];
    await redrive(fleet, id, { mode: "restart", overrides: { rehearsal, attempts: 1 } });
    await deliverTo(
      bench(),
      fleet.tasks.sent.map((message) => message.task_id),
    );
    const results = await (await send(fleet, "GET", `/v1/batches/${id}/results`)).text();
    const outputs = results.trimEnd().split("\n");
    expect(outputs.map((line) => JSON.parse(line).output)).toEqual([
      { text: "now" },
      { text: "now" },
    ]);
    expect((await rowOf(batchTaskId(id, 0))).attempts).toBe(1);
  });

  it("goes page by page over more tasks than a page holds", async () => {
    const fleet = testFleet();
    const count = batchLimits.redriveTasksPerPage * 2 + 1;
    const id = await endedBatch(
      fleet,
      Array.from({ length: count }, () => dead),
    );
    const told = await (await redrive(fleet, id, { mode: "restart" })).json<Redriven>();
    expect(told).toMatchObject({ redriven: count, next_cursor: null });
    expect(indexes(fleet)).toEqual(Array.from({ length: count }, (_, index) => index));
  });

  it("continues behind the cursor that it is given", async () => {
    const fleet = testFleet();
    const id = await endedBatch(fleet, [dead, dead, dead]);
    await redrive(fleet, id, { mode: "restart", cursor: batchTaskId(id, 0) });
    expect(indexes(fleet)).toEqual([1, 2]);
  });

  it("stops when its time is up and says where to go on", async () => {
    const fleet = testFleet();
    const count = batchLimits.redriveTasksPerPage + 1;
    const id = await endedBatch(
      fleet,
      Array.from({ length: count }, () => dead),
    );
    const batch = await readBatch(env.DB, "default", id);
    if (batch === null) throw new Error(`there is no batch ${id}`);
    const admin: Principal = { tenant: "default", scopes: ["submit", "read", "admin"] };
    const told = await redriveBatch(fleet.env, admin, batch, { mode: "restart" }, Date.now());
    const cursor = batchTaskId(id, count - 2);
    expect(told).toMatchObject({ value: { redriven: count - 1, next_cursor: cursor } });
    await redrive(fleet, id, { mode: "restart", cursor });
    expect(indexes(fleet)).toEqual(Array.from({ length: count }, (_, index) => index));
  });

  it("twice at the same moment gives each task one run", async () => {
    const fleet = testFleet();
    const id = await endedBatch(fleet, [dead, dead]);
    const told = await Promise.all(
      [1, 2].map(async () => (await redrive(fleet, id, { mode: "restart" })).json<Redriven>()),
    );
    expect(told.reduce((sum, { redriven }) => sum + redriven, 0)).toBe(2);
    expect((await rowOf(batchTaskId(id, 0))).fence).toBe(3);
  });

  it("leaves a task whose body is gone, and says which", async () => {
    const fleet = testFleet();
    const id = await endedBatch(fleet, [dead, dead]);
    const gone = batchTaskId(id, 0);
    await env.DB.prepare("UPDATE tasks SET spec = NULL WHERE id = ?1").bind(gone).run();
    const answer = await redrive(fleet, id, { mode: "restart" });
    expect(await answer.json()).toMatchObject({
      redriven: 1,
      refused: 1,
      details: [{ path: gone, message: expect.stringContaining("body is gone") }],
    });
    expect((await rowOf(gone)).status).toBe("dead");
  });

  it("that was cancelled makes it run again", async () => {
    const fleet = testFleet();
    const id = await endedBatch(fleet, [null, null]);
    await send(fleet, "POST", `/v1/batches/${id}/cancel`);
    await deliverTo(bench(), [batchTaskId(id, 0), batchTaskId(id, 1)]);
    expect((await rowOf(batchTaskId(id, 0))).status).toBe("cancelled");
    await redrive(fleet, id, { mode: "restart" });
    const view = await send(fleet, "GET", `/v1/batches/${id}`);
    expect(await view.json()).toMatchObject({ status: "running", counts: { queued: 2 } });
  });

  it.each<[string, unknown, string, RegExp]>([
    ["no mode", {}, "mode", /missing/],
    [
      "a status that has no redrive",
      { mode: "restart", status: ["succeeded"] },
      "status[0]",
      /one of/,
    ],
    ["an unknown reason", { mode: "restart", reason: "bad luck" }, "reason", /one of/],
    ["a foreign cursor", { mode: "restart", cursor: "7" }, "cursor", /next_cursor/],
    [
      "an unknown override",
      { mode: "restart", overrides: { labels: {} } },
      "overrides.labels",
      /unknown field/,
    ],
  ])("refuses %s", async (_name, body, path, mend) => {
    const fleet = testFleet();
    const id = await endedBatch(fleet, [dead]);
    const answer = await redrive(fleet, id, body);
    expect(answer.status).toBe(422);
    const { error } = await answer.json<{ error: { details: Detail[] } }>();
    expect(error.details.find((detail) => detail.path === path)?.message).toMatch(mend);
    expect(fleet.tasks.sent).toEqual([]);
  });

  it("refuses overrides that no task may have", async () => {
    const fleet = testFleet();
    const id = await endedBatch(fleet, [dead, succeeded]);
    const answer = await redrive(fleet, id, { mode: "restart", overrides: { policy: "gone" } });
    expect(answer.status).toBe(422);
    const { error } = await answer.json<{ error: { details: Detail[] } }>();
    expect(error.details).toEqual([
      { path: batchTaskId(id, 0), message: expect.stringContaining('no policy "gone"') },
    ]);
    expect((await rowOf(batchTaskId(id, 0))).status).toBe("dead");
  });

  it("answers 404 for a batch that is not there", async () => {
    const answer = await redrive(testFleet(), "batch_01h455vb4pex5vsknk084sn02q", {
      mode: "restart",
    });
    expect(answer.status).toBe(404);
  });
});
