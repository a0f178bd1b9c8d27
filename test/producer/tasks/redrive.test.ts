import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Detail } from "../../../producer/http/problem.ts";
import type { Status } from "../../../shared/task/states.ts";
import { send, type TestFleet, task, testFleet } from "../client.ts";

/** A task in a given status. */
async function taskWith(fleet: TestFleet, status: Status, fields = {}): Promise<string> {
  const response = await send(fleet, "POST", "/v1/tasks", task(fields));
  const { id } = await response.json<{ id: string }>();
  const live = status === "queued" || status === "running";
  await env.DB.prepare(
    `UPDATE tasks SET status = ?2, reason = ?3, sweep_at = ?4, result_key = ?5, fence = 4,
       attempt = 3, finished_at = 1000, usage = '{"steps":9}',
       error = '{"code":"model_unavailable","message":"503","last_step":"2 model"}'
     WHERE id = ?1`,
  )
    .bind(
      id,
      status,
      live ? null : status === "succeeded" ? "completed" : "attempts_exhausted",
      live ? 9e15 : null,
      status === "succeeded" ? "x" : null,
    )
    .run();
  fleet.tasks.sent.length = 0;
  return id;
}

const redrive = (fleet: TestFleet, id: string, body: unknown) =>
  send(fleet, "POST", `/v1/tasks/${id}/redrive`, body);

describe("a redrive in mode restart", () => {
  it.each<Status>(["failed", "dead", "expired", "cancelled"])(
    "a %s task is queued again",
    async (status) => {
      const fleet = testFleet();
      const id = await taskWith(fleet, status);
      const response = await redrive(fleet, id, { mode: "restart" });
      expect(response.status).toBe(202);
      expect(await response.json()).toMatchObject({
        id,
        status: "queued",
        reason: null,
        attempt: 0,
        error: null,
        usage: { steps: 0 },
        history: [
          { fence: 4, status, finished_at: "1970-01-01T00:00:01.000Z", usage: { steps: 9 } },
        ],
      });
      expect(fleet.tasks.sent).toMatchObject([{ task_id: id }]);
    },
  );

  it.each<Status>(["queued", "running", "succeeded"])(
    "a %s task cannot be redriven",
    async (status) => {
      const fleet = testFleet();
      const id = await taskWith(fleet, status);
      const response = await redrive(fleet, id, { mode: "restart" });
      expect(response.status).toBe(409);
      expect(await response.text()).toContain(`this task is ${status}`);
      expect(fleet.tasks.sent).toEqual([]);
    },
  );

  it("overrides are merged into the body of the next run", async () => {
    const fleet = testFleet({ MODEL_BASE_URL: "http://127.0.0.1:9/v1" });
    const id = await taskWith(fleet, "dead", { prompt: "Old.", limits: { steps: 2 } });
    const rehearsal = [{ text: "again" }];
    const response = await redrive(fleet, id, {
      mode: "restart",
      overrides: {
        rehearsal,
        limits: { steps: 7 },
        attempts: 1,
        policy: "demo",
        sandbox: "isolate-v8",
      },
    });
    expect(await response.json()).toMatchObject({ policy: "demo", sandbox: "isolate-v8" });
    const row = await env.DB.prepare("SELECT spec, attempts FROM tasks WHERE id = ?1")
      .bind(id)
      .first<{ spec: string; attempts: number }>();
    expect(row?.attempts).toBe(1);
    expect(JSON.parse(row?.spec ?? "{}")).toMatchObject({
      prompt: "Old.",
      limits: { steps: 7 },
      rehearsal,
    });
  });

  it("a changed body that was too large for its row is stored in the row", async () => {
    const fleet = testFleet();
    const id = await taskWith(fleet, "dead", { input: "x".repeat(50_000) });
    await redrive(fleet, id, { mode: "restart", overrides: { prompt: "New." } });
    const row = await env.DB.prepare("SELECT spec FROM tasks WHERE id = ?1")
      .bind(id)
      .first<{ spec: string }>();
    expect(JSON.parse(row?.spec ?? "{}")).toMatchObject({
      prompt: "New.",
      input: "x".repeat(50_000),
    });
  });

  it("two concurrent redrives start one run", async () => {
    const fleet = testFleet();
    const id = await taskWith(fleet, "failed");
    const responses = await Promise.all([1, 2].map(() => redrive(fleet, id, { mode: "restart" })));
    expect(responses.map((response) => response.status).sort()).toEqual([202, 409]);
    const row = await env.DB.prepare("SELECT fence, history FROM tasks WHERE id = ?1")
      .bind(id)
      .first<{ fence: number; history: string }>();
    expect([row?.fence, JSON.parse(row?.history ?? "[]").length]).toEqual([5, 1]);
  });

  it.each<[string, unknown, string, RegExp]>([
    ["no mode", {}, "mode", /missing.*one of "restart", "resume"/],
    [
      "an unknown override",
      { mode: "restart", overrides: { labels: {} } },
      "overrides.labels",
      /unknown field/,
    ],
    [
      "an unknown policy",
      { mode: "restart", overrides: { policy: "missing" } },
      "policy",
      /Unknown policy "missing"/,
    ],
    [
      "a model without rehearsal turns",
      { mode: "restart", overrides: { model: "llama" } },
      "model",
      /MODEL_BASE_URL/,
    ],
  ])("a redrive with %s is rejected", async (_name, body, path, message) => {
    const fleet = testFleet();
    const id = await taskWith(fleet, "failed");
    const response = await redrive(fleet, id, body);
    expect(response.status).toBe(422);
    const { error } = await response.json<{ error: { details: Detail[] } }>();
    expect(error.details.find((detail) => detail.path === path)?.message).toMatch(message);
    const row = await env.DB.prepare("SELECT status FROM tasks WHERE id = ?1").bind(id).first();
    expect(row).toEqual({ status: "failed" });
  });
});

