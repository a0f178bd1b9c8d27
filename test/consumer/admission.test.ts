import { createMessageBatch } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { ConsumerEnv } from "../../consumer/env.ts";
import consumer from "../../consumer/index.ts";
import { taskMessage } from "../../shared/message.ts";
import { requestCancel } from "../../shared/store/tasks.ts";
import { accept, bench, recordingQueue, rowOf, type Sent } from "./harness.ts";

let endpoints = 0;

/** A fleet whose one endpoint has just asked for an hour's rest. */
async function closed(more: Record<string, unknown> = {}) {
  endpoints += 1;
  const url = `http://closed-${endpoints}.invalid/v1`;
  const governor = env.GOVERNOR.get(env.GOVERNOR.idFromName(`endpoint ${url}`));
  await governor.heard({ kind: "refused", retryAfterMs: 3_600_000 });
  return bench({ MODEL_BASE_URL: url, MODEL_RPM: "60", ...more });
}

async function deliverAs(on: ConsumerEnv, id: string, queue: string): Promise<void> {
  const body = taskMessage(id, "m");
  const message = { id: "m", timestamp: new Date(), attempts: 1, body };
  await consumer.queue(createMessageBatch(queue, [message]), on);
}

test("a task is not claimed while its model is closed, and its message comes back", async () => {
  const on = await closed();
  const id = await accept({ prompt: "p", model: "m" });
  await deliverAs(on.env, id, "tasks");
  const row = await rowOf(id);
  expect([row.status, row.fence, row.attempt]).toEqual(["queued", 0, 0]);
  expect(on.sent.map((sent) => sent.body.task_id)).toEqual([id]);
  expect(on.sent[0]?.delaySeconds).toBeGreaterThan(3_000);
});

test("a task that is cancelled or expired settles although its model is closed", async () => {
  const on = await closed();
  const cancelled = await accept({ prompt: "p", model: "m" });
  await requestCancel(env.DB, "default", cancelled);
  const expired = await accept({ prompt: "p", model: "m" }, { expires_at: Date.now() - 1 });
  await deliverAs(on.env, cancelled, "tasks");
  await deliverAs(on.env, expired, "tasks");
  expect([(await rowOf(cancelled)).status, (await rowOf(expired)).status]).toEqual([
    "cancelled",
    "expired",
  ]);
});

test("a low-priority task that is turned away stays on its queue", async () => {
  const normal: Sent[] = [];
  const low: Sent[] = [];
  const on = await closed({ TASKS: recordingQueue(normal), TASKS_LOW: recordingQueue(low) });
  const id = await accept({ prompt: "p", model: "m" }, { priority: "low" });
  await deliverAs(on.env, id, "tasks-low");
  expect([normal.length, low.length]).toEqual([0, 1]);
});
