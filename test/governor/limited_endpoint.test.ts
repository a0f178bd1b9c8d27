/**
 * The governor against an endpoint with a limit, in simulated time: the pure limiter with the consumer's
 * client. Deliveries and the loop are a few lines here; test/consumer/delivery/limited_endpoint.test.ts runs
 * the real ones against the same endpoint.
 */
import { afterEach, expect, test, vi } from "vitest";
import type { ConsumerConfig } from "../../consumer/config/config.ts";
import { refillMs } from "../../consumer/delivery/refill_time.ts";
import {
  admitTask,
  leaveWaitlist,
  pauseSlot,
  releaseSlots,
  reportOutcome,
  sendAllReports,
  takeSlot,
  waitForPermit,
} from "../../consumer/governor/client.ts";
import { retryDelayMs } from "../../consumer/slice/outcome.ts";
import { sweepLimits } from "../../shared/limits.ts";
import { failure } from "../../shared/task/failures.ts";
import { Random } from "../chaos/random.ts";
import { LimitedEndpoint } from "./limited_endpoint.ts";
import { isolatesWithGovernor, noUse } from "./memory_governor.ts";
import { SimulatedTime } from "./simulated_time.ts";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const reply = {
  text: "",
  reasoning: "",
  calls: [],
  finish: "stop" as const,
  quirks: [],
  usage: {
    prompt_tokens: 1,
    cached_tokens: 0,
    completion_tokens: 1,
    neurons: null,
    estimated: false,
  },
};

interface Task {
  id: string;
  callsMade: number;
  attempts: number;
}

interface Scene {
  limit: number;
  tasks: number;
  calls: number;
  /** The share of permitted calls that fail by chance. */
  failureShare: number;
  /** The retry-after of a 429; absent where it has none. */
  retryAfterMs?: number;
}

/** Isolates that share the deliveries: each remembers for itself what the governor answered. */
const isolates = 25;
/** The sweep sends so many hints each minute for tasks that wait. */
const hints = sweepLimits.hintsPerTickMax;

async function play({ limit, tasks, calls, failureShare, retryAfterMs }: Scene) {
  const time = new SimulatedTime({ real: false });
  const random = new Random(11).fork(`limit ${limit}`);
  const endpoint = new LimitedEndpoint({ limit, failureShare }, time, random);
  const use = noUse();
  const configs = isolatesWithGovernor(isolates, limit, use);
  const retryAfter = retryAfterMs === undefined ? {} : { retryAfterMs };
  const waits: number[] = [];
  const queued: Task[] = [];
  let deliveries = 0;
  let failedAttempts = 0;
  let live = tasks;

  /** Makes one call and reports it. Returns its status, or the delay until the task may run again. */
  async function callOnce(
    config: ConsumerConfig,
    task: string,
  ): Promise<{ status: number } | { delayMs: number }> {
    const requestedAt = time.now;
    const permit = await waitForPermit(config, { id: task, created_at: requestedAt }, "m");
    waits.push(time.now - requestedAt);
    if (!permit.ok) return { delayMs: permit.error.retryAfterMs ?? 60_000 };
    const status = await endpoint.call();
    const code = status === 429 ? "model_busy" : "model_unavailable";
    const outcome =
      status === 200
        ? { ok: true as const, reply }
        : { ok: false as const, failure: failure(code, "no", retryAfter) };
    await reportOutcome(config, { task, model: "m", call: permit.value }, outcome);
    return { status };
  }

  /** Makes the calls of a task; returns the delay until it may continue, or 0 when it has ended. */
  async function run(config: ConsumerConfig, task: Task): Promise<number> {
    while (task.callsMade < calls) {
      const result = await callOnce(config, task.id);
      if ("status" in result && result.status === 200) task.callsMade += 1;
      else {
        pauseSlot(config, "m", task.id, task.id);
        if ("delayMs" in result) return result.delayMs;
        if (result.status === 429) return retryAfterMs ?? 60_000;
        failedAttempts += 1;
        return retryDelayMs(task.attempts++, random.next());
      }
      await time.sleep(random.int(200));
    }
    releaseSlots(config, task.id, ["m"]);
    live -= 1;
    return 0;
  }

  /** A message opens a worker, which takes one queued task after another. */
  async function work(message: string): Promise<void> {
    deliveries += 1;
    const config = configs[random.int(isolates)] as ConsumerConfig;
    const until = time.now + refillMs(random.next());
    for (let isRefill = false; time.now < until; isRefill = true) {
      const admission = await admitTask(config, { task: message, model: "m", isRefill });
      if (!admission.ok) {
        const { waitMs, isSurplus } = admission.error;
        if (isSurplus) break;
        if (queued.some(({ id }) => id === message)) send(message, waitMs);
        else leaveWaitlist(config, "m", message);
        break;
      }
      const { slot, isNew } = admission.value;
      const task = queued.shift();
      if (task === undefined) {
        if (slot !== null && isNew) releaseSlots(config, slot, ["m"]);
        else if (slot !== null) pauseSlot(config, "m", slot, message);
        break;
      }
      if (slot !== null) takeSlot(config, "m", slot, task.id);
      const delayMs = await run(config, task);
      if (delayMs > 0) requeue(task, delayMs);
    }
    await sendAllReports(config);
  }

  function send(message: string, delayMs: number): void {
    void time.sleep(Math.ceil(delayMs / 1000) * 1000 + random.int(300)).then(() => work(message));
  }

  function requeue(task: Task, delayMs: number): void {
    void time.sleep(delayMs).then(() => queued.unshift(task));
    send(task.id, delayMs);
  }

  async function sweep(): Promise<void> {
    while (live > 0) {
      await time.sleep(60_000);
      for (const { id } of queued.slice(0, hints)) send(id, 0);
    }
  }

  for (let n = 0; n < tasks; n++) queued.push({ id: `t${n}`, callsMade: 0, attempts: 0 });
  for (const { id } of queued) send(id, random.int(3_000));
  void sweep();
  const finished = await time.run(() => live === 0);
  return {
    finished,
    endpoint,
    waits,
    deliveries,
    requestsPerCall: use.requests / (tasks * calls),
    failedAttempts,
    minutes: time.elapsedMs / 60_000,
  };
}

