import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Detail } from "../../producer/http/problem.ts";
import type { Status } from "../../shared/states.ts";
import { send, type TestFleet, task, testFleet } from "./client.ts";

/** A task that ended as told. */
async function ended(fleet: TestFleet, status: Status, more = {}): Promise<string> {
  const answer = await send(fleet, "POST", "/v1/tasks", task(more));
  const { id } = await answer.json<{ id: string }>();
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

const again = (fleet: TestFleet, id: string, body: unknown) =>
  send(fleet, "POST", `/v1/tasks/${id}/redrive`, body);

describe("redriving a task from the start", () => {
  it.each<Status>(["failed", "dead", "expired", "cancelled"])(
    "takes one that is %s",
    async (status) => {
      const fleet = testFleet();
      const id = await ended(fleet, status);
      const answer = await again(fleet, id, { mode: "restart" });
      expect(answer.status).toBe(202);
      expect(await answer.json()).toMatchObject({
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

  it.each<Status>(["queued", "running", "succeeded"])("leaves one that is %s", async (status) => {
    const fleet = testFleet();
    const id = await ended(fleet, status);
    const answer = await again(fleet, id, { mode: "restart" });
    expect(answer.status).toBe(409);
    expect(await answer.text()).toContain(`this task is ${status}`);
    expect(fleet.tasks.sent).toEqual([]);
  });

  it("merges the overrides into the body that the next run reads", async () => {
    const fleet = testFleet({ MODEL_BASE_URL: "http://127.0.0.1:9/v1" });
    const id = await ended(fleet, "dead", { prompt: "Old.", limits: { steps: 2 } });
    const rehearsal = [{ text: "again" }];
    const answer = await again(fleet, id, {
      mode: "restart",
      overrides: {
        rehearsal,
        limits: { steps: 7 },
        attempts: 1,
        policy: "demo",
        sandbox: "isolate-v8",
      },
    });
    expect(await answer.json()).toMatchObject({ policy: "demo", sandbox: "isolate-v8" });
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

  it("keeps a changed body whole that was too large for its row", async () => {
    const fleet = testFleet();
    const id = await ended(fleet, "dead", { input: "x".repeat(50_000) });
    await again(fleet, id, { mode: "restart", overrides: { prompt: "New." } });
    const row = await env.DB.prepare("SELECT spec FROM tasks WHERE id = ?1")
      .bind(id)
      .first<{ spec: string }>();
    expect(JSON.parse(row?.spec ?? "{}")).toMatchObject({
      prompt: "New.",
      input: "x".repeat(50_000),
    });
  });

  it("gives two at the same moment one run", async () => {
    const fleet = testFleet();
    const id = await ended(fleet, "failed");
    const answers = await Promise.all([1, 2].map(() => again(fleet, id, { mode: "restart" })));
    expect(answers.map((answer) => answer.status).sort()).toEqual([202, 409]);
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
      { mode: "restart", overrides: { policy: "gone" } },
      "policy",
      /no policy "gone"/,
    ],
    [
      "another model for turns",
      { mode: "restart", overrides: { model: "llama" } },
      "model",
      /MODEL_BASE_URL/,
    ],
  ])("refuses %s", async (_name, body, path, mend) => {
    const fleet = testFleet();
    const id = await ended(fleet, "failed");
    const answer = await again(fleet, id, body);
    expect(answer.status).toBe(422);
    const { error } = await answer.json<{ error: { details: Detail[] } }>();
    expect(error.details.find((detail) => detail.path === path)?.message).toMatch(mend);
    const row = await env.DB.prepare("SELECT status FROM tasks WHERE id = ?1").bind(id).first();
    expect(row).toEqual({ status: "failed" });
  });
});

describe("cancelling a task", () => {
  it("asks for it and sends the message at once", async () => {
    const fleet = testFleet();
    const later = new Date(Date.now() + 3_600_000).toISOString();
    const answer = await send(fleet, "POST", "/v1/tasks", task({ not_before: later }));
    const { id } = await answer.json<{ id: string }>();
    fleet.tasks.sent.length = 0;
    const cancelled = await send(fleet, "POST", `/v1/tasks/${id}/cancel`);
    expect(cancelled.status).toBe(202);
    expect(fleet.tasks.sent).toMatchObject([{ task_id: id, delaySeconds: 0 }]);
  });

  it.each<[Status, number]>([
    ["succeeded", 409],
    ["dead", 409],
    ["cancelled", 202],
  ])("of one that is %s answers %i", async (status, expected) => {
    const fleet = testFleet();
    const id = await ended(fleet, status);
    const answer = await send(fleet, "POST", `/v1/tasks/${id}/cancel`);
    expect(answer.status).toBe(expected);
    expect(fleet.tasks.sent).toEqual([]);
  });
});

describe("dead letters", () => {
  it("are the dead tasks with their cause", async () => {
    const fleet = testFleet();
    await env.DB.prepare("DELETE FROM tasks").run();
    const ids = [
      await ended(fleet, "dead"),
      await ended(fleet, "failed"),
      await ended(fleet, "dead"),
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