describe("cancelling a task", () => {
  it("a cancelled task is sent at once, even before its `not_before`", async () => {
    const fleet = testFleet();
    const later = new Date(Date.now() + 3_600_000).toISOString();
    const response = await send(fleet, "POST", "/v1/tasks", task({ not_before: later }));
    const { id } = await response.json<{ id: string }>();
    fleet.tasks.sent.length = 0;
    const cancelled = await send(fleet, "POST", `/v1/tasks/${id}/cancel`);
    expect(cancelled.status).toBe(202);
    expect(fleet.tasks.sent).toMatchObject([{ task_id: id, delaySeconds: 0 }]);
  });

  it.each<[Status, number]>([
    ["running", 202],
    ["succeeded", 409],
    ["dead", 409],
    ["cancelled", 202],
  ])("a cancel of a %s task is answered with %i", async (status, expected) => {
    const fleet = testFleet();
    const id = await taskWith(fleet, status);
    const response = await send(fleet, "POST", `/v1/tasks/${id}/cancel`);
    expect(response.status).toBe(expected);
    if (status !== "running") expect(fleet.tasks.sent).toEqual([]);
    // Whether it was asked before changes nothing.
    await env.DB.prepare("UPDATE tasks SET cancel_requested_at = 999 WHERE id = ?1").bind(id).run();
    const second = await send(fleet, "POST", `/v1/tasks/${id}/cancel`);
    expect(second.status).toBe(expected);
  });
});

describe("dead letters", () => {
  it("the list of dead letters has the dead tasks with their cause", async () => {
    const fleet = testFleet();
    await env.DB.prepare("DELETE FROM tasks").run();
    const ids = [
      await taskWith(fleet, "dead"),
      await taskWith(fleet, "failed"),
      await taskWith(fleet, "dead"),
    ];
    const first = await send(fleet, "GET", "/v1/dead_letters?limit=1");
    const page = await first.json<{ tasks: object[]; next_cursor: string }>();
    expect(page.tasks).toMatchObject([
      {
        id: ids[2],
        error: { code: "model_unavailable", message: "503" },
        cause: { code: "model_unavailable", last_step: "2 model" },
      },
    ]);
    const second = await send(fleet, "GET", `/v1/dead_letters?cursor=${page.next_cursor}`);
    expect(await second.json()).toMatchObject({ tasks: [{ id: ids[0] }], next_cursor: null });
  });
});
