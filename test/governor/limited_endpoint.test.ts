/**
 * The governor against an endpoint with a limit, in simulated time: the pure limiter with the consumer's
 * client. Deliveries and the loop are a few lines here; test/consumer/delivery/limited_endpoint.test.ts runs
 * the real ones against the same endpoint.
 */
import { afterEach, expect, test, vi } from "vitest";
import {
  admitTask,
  releaseSlots,
  reportOutcome,
  waitForPermit,
} from "../../consumer/governor/client.ts";
import { retryDelayMs } from "../../consumer/slice/outcome.ts";
import { failure } from "../../shared/task/failures.ts";
import { Random } from "../chaos/random.ts";
import { LimitedEndpoint } from "./limited_endpoint.ts";
import { configWithGovernor } from "./memory_governor.ts";
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

interface Scene {
  limit: number;
  tasks: number;
  calls: number;
  /** The share of permitted calls that fail by chance. */
  failureShare: number;
  /** The retry-after of a 429; absent where it has none. */
  retryAfterMs?: number;
}

async function play({ limit, tasks, calls, failureShare, retryAfterMs }: Scene) {
  const time = new SimulatedTime({ real: false });
  const random = new Random(11).fork(`limit ${limit}`);
  const endpoint = new LimitedEndpoint({ limit, failureShare }, time, random);
  const config = configWithGovernor(limit);
  const retryAfter = retryAfterMs === undefined ? {} : { retryAfterMs };
  const waits: number[] = [];
  let deliveries = 0;
  let failedAttempts = 0;
  let live = tasks;

  /** Makes one call and reports it. Returns its status, or the delay until the task is delivered again. */
  async function callOnce(task: string): Promise<{ status: number } | { delayMs: number }> {
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
    await reportOutcome(config, { task, model: "m", at: permit.value.at }, outcome);
    return { status };
  }

  /** Delivers a task until it has made its calls. */
  async function deliver(task: string): Promise<void> {
    let callsMade = 0;
    let attempts = 0;
    while (callsMade < calls) {
      deliveries += 1;
      const admission = await admitTask(config, task, "m");
      if (!admission.ok) {
        await time.sleep(Math.ceil(admission.error.waitMs / 1000) * 1000 + random.int(300));
        continue;
      }
      let delayMs = 0;
      while (callsMade < calls && delayMs === 0) {
        const result = await callOnce(task);
        if ("delayMs" in result) {
          delayMs = result.delayMs;
          break;
        }
        if (result.status === 200) callsMade += 1;
        else if (result.status === 429) delayMs = retryAfterMs ?? 60_000;
        else {
          failedAttempts += 1;
          delayMs = retryDelayMs(attempts++, random.next());
        }
        await time.sleep(random.int(200));
      }
      if (callsMade < calls) await time.sleep(Math.ceil(delayMs / 1000) * 1000);
    }
    await releaseSlots(config, task, ["m"]);
    live -= 1;
  }

  for (let n = 0; n < tasks; n++) void deliver(`t${n}`);
  const finished = await time.run(() => live === 0);
  return {
    finished,
    endpoint,
    waits,
    deliveries,
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
    const { finished, endpoint, waits, deliveries, minutes } = await play(scene);
    const { usedShare, refusedShare } = endpoint;
    console.info(JSON.stringify({ ...scene, usedShare, refusedShare, minutes, deliveries }));
    expect(finished).toBe(true);
    expect(endpoint.permitted.length).toBe(scene.tasks * scene.calls);
    expect(usedShare).toBeGreaterThanOrEqual(0.95);
    expect(refusedShare).toBeLessThan(0.01);
    expect(Math.max(...waits)).toBeLessThanOrEqual(10_000);
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
