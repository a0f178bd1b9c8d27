import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ConsumerEnv } from "../../../consumer/config/env.ts";
import consumer from "../../../consumer/index.ts";
import { leaseLimits, modelLimits } from "../../../shared/limits.ts";
import { taskMessage } from "../../../shared/platform/message.ts";
import { claimTask } from "../../../shared/store/tasks/claims.ts";
import type { DurableTask } from "../../../shared/task/task.ts";
import { acceptTask, finalAnswer, readRow, readSteps, testConsumer, toolCall } from "../harness.ts";
import { SimulatedTime } from "./simulated_time.ts";

let time: SimulatedTime;
beforeEach(() => {
  time = new SimulatedTime();
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const deployed = (overrides: Record<string, unknown> = {}) =>
  testConsumer({ FLEET_MODE: "deployed", DB: time.database, OBJECTS: time.bucket, ...overrides });

/** Delivers one batch. `decided` lists the messages' outcomes in the order in which they were decided. */
function deliver(on: ConsumerEnv, tasks: readonly { id: string; model: string }[]) {
  const decided: string[] = [];
  const messages = tasks.map(({ id, model }) => ({
    id,
    timestamp: new Date(time.now()),
    attempts: 1,
    body: taskMessage(id, model),
    ack: () => void decided.push(`ack ${id}`),
    retry: () => void decided.push(`retry ${id}`),
  }));
  const batch = { queue: "tasks", messages, ackAll() {}, retryAll() {} };
  const delivery = consumer.queue(batch as unknown as MessageBatch, on);
  return { done: delivery, decided };
}

const callMs = 30_000;

test("a task of 40 model calls of 30 s each runs in slices that exceed their time by at most one call", async () => {
  const turns = Array.from({ length: 39 }, (_, n) => ({
    ...toolCall("write_file", { path: `${n}.txt`, content: "x" }),
    delay_ms: callMs,
  }));
  const task: DurableTask = {
    prompt: "p",
    attempts: 1,
    limits: { steps: 100, model_calls: 50, seconds: 3_600 },
    rehearsal: [...turns, { ...finalAnswer(), delay_ms: callMs }],
  };
  const on = deployed();
  const id = await acceptTask(task);
  const from = time.now();
  for (let n = 0; n < 60 && (await readRow(id)).finished_at === null; n++) {
    const { done, decided } = deliver(on.env, [{ id, model: "rehearsal" }]);
    await time.until(done);
    expect(decided).toEqual([`ack ${id}`]);
  }
  const row = await readRow(id);
  // A slot may run several slices of the task, one after the other.
  expect(row).toMatchObject({ status: "succeeded", attempt: 0, fence: on.sent.length + 1 });
  expect((await readSteps(id)).filter(({ payload }) => payload.kind === "model")).toHaveLength(40);
  // The stores take real time, which the slice does not control.
  const storesMs = 20_000;
  expect((time.now() - from) / row.fence).toBeLessThan(leaseLimits.sliceMs + callMs + storesMs);
}, 120_000);

test.each([
  ["half a minute", 30_000],
  ["nearly five minutes", modelLimits.callMsMax - 10_000],
])(
  "the heartbeat keeps the lease through a model call of %s",
  async (_, ms) => {
    let calls = 0;
    let stolen = 0;
    vi.stubGlobal("fetch", async () => {
      calls += 1;
      const steps = Math.floor(ms / 10_000);
      for (let n = 0; n < steps; n++) {
        await new Promise<void>((resolve) => setTimeout(resolve, ms / steps));
        if ((await claimTask(time.database, id, "{}")) !== null) stolen += 1;
      }
      return Response.json({
        choices: [{ finish_reason: "stop", message: { role: "assistant", content: "hi" } }],
        usage: { prompt_tokens: 400, completion_tokens: 1 },
      });
    });
    const on = deployed({ MODEL_BASE_URL: "http://m.invalid/v1" });
    const id = await acceptTask({ prompt: "p", model: "m" });
    await time.until(deliver(on.env, [{ id, model: "m" }]).done);
    expect([stolen, calls, (await readRow(id)).error]).toEqual([0, 1, null]);
    expect(await readRow(id)).toMatchObject({ status: "succeeded", fence: 1 });
  },
  120_000,
);

test("a slow message of a batch does not delay the other messages", async () => {
  const on = deployed();
  const slow = await acceptTask({
    prompt: "p",
    rehearsal: [{ ...finalAnswer(), delay_ms: 60_000 }],
  });
  const fast = [
    await acceptTask({ prompt: "p", rehearsal: [finalAnswer()] }),
    await acceptTask({ prompt: "p", rehearsal: [finalAnswer()] }),
  ];
  const tasks = [slow, ...fast].map((id) => ({ id, model: "rehearsal" }));
  const { done, decided } = deliver(on.env, tasks);
  let whenSlowEnded: string[] = [];
  const settled = env.DB.prepare("SELECT status FROM tasks WHERE id = ?1");
  await time.until(
    done.then(async () => {
      whenSlowEnded = [...decided];
    }),
  );
  expect(whenSlowEnded.at(-1)).toBe(`ack ${slow}`);
  expect(whenSlowEnded.slice(0, 2).sort()).toEqual(fast.map((id) => `ack ${id}`).sort());
  for (const id of [slow, ...fast])
    expect(await settled.bind(id).first("status")).toBe("succeeded");
});
