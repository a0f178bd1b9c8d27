import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { sweep } from "../../../producer/sweep/sweep.ts";
import { countTasks, send, task, testFleet } from "../client.ts";

/** Only this test's rows are due. */
async function clearTasks(): Promise<void> {
  await env.DB.prepare("DELETE FROM tasks").run();
}

async function submitTask(fleet: ReturnType<typeof testFleet>, overrides = {}): Promise<string> {
  const response = await send(fleet, "POST", "/v1/tasks", task(overrides));
  expect(response.status).toBe(202);
  return (await response.json<{ id: string }>()).id;
}

describe("a message that could not be sent", () => {
  it("a failed send does not change the 202, and the sweep sends the message", async () => {
    await clearTasks();
    const fleet = testFleet();
    fleet.tasks.broken = "the queue is overloaded";
    const id = await submitTask(fleet);
    expect(fleet.tasks.sent).toEqual([]);
    fleet.tasks.broken = null;
    expect(await sweep(fleet.env)).toMatchObject({ due: 1, sent: 1 });
    expect(fleet.tasks.sent).toMatchObject([{ task_id: id, model: "rehearsal" }]);
    expect(await sweep(fleet.env)).toMatchObject({ due: 0, sent: 0 });
  });

  it("a message is due again at once when the sweep's own send fails", async () => {
    await clearTasks();
    const fleet = testFleet();
    fleet.tasks.broken = "the queue is overloaded";
    const id = await submitTask(fleet);
    expect(await sweep(fleet.env)).toMatchObject({ due: 1, sent: 0 });
    fleet.tasks.broken = null;
    await sweep(fleet.env);
    expect(fleet.tasks.sent.map((message) => message.task_id)).toEqual([id]);
  });

  it("a task that is due later than a message can be delayed is sent when it is due", async () => {
    await clearTasks();
    const fleet = testFleet();
    const id = await submitTask(fleet, {
      not_before: new Date(Date.now() + 3 * 86_400_000).toISOString(),
    });
    expect(fleet.tasks.sent).toEqual([]);
    expect(await sweep(fleet.env)).toMatchObject({ due: 0 });
    await env.DB.prepare("UPDATE tasks SET sweep_at = 0, not_before = 0 WHERE id = ?1")
      .bind(id)
      .run();
    await sweep(fleet.env);
    expect(fleet.tasks.sent).toMatchObject([{ task_id: id, delaySeconds: 0 }]);
  });
});

describe("a message that was sent and not delivered", () => {
  const waiting = (ms: number) =>
    env.DB.prepare("UPDATE tasks SET created_at = created_at - ?1, sent_at = sent_at - ?1")
      .bind(ms)
      .run();

  it.each([
    ["gets a hint if the backlog is short", 0, 31_000, 1],
    ["gets no hint if the backlog is long", 5_000, 31_000, 0],
    ["gets no hint while it may still be on its way", 0, 20_000, 0],
  ])("a task that waits without a message %s", async (_name, backlog, ms, hints) => {
    await clearTasks();
    const fleet = testFleet({ FLEET_MODE: "deployed" });
    await submitTask(fleet);
    fleet.tasks.sent.length = 0;
    await waiting(ms);
    fleet.tasks.backlog = backlog;
    expect(await sweep(fleet.env)).toMatchObject({ due: 0, hints });
    expect(fleet.tasks.sent).toHaveLength(hints);
  });

  it("a sweep sends at most a hundred hints, of the normal queue first", async () => {
    await clearTasks();
    const fleet = testFleet({ FLEET_MODE: "deployed" });
    const tasks = [...Array(80).fill({ priority: "low" }), ...Array(60).fill({})];
    await send(fleet, "POST", "/v1/batches", { defaults: task(), tasks });
    await countTasks();
    fleet.tasks.sent.length = 0;
    fleet.low.sent.length = 0;
    await waiting(31_000);
    expect(await sweep(fleet.env)).toMatchObject({ hints: 100 });
    expect([fleet.tasks.sent.length, fleet.low.sent.length]).toEqual([60, 40]);
  });

  it.each([
    ["local", 1],
    ["deployed", 0],
  ] as const)(
    "without queue metrics a %s fleet sends %i hints for a waiting task",
    async (mode, hints) => {
      await clearTasks();
      const fleet = testFleet({ FLEET_MODE: mode });
      await submitTask(fleet);
      await waiting(31_000);
      fleet.tasks.metrics = () => Promise.reject(new Error("no metrics"));
      expect(await sweep(fleet.env)).toMatchObject({ hints });
    },
  );

  it("two concurrent sweeps send each of 1,200 messages once", async () => {
    await clearTasks();
    const fleet = testFleet();
    await send(fleet, "POST", "/v1/batches", { defaults: task(), tasks: Array(1_200).fill({}) });
    expect(await countTasks()).toBe(1_200);
    fleet.tasks.sent.length = 0;
    await env.DB.prepare("UPDATE tasks SET sweep_at = 0").run();
    await Promise.all([sweep(fleet.env), sweep(fleet.env)]);
    expect(fleet.tasks.sent).toHaveLength(1_200);
    expect(new Set(fleet.tasks.sent.map((message) => message.task_id)).size).toBe(1_200);
  });
});

it("the sweep does not throw when a store fails", async () => {
  const fleet = testFleet();
  const broken = { ...fleet.env, DB: { prepare: () => fail() } as unknown as D1Database };
  expect(await sweep(broken)).toMatchObject({ due: 0, sent: 0 });
});

function fail(): never {
  throw new Error("D1_ERROR: no such table: tasks");
}
