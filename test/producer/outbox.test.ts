import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { sweep } from "../../producer/sweep/sweep.ts";
import { countTasks, send, task, testFleet } from "./client.ts";

/** Only this test's rows are due. */
async function clearTasks(): Promise<void> {
  await env.DB.prepare("DELETE FROM tasks").run();
}

async function submitted(fleet: ReturnType<typeof testFleet>, more = {}): Promise<string> {
  const answer = await send(fleet, "POST", "/v1/tasks", task(more));
  expect(answer.status).toBe(202);
  return (await answer.json<{ id: string }>()).id;
}

describe("a message that was not sent", () => {
  it("does not undo the 202, and the sweep sends it", async () => {
    await clearTasks();
    const fleet = testFleet();
    fleet.tasks.broken = "the queue is overloaded";
    const id = await submitted(fleet);
    expect(fleet.tasks.sent).toEqual([]);
    fleet.tasks.broken = null;
    expect(await sweep(fleet.env)).toMatchObject({ due: 1, sent: 1 });
    expect(fleet.tasks.sent).toMatchObject([{ task_id: id, model: "rehearsal" }]);
    expect(await sweep(fleet.env)).toMatchObject({ due: 0, sent: 0 });
  });

  it("is due again at once when the sweep's own send fails", async () => {
    await clearTasks();
    const fleet = testFleet();
    fleet.tasks.broken = "the queue is overloaded";
    const id = await submitted(fleet);
    expect(await sweep(fleet.env)).toMatchObject({ due: 1, sent: 0 });
    fleet.tasks.broken = null;
    await sweep(fleet.env);
    expect(fleet.tasks.sent.map((message) => message.task_id)).toEqual([id]);
  });

  it("waits in its row when it is due later than a message can be delayed", async () => {
    await clearTasks();
    const fleet = testFleet();
    const id = await submitted(fleet, {
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

describe("a message that was sent and never came", () => {
  it.each([
    ["is sent again while the backlog is small", 0, 1],
    ["is left to a long backlog", 5_000, 0],
  ])("%s", async (_name, backlog, due) => {
    await clearTasks();
    const fleet = testFleet();
    await submitted(fleet);
    fleet.tasks.sent.length = 0;
    await env.DB.prepare("UPDATE tasks SET sweep_at = 0").run();
    fleet.tasks.backlog = backlog;
    expect(await sweep(fleet.env)).toMatchObject({ due, sent: due, lost_too: due === 1 });
    expect(fleet.tasks.sent).toHaveLength(due);
  });

  it.each([
    ["local", true],
    ["deployed", false],
  ] as const)("counts as lost in a %s fleet whose queue cannot tell: %s", async (mode, lost) => {
    await clearTasks();
    const fleet = testFleet({ FLEET_MODE: mode });
    fleet.tasks.metrics = () => Promise.reject(new Error("no metrics"));
    expect(await sweep(fleet.env)).toMatchObject({ lost_too: lost });
  });

  it("of 1,200 tasks is sent once, by two sweeps at once", async () => {
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

it("the sweep survives a store that fails", async () => {
  const fleet = testFleet();
  const broken = { ...fleet.env, DB: { prepare: () => fail() } as unknown as D1Database };
  expect(await sweep(broken)).toMatchObject({ due: 0, sent: 0 });
});

function fail(): never {
  throw new Error("D1_ERROR: no such table: tasks");
}
