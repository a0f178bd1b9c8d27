/** A worker that dies while it sends: what the upstream saw is in the log, and it is charged. */
import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import { readEgress } from "../../../shared/store/egress/egress_log.ts";
import type { DurableTask } from "../../../shared/task/task.ts";
import {
  acceptTask,
  deliverMessages,
  finalAnswer,
  readRow,
  testConsumer,
  toolCall,
} from "../harness.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

const url = "https://orders.example/v1/orders";
const program = `await Promise.all([1, 2, 3].map((n) => fetch("${url}?n=" + n))); 1`;

interface Upstream {
  urls: string[];
  /** Answers the requests that come from now on. */
  recover(): void;
  /** Answers the requests that got no response. */
  release(): void;
}

/** An upstream that answers nothing until it recovers. */
function stubUpstream(): Upstream {
  const urls: string[] = [];
  const released = Promise.withResolvers<void>();
  let isDown = true;
  vi.stubGlobal("fetch", async (at: string) => {
    urls.push(at);
    if (isDown) await released.promise;
    return new Response("{}");
  });
  const recover = () => {
    isDown = false;
  };
  return { urls, recover, release: released.resolve };
}

const settings = { SECRET_ORDERS_TOKEN: "a-secret-of-this-test" };

/** The lease of the worker ends while its requests are in flight. */
async function loseWorker(id: string, upstream: Upstream, requests: number): Promise<void> {
  await vi.waitUntil(() => upstream.urls.length === requests, { timeout: 20_000, interval: 5 });
  await env.DB.prepare("UPDATE tasks SET lease_until = 1, sweep_at = 1 WHERE id = ?1")
    .bind(id)
    .run();
}

const usageOf = async (id: string): Promise<{ egress_requests?: number }> =>
  JSON.parse((await readRow(id)).usage);

test.each([
  ["fetch_url", toolCall("fetch_url", { url }), 1],
  ["a program", toolCall("run_code", { code: program }), 3],
] as const)(
  "the request of %s that was in flight is logged as unknown and stays charged",
  async (_, turn, requests) => {
    const task: DurableTask = {
      prompt: "p",
      policy: "demo",
      rehearsal: [turn, finalAnswer()],
      limits: { egress_requests: 20 },
    };
    const id = await acceptTask(task);
    const upstream = stubUpstream();
    const consumer = testConsumer(settings);
    const first = deliverMessages(consumer, [id]);
    await loseWorker(id, upstream, requests);
    const rows = await readEgress(env.DB, "default", id);
    expect(rows).toMatchObject([
      { seq: 2, host: "orders.example", reason: "unknown", status: null },
    ]);
    upstream.recover();
    await deliverMessages(testConsumer(settings), [id]);
    upstream.release();
    await first;
    expect(await readRow(id)).toMatchObject({ status: "succeeded", fence: 2 });
    const { egress_requests: charged = 0 } = await usageOf(id);
    expect(charged).toBeGreaterThanOrEqual(upstream.urls.length);
    expect(charged).toBeLessThanOrEqual(20);
    const after = await readEgress(env.DB, "default", id);
    expect(after.filter(({ reason }) => reason === "unknown")).toHaveLength(1);
    expect(after.filter(({ status }) => status === 200)).toHaveLength(requests);
  },
);

test("a task whose only attempt died while it sent is dead with that request in its log and usage", async () => {
  const task: DurableTask = {
    prompt: "p",
    policy: "demo",
    attempts: 1,
    rehearsal: [toolCall("fetch_url", { url }), finalAnswer()],
  };
  const id = await acceptTask(task);
  const upstream = stubUpstream();
  const first = deliverMessages(testConsumer(settings), [id]);
  await loseWorker(id, upstream, 1);
  // As if the model's reply had not been journaled: only then a lost worker costs an attempt.
  await env.DB.prepare("DELETE FROM steps WHERE task_id = ?1").bind(id).run();
  await deliverMessages(testConsumer(settings), [id]);
  upstream.release();
  await first;
  expect(await readRow(id)).toMatchObject({ status: "dead" });
  expect((await usageOf(id)).egress_requests).toBeGreaterThanOrEqual(1);
});

test("a restart does not pay for what a run before it was charged", async () => {
  const task: DurableTask = {
    prompt: "p",
    policy: "demo",
    rehearsal: [toolCall("fetch_url", { url }), finalAnswer()],
  };
  const id = await acceptTask(task);
  const upstream = stubUpstream();
  const first = deliverMessages(testConsumer(settings), [id]);
  await loseWorker(id, upstream, 1);
  const history = JSON.stringify([{ fence: 1, redriven: { mode: "restart" } }]);
  await env.DB.batch([
    env.DB.prepare("DELETE FROM steps WHERE task_id = ?1").bind(id),
    env.DB.prepare(
      "UPDATE tasks SET status = 'queued', lease_until = NULL, fence = 2, history = ?2 WHERE id = ?1",
    ).bind(id, history),
  ]);
  upstream.recover();
  upstream.release();
  await first;
  await deliverMessages(testConsumer(settings), [id]);
  expect((await usageOf(id)).egress_requests).toBe(1);
});
