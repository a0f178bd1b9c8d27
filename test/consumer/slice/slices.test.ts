import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ConsumerEnv } from "../../../consumer/config/env.ts";
import consumer from "../../../consumer/index.ts";
import { leaseLimits, modelLimits } from "../../../shared/limits.ts";
import { taskMessage } from "../../../shared/message.ts";
import { claim } from "../../../shared/store/claims.ts";
import type { DurableTask } from "../../../shared/task.ts";
import { accept, bench, call, finish, rowOf, stepsOf } from "../harness.ts";
import { SimulatedTime } from "./simulated_time.ts";

let time: SimulatedTime;
beforeEach(() => {
  time = new SimulatedTime();
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const deployed = (more: Record<string, unknown> = {}) =>
  bench({ FLEET_MODE: "deployed", DB: time.database, OBJECTS: time.bucket, ...more });

/** Delivers as the platform does; answers each message's fate in the order in which they were decided. */
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
  const done = consumer.queue(batch as unknown as MessageBatch, on);
  return { done, decided };
}

const callMs = 30_000;

test("a task of 40 model calls of 30 s each finishes in slices, each within its budget and one call", async () => {
  const turns = Array.from({ length: 39 }, (_, n) => ({
    ...call("write_file", { path: `${n}.txt`, content: "x" }),
    delay_ms: callMs,
  }));
  const task: DurableTask = {
    prompt: "p",
    attempts: 1,
    limits: { steps: 100, model_calls: 50, seconds: 3_600 },
    rehearsal: [...turns, { ...finish(), delay_ms: callMs }],
  };
  const on = deployed();
  const id = await accept(task);
  const slicesMs: number[] = [];
  while ((await rowOf(id)).finished_at === null && slicesMs.length < 60) {
    const from = time.now();
    const { done, decided } = deliver(on.env, [{ id, model: "rehearsal" }]);
    await time.until(done);
    slicesMs.push(time.now() - from);
    expect(decided).toEqual([`ack ${id}`]);
  }
  const row = await rowOf(id);
  expect(row).toMatchObject({ status: "succeeded", attempt: 0, fence: slicesMs.length });
  expect((await stepsOf(id)).filter(({ payload }) => payload.kind === "model")).toHaveLength(40);
  // The stores take real time, which is not the slice's to hold.
  const storesMs = 20_000;
  expect(Math.max(...slicesMs)).toBeLessThan(leaseLimits.sliceMs + callMs + storesMs);
  expect(on.sent).toHaveLength(slicesMs.length - 1);
}, 120_000);

test.each([
  ["half a minute", 30_000],
  ["nearly five minutes", modelLimits.callMsMax - 10_000],
])(
  "the heartbeat keeps the lease through a model call of %s",
  async (_, ms) => {
    let asked = 0;
    let stolen = 0;
    vi.stubGlobal("fetch", async () => {
      asked += 1;
      const steps = Math.floor(ms / 10_000);
      for (let n = 0; n < steps; n++) {
        await new Promise<void>((resolve) => setTimeout(resolve, ms / steps));
        if ((await claim(time.database, id, "{}")) !== null) stolen += 1;
      }
      return Response.json({
        choices: [{ finish_reason: "stop", message: { role: "assistant", content: "hi" } }],
        usage: { prompt_tokens: 400, completion_tokens: 1 },
      });
    });
    const on = deployed({ MODEL_BASE_URL: "http://m.invalid/v1" });
    const id = await accept({ prompt: "p", model: "m" });
    await time.until(deliver(on.env, [{ id, model: "m" }]).done);
    expect([stolen, asked, (await rowOf(id)).error]).toEqual([0, 1, null]);
    expect(await rowOf(id)).toMatchObject({ status: "succeeded", fence: 1 });
  },
  120_000,
);

test("a slow message of a batch does not hold the others: they are settled and decided while it runs", async () => {
  const on = deployed();
  const slow = await accept({ prompt: "p", rehearsal: [{ ...finish(), delay_ms: 60_000 }] });
  const quick = [
    await accept({ prompt: "p", rehearsal: [finish()] }),
    await accept({ prompt: "p", rehearsal: [finish()] }),
  ];
  const all = [slow, ...quick].map((id) => ({ id, model: "rehearsal" }));
  const { done, decided } = deliver(on.env, all);
  let whenSlowEnded: string[] = [];
  const settled = env.DB.prepare("SELECT status FROM tasks WHERE id = ?1");
  await time.until(
    done.then(async () => {
      whenSlowEnded = [...decided];
    }),
  );
  expect(whenSlowEnded.at(-1)).toBe(`ack ${slow}`);
  expect(whenSlowEnded.slice(0, 2).sort()).toEqual(quick.map((id) => `ack ${id}`).sort());
  for (const id of [slow, ...quick])
    expect(await settled.bind(id).first("status")).toBe("succeeded");
});
