import { createMessageBatch, evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import { readConfig } from "../../../consumer/config/config.ts";
import type { ConsumerEnv } from "../../../consumer/config/env.ts";
import { checkAdmission } from "../../../consumer/delivery/admission.ts";
import { closedBreaker } from "../../../consumer/governor/breaker.ts";
import consumer from "../../../consumer/index.ts";
import { objectKeys } from "../../../shared/files/objects.ts";
import { taskMessage } from "../../../shared/platform/message.ts";
import { requestCancel } from "../../../shared/store/tasks/tasks.ts";
import {
  acceptTask,
  readRow,
  readSteps,
  recordingQueue,
  type SentMessage,
  testConsumer,
} from "../harness.ts";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

let endpoints = 0;

const refusedForAnHour = (at: number) => ({
  kind: "outcome" as const,
  task: "other",
  observation: { kind: "refused" as const, at, retryAfterMs: 3_600_000 },
});

/** A consumer whose endpoint has just asked for a pause of an hour. */
async function consumerWithClosedModel(overrides: Record<string, unknown> = {}) {
  endpoints += 1;
  const url = `http://closed-${endpoints}.invalid/v1`;
  const governor = env.GOVERNOR.get(env.GOVERNOR.idFromName(`endpoint ${url}`));
  await governor.receive([refusedForAnHour(0)]);
  return testConsumer({ MODEL_BASE_URL: url, MODEL_RPM: "60", ...overrides });
}

async function deliverAs(on: ConsumerEnv, id: string, queue: string, model = "m"): Promise<void> {
  const body = taskMessage(id, model);
  const message = { id: "m", timestamp: new Date(), attempts: 1, body };
  await consumer.queue(createMessageBatch(queue, [message]), on);
}

test("a task is not claimed while its model is closed, and its message is requeued", async () => {
  const on = await consumerWithClosedModel();
  const id = await acceptTask({ prompt: "p", model: "m" });
  await deliverAs(on.env, id, "tasks");
  const row = await readRow(id);
  expect([row.status, row.fence, row.attempt]).toEqual(["queued", 0, 0]);
  expect(on.sent.map((sent) => sent.body.task_id)).toEqual([id]);
  expect(on.sent[0]?.delaySeconds).toBeGreaterThan(3_000);
});

test("a task that is cancelled or expired settles although its model is closed", async () => {
  const on = await consumerWithClosedModel();
  const cancelled = await acceptTask({ prompt: "p", model: "m" });
  await requestCancel(env.DB, "default", cancelled);
  const expired = await acceptTask({ prompt: "p", model: "m" }, { expires_at: Date.now() - 1 });
  await deliverAs(on.env, cancelled, "tasks");
  await deliverAs(on.env, expired, "tasks");
  expect([(await readRow(cancelled)).status, (await readRow(expired)).status]).toEqual([
    "cancelled",
    "expired",
  ]);
});

test("a low-priority task that is not admitted is requeued to the low-priority queue", async () => {
  const normal: SentMessage[] = [];
  const low: SentMessage[] = [];
  const on = await consumerWithClosedModel({
    TASKS: recordingQueue(normal),
    TASKS_LOW: recordingQueue(low),
  });
  const id = await acceptTask({ prompt: "p", model: "m" }, { priority: "low" });
  await deliverAs(on.env, id, "tasks-low");
  expect([normal.length, low.length]).toEqual([0, 1]);
});

/** Workers AI with a closed and an open model, each with its own governor. */
async function consumerWithTwoModels(overrides: Record<string, unknown> = {}) {
  endpoints += 1;
  const closedModel = `@cf/closed/${endpoints}`;
  const openModel = `@cf/open/${endpoints}`;
  const governor = env.GOVERNOR.get(env.GOVERNOR.idFromName(closedModel));
  await governor.receive([refusedForAnHour(0)]);
  const calledModels: string[] = [];
  const AI = {
    run: async (model: string) => {
      calledModels.push(model);
      return Response.json({ response: "hi", usage: { prompt_tokens: 4, completion_tokens: 1 } });
    },
  };
  return { on: testConsumer({ AI, ...overrides }), closedModel, openModel, calledModels };
}

test("a task whose model is closed runs on the fallback model that it lists", async () => {
  const { on, closedModel, openModel, calledModels } = await consumerWithTwoModels();
  const id = await acceptTask({ prompt: "p", model: closedModel, fallback_models: [openModel] });
  await deliverAs(on.env, id, "tasks", closedModel);
  expect([(await readRow(id)).status, calledModels]).toEqual(["succeeded", [openModel]]);
  expect((await readSteps(id)).map(({ name }) => name)).toEqual([openModel]);
});

test("a task with a large body and a task with the deployment's fallback model run on it, too", async () => {
  const { on, closedModel, openModel } = await consumerWithTwoModels();
  const large = { prompt: "p".repeat(20_000), model: closedModel, fallback_models: [openModel] };
  const inR2 = await acceptTask(large, { spec: null });
  await env.OBJECTS.put(objectKeys.spec("default", inR2), JSON.stringify(large));
  await deliverAs(on.env, inR2, "tasks", closedModel);
  const deployed = testConsumer({ AI: on.env.AI, FALLBACK_MODELS: openModel });
  const unlisted = await acceptTask({ prompt: "p", model: closedModel });
  await deliverAs(deployed.env, unlisted, "tasks", closedModel);
  expect([(await readRow(inR2)).status, (await readRow(unlisted)).status]).toEqual([
    "succeeded",
    "succeeded",
  ]);
});

test("a task without fallback models waits for its own model", async () => {
  const { on, closedModel, openModel, calledModels } = await consumerWithTwoModels();
  const none = await acceptTask({ prompt: "p", model: closedModel });
  await deliverAs(on.env, none, "tasks", closedModel);
  const taskId = await acceptTask({ prompt: "p", model: closedModel, fallback_models: [] });
  const deployed = testConsumer({ AI: on.env.AI, FALLBACK_MODELS: openModel });
  await deliverAs(deployed.env, taskId, "tasks", closedModel);
  expect([(await readRow(none)).fence, (await readRow(taskId)).fence, calledModels]).toEqual([
    0,
    0,
    [],
  ]);
});

test.each([
  [30_000, "waits for it"],
  [30_001, "takes its fallback model"],
])("a task whose own model is free again in %i ms %s", async (ms, end) => {
  const { on, closedModel, openModel } = await consumerWithTwoModels();
  const now = Date.now();
  vi.spyOn(Date, "now").mockReturnValue(now);
  const until = now + ms;
  const GOVERNOR = {
    idFromName: (name: string) => name,
    get: (name: string) => ({
      admit: async () => ({
        permit:
          name === openModel
            ? { granted: true, at: now, isNew: true, isProbe: false }
            : { granted: false, until, isSurplus: false },
        breaker: closedBreaker,
      }),
    }),
  };
  const config = await readConfig({ ...on.env, GOVERNOR } as unknown as ConsumerEnv);
  const id = await acceptTask({ prompt: "p", model: closedModel, fallback_models: [openModel] });
  const admission = await checkAdmission(config, taskMessage(id, closedModel), false);
  expect(admission.ok ? admission.value.model : admission.error.waitMs).toBe(
    end === "waits for it" ? ms : openModel,
  );
});

test("an admission is revoked when the message has no task", async () => {
  const { on, openModel } = await consumerWithTwoModels();
  await deliverAs(on.env, "task_unknown", "tasks", openModel);
  const governor = env.GOVERNOR.get(env.GOVERNOR.idFromName(openModel));
  expect(await governor.snapshot(60)).toMatchObject({ inProgress: 0 });
});

test("a governor keeps its rate, the number of its slots and a pause when it is evicted", async () => {
  const stub = env.GOVERNOR.get(env.GOVERNOR.idFromName("@cf/evicted/one"));
  const request = (task: string) => ({ task, requestsPerMinute: 1 });
  const admission = (task: string) => ({
    ...request(task),
    slot: "s",
    reservesCall: true,
    isRefill: false,
  });
  await stub.grant(request("a"));
  await evictDurableObject(stub);
  expect(await stub.snapshot(1)).toMatchObject({ inProgress: 1 });
  expect((await stub.grant(request("a"))).permit).toMatchObject({ granted: false });
  expect(await stub.snapshot(1)).toMatchObject({ inProgress: 1 });
  expect((await stub.admit(admission("b"))).permit).toMatchObject({ granted: false });
  await stub.receive([refusedForAnHour(Date.now() + 1)]);
  await evictDurableObject(stub);
  const { permit } = await stub.admit(admission("a"));
  expect(permit?.granted === false ? permit.until - Date.now() : 0).toBeGreaterThan(3_500_000);
});
