import { createMessageBatch, evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import type { ConsumerEnv } from "../../../consumer/config/env.ts";
import consumer from "../../../consumer/index.ts";
import { taskMessage } from "../../../shared/message.ts";
import { objectKeys } from "../../../shared/objects.ts";
import { requestCancel } from "../../../shared/store/tasks.ts";
import { accept, bench, recordingQueue, rowOf, type Sent, stepsOf } from "../harness.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

let endpoints = 0;

/** A fleet whose one endpoint has just asked for an hour's rest. */
async function closed(more: Record<string, unknown> = {}) {
  endpoints += 1;
  const url = `http://closed-${endpoints}.invalid/v1`;
  const governor = env.GOVERNOR.get(env.GOVERNOR.idFromName(`endpoint ${url}`));
  await governor.heard("other", { kind: "refused", at: 0, retryAfterMs: 3_600_000 });
  return bench({ MODEL_BASE_URL: url, MODEL_RPM: "60", ...more });
}

async function deliverAs(on: ConsumerEnv, id: string, queue: string, model = "m"): Promise<void> {
  const body = taskMessage(id, model);
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

/** A Workers AI whose models are those that it answers for; each has a governor of its own. */
async function twoModels(more: Record<string, unknown> = {}) {
  endpoints += 1;
  const closedModel = `@cf/closed/${endpoints}`;
  const openModel = `@cf/open/${endpoints}`;
  const governor = env.GOVERNOR.get(env.GOVERNOR.idFromName(closedModel));
  await governor.heard("other", { kind: "refused", at: 0, retryAfterMs: 3_600_000 });
  const asked: string[] = [];
  const AI = {
    run: async (model: string) => {
      asked.push(model);
      return Response.json({ response: "hi", usage: { prompt_tokens: 4, completion_tokens: 1 } });
    },
  };
  return { on: bench({ AI, ...more }), closedModel, openModel, asked };
}

test("a task whose model is closed is served by the fallback that it lists", async () => {
  const { on, closedModel, openModel, asked } = await twoModels();
  const id = await accept({ prompt: "p", model: closedModel, fallback_models: [openModel] });
  await deliverAs(on.env, id, "tasks", closedModel);
  expect([(await rowOf(id)).status, asked]).toEqual(["succeeded", [openModel]]);
  expect((await stepsOf(id)).map(({ name }) => name)).toEqual([openModel]);
});

test("so is one with a large body, and one that has the deployment's fallback", async () => {
  const { on, closedModel, openModel } = await twoModels();
  const large = { prompt: "p".repeat(20_000), model: closedModel, fallback_models: [openModel] };
  const inR2 = await accept(large, { spec: null });
  await env.OBJECTS.put(objectKeys.spec("default", inR2), JSON.stringify(large));
  await deliverAs(on.env, inR2, "tasks", closedModel);
  const deployed = bench({ AI: on.env.AI, FALLBACK_MODELS: openModel });
  const plain = await accept({ prompt: "p", model: closedModel });
  await deliverAs(deployed.env, plain, "tasks", closedModel);
  expect([(await rowOf(inR2)).status, (await rowOf(plain)).status]).toEqual([
    "succeeded",
    "succeeded",
  ]);
});

test("a task that lists none, or whose list is empty, waits for its own model", async () => {
  const { on, closedModel, openModel, asked } = await twoModels();
  const none = await accept({ prompt: "p", model: closedModel });
  await deliverAs(on.env, none, "tasks", closedModel);
  const empty = await accept({ prompt: "p", model: closedModel, fallback_models: [] });
  const deployed = bench({ AI: on.env.AI, FALLBACK_MODELS: openModel });
  await deliverAs(deployed.env, empty, "tasks", closedModel);
  expect([(await rowOf(none)).fence, (await rowOf(empty)).fence, asked]).toEqual([0, 0, []]);
});

test("a place is given back when the message turns out to have no task", async () => {
  const { on, openModel } = await twoModels();
  await deliverAs(on.env, "task_unknown", "tasks", openModel);
  const held = await runInDurableObject(
    env.GOVERNOR.get(env.GOVERNOR.idFromName(openModel)),
    async (_, state) => (await state.storage.get<{ places: { held: unknown[] } }>("book"))?.places,
  );
  expect(held?.held).toEqual([]);
});

test("an eviction of the governor forgets neither its rate, nor its places, nor a closing", async () => {
  const stub = env.GOVERNOR.get(env.GOVERNOR.idFromName("@cf/evicted/one"));
  const ask = (task: string) => ({ task, requestsPerMinute: 1 });
  await stub.permit(ask("a"));
  await evictDurableObject(stub);
  expect((await stub.permit(ask("a"))).granted).toBe(false);
  expect((await stub.admit(ask("b"))).granted).toBe(false);
  await stub.heard("a", { kind: "refused", at: Date.now() + 1, retryAfterMs: 3_600_000 });
  await evictDurableObject(stub);
  const later = await stub.admit(ask("a"));
  expect(later.granted ? 0 : later.until - Date.now()).toBeGreaterThan(3_500_000);
});