/** Thousands of calls take seconds on an idle machine. */
const patienceMs = 60_000;

const scenes = [
  { limit: 20, tasks: 50, calls: 4, failureShare: 0 },
  { limit: 20, tasks: 200, calls: 1, failureShare: 0 },
  { limit: 300, tasks: 750, calls: 4, failureShare: 0 },
  { limit: 300, tasks: 3_000, calls: 1, failureShare: 0 },
];

test.each(scenes)(
  "$tasks tasks of $calls calls use 95 % of $limit requests per minute, under 1 % refused",
  async (scene) => {
    const { finished, endpoint, waits, deliveries, minutes, requestsPerCall } = await play(scene);
    const { usedShare, refusedShare } = endpoint;
    console.info(
      JSON.stringify({ ...scene, usedShare, refusedShare, minutes, deliveries, requestsPerCall }),
    );
    expect(finished).toBe(true);
    expect(endpoint.permitted.length).toBe(scene.tasks * scene.calls);
    expect(usedShare).toBeGreaterThanOrEqual(0.95);
    expect(refusedShare).toBeLessThan(0.01);
    expect(Math.max(...waits)).toBeLessThanOrEqual(10_000);
    // Hints come at a constant rate, however slow the model is.
    expect(requestsPerCall).toBeLessThanOrEqual(scene.limit < 100 ? 7 : 1.5);
  },
  patienceMs,
);

test.each([
  { limit: 20, tasks: 50, calls: 4, failureShare: 0.5 },
  { limit: 300, tasks: 75, calls: 4, failureShare: 0.5, retryAfterMs: 5_000 },
])(
  "all calls are made although half of $limit requests per minute fail by chance",
  async (scene) => {
    const { finished, endpoint, waits, deliveries, failedAttempts, minutes } = await play(scene);
    console.info(
      JSON.stringify({
        ...scene,
        refusedShare: endpoint.refusedShare,
        failedAttempts,
        minutes,
        deliveries,
      }),
    );
    expect(finished).toBe(true);
    expect(failedAttempts).toBe(endpoint.down);
    expect(endpoint.refusedShare).toBeLessThan(0.01);
    expect(Math.max(...waits)).toBeLessThanOrEqual(10_000);
  },
  patienceMs,
);
