/** A limited endpoint and a whole consumer in front of it, in simulated time. */
import { createMessageBatch } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import type { ConsumerEnv } from "../../../consumer/config/env.ts";
import consumer from "../../../consumer/index.ts";
import { type TaskMessage, taskMessage } from "../../../shared/platform/message.ts";
import type { DurableTask } from "../../../shared/task/task.ts";
import { Random } from "../../chaos/random.ts";
import { LimitedEndpoint, type Limits } from "../../governor/limited_endpoint.ts";
import { type GovernorUse, memoryGovernor } from "../../governor/memory_governor.ts";
import { SimulatedTime } from "../../governor/simulated_time.ts";
import { acceptTask } from "../harness.ts";

export interface Scene extends Limits {
  tasks: number;
  /** Model calls of each task, the answer included. */
  calls: number;
  task?: Partial<DurableTask>;
}

export interface Played {
  endpoint: LimitedEndpoint;
  ids: string[];
  finished: boolean;
}

let endpoints = 0;

/** Submits the tasks at once and delivers what is due, as often as it takes, until every task is settled. */
export async function play(scene: Scene): Promise<Played> {
  const random = new Random(7).fork(`limit ${scene.limit}`);
  const time = new SimulatedTime({ real: true });
  const endpoint = new LimitedEndpoint(scene, time, random);
  const call = async () => new Response("no", { status: await endpoint.call() });
  const result = await deliverAll(scene, { time, random, call, rpm: scene.limit });
  return { endpoint, ...result };
}

export interface Stage {
  time: SimulatedTime;
  random: Random;
  /** What the endpoint answers; a reply takes the place of a 200. */
  call: () => Promise<Response>;
  /** Requests a minute; null without a limit. */
  rpm: number | null;
  /** Deliveries at once. */
  slots?: number;
  patience?: string;
  /** In place of the test's own; the clock stops for their calls. */
  bindings?: { DB: D1Database; OBJECTS: R2Bucket };
  /** Counts what the governor of a limited endpoint is asked. */
  use?: GovernorUse;
}

export async function deliverAll(
  scene: Pick<Scene, "tasks" | "calls" | "task">,
  stage: Stage,
): Promise<{ ids: string[]; finished: boolean; elapsedMs: number; deliveries: number }> {
  const { time, random, call, slots = Number.POSITIVE_INFINITY, patience } = stage;
  const observer = time.database(env.DB);
  let deliveries = 0;
  const ids: string[] = [];
  for (let n = 0; n < scene.tasks; n++) {
    ids.push(await acceptTask({ prompt: "p", model: "m", ...scene.task }));
  }
  vi.stubGlobal("fetch", answering(call, scene.calls));
  const live = new Set(ids);
  let busy = 0;
  let pending = 0;

  /** The queue: each message is delivered by itself, as soon as it is due and a slot is free. */
  async function deliver(body: TaskMessage, delayMs: number): Promise<void> {
    pending += 1;
    deliveries += 1;
    const timestamp = new Date(time.now);
    await time.sleep(delayMs);
    while (busy >= slots) await time.sleep(100);
    busy += 1;
    const message = { id: body.task_id, timestamp, attempts: 1, body };
    await consumer.queue(createMessageBatch("tasks", [message]), on);
    busy -= 1;
    // The slot may have run other tasks than the message's own.
    const settled = "SELECT id FROM tasks WHERE finished_at IS NOT NULL";
    const { results } = await observer.prepare(settled).all<{ id: string }>();
    for (const { id } of results) live.delete(id);
    pending -= 1;
  }
  const on = {
    ...surroundings(stage, (body, delaySeconds) => {
      void deliver(body, delaySeconds * 1000 + random.int(300));
    }),
    ...(patience === undefined ? {} : { MODEL_PATIENCE: patience }),
  };

  for (const id of ids) void deliver(taskMessage(id, "m"), random.int(2_000));
  const finished = await time.run(() => live.size === 0);
  const { elapsedMs } = time;
  // The last messages find nothing to do, but they do ask D1.
  await time.run(() => pending === 0);
  return { ids, finished, elapsedMs, deliveries };
}

function surroundings(
  { time, rpm, bindings = env, use }: Stage,
  send: (body: TaskMessage, delaySeconds: number) => void,
): ConsumerEnv {
  endpoints += 1;
  // A Durable Object that waits cannot be woken by another request's clock.
  const governor = memoryGovernor(use);
  const queue = {
    async send(body: TaskMessage, options?: QueueSendOptions) {
      send(body, options?.delaySeconds ?? 0);
    },
    async sendBatch(messages: readonly { body: TaskMessage; delaySeconds?: number }[]) {
      for (const { body, delaySeconds } of messages) send(body, delaySeconds ?? 0);
    },
  };
  return {
    ...env,
    FLEET_MODE: "deployed",
    MODEL_BASE_URL: `http://limited-${endpoints}.invalid/v1`,
    ...(rpm === null ? {} : { MODEL_RPM: String(rpm) }),
    DB: time.database(bindings.DB),
    OBJECTS: time.stoppingClock(bindings.OBJECTS),
    GOVERNOR: rpm === null ? governors(time) : { idFromName: String, get: () => governor },
    TASKS: queue,
    TASKS_LOW: queue,
  } as unknown as ConsumerEnv;
}

const governors = (time: SimulatedTime) => ({
  idFromName: (name: string) => env.GOVERNOR.idFromName(name),
  get: (id: DurableObjectId) => time.stoppingClock(env.GOVERNOR.get(id)),
});

/** Calls a tool until its last turn, and answers then. */
function answering(call: () => Promise<Response>, calls: number): typeof fetch {
  return (async (_url: string, init: RequestInit) => {
    const response = await call();
    if (response.status !== 200) return response;
    const { messages } = JSON.parse(String(init.body)) as { messages: { role: string }[] };
    const turn = messages.filter(({ role }) => role === "assistant").length;
    return Response.json(reply(turn + 1 >= calls));
  }) as unknown as typeof fetch;
}

function reply(last: boolean): unknown {
  const call = last
    ? { name: "final_answer", arguments: '{"text":"done"}' }
    : { name: "list_files", arguments: "{}" };
  const message = {
    role: "assistant",
    content: "",
    tool_calls: [{ id: "c", type: "function", function: call }],
  };
  return {
    choices: [{ index: 0, finish_reason: "tool_calls", message }],
    usage: { prompt_tokens: 900, completion_tokens: 20 },
  };
}
