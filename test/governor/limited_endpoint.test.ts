/**
 * The governor's own claim, in simulated time: its pure core, and the code with which the
 * consumer asks it. What stands between the two, the deliveries and the loop, is here a few lines;
 * test/consumer/delivery/limited_endpoint.test.ts runs the real ones against the same endpoint.
 */
import { afterEach, expect, test, vi } from "vitest";
import type { ConsumerConfig } from "../../consumer/config/config.ts";
import { admit, permit, releaseSlots, reportOutcome } from "../../consumer/governor/client.ts";
import * as governing from "../../consumer/governor/limiter.ts";
import {
  confirm,
  emptyState,
  type LimiterAnswer,
  type Permit,
  type PermitRequest,
  record,
  release,
} from "../../consumer/governor/limiter.ts";
import type { Observation } from "../../consumer/governor/pace.ts";
import { retryDelayMs } from "../../consumer/slice/outcome.ts";
import { failure } from "../../shared/failures.ts";
import { Random } from "../chaos/random.ts";
import { LimitedEndpoint } from "./limited_endpoint.ts";
import { SimulatedTime } from "./simulated_time.ts";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** A fleet that is nothing but one governor, whose object here is a variable. */
function paced(limit: number): ConsumerConfig {
  let book = emptyState();
  const answer = ({ permit, book: next }: LimiterAnswer): Permit => {
    book = next;
    return permit;
  };
  const governor = {
    admit: async (ask: PermitRequest) => answer(governing.admit(book, ask, Date.now())),
    permit: async (ask: PermitRequest) => answer(governing.grant(book, ask, Date.now())),
    confirm: async (ask: PermitRequest & { at: number }) => answer(confirm(book, ask, Date.now())),
    heard: async (task: string, heard: Observation) => {
      book = record(book, task, heard, Date.now());
    },
    leave: async (task: string) => {
      book = release(book, task, Date.now());
    },
  };
  const env = {
    MODEL_BASE_URL: "http://limited.invalid/v1",
    MODEL_RPM: String(limit),
    GOVERNOR: { idFromName: (name: string) => name, get: () => governor },
  };
  return { env } as unknown as ConsumerConfig;
}

interface Scene {
  limit: number;
  tasks: number;
  calls: number;
  trouble: number;
  /** What a 429 says of when to come back; absent where it says nothing. */
  retryAfterMs?: number;
}

async function play({ limit, tasks, calls, trouble, retryAfterMs }: Scene) {
  const time = new SimulatedTime({ real: false });
  const random = new Random(11).fork(`limit ${limit}`);
  const endpoint = new LimitedEndpoint({ limit, trouble }, time, random);
  const fleet = paced(limit);
  const named = retryAfterMs === undefined ? {} : { retryAfterMs };
  const waits: number[] = [];
  let deliveries = 0;
  let failedTries = 0;
  let live = tasks;

  /** One message after the other; answers when the task is settled. */
  async function deliveriesOf(task: string): Promise<void> {
    let made = 0;
    let tries = 0;
    for (;;) {
      deliveries += 1;
      const admitted = await admit(fleet, task, "m");
      if (!admitted.ok) {
        await time.sleep(Math.ceil(admitted.waitMs / 1000) * 1000 + random.int(300));
        continue;
      }
      let backInMs = 0;
      while (made < calls && backInMs === 0) {
        const asked = time.now;
        const slot = await permit(fleet, task, "m");
        waits.push(time.now - asked);
        if (!slot.ok) {
          backInMs = slot.failure.retryAfterMs ?? 60_000;
          break;
        }
        const status = await endpoint.call();
        const code = status === 429 ? "model_busy" : "model_unavailable";
        const usage = { prompt_tokens: 1, cached_tokens: 0, completion_tokens: 1, neurons: null };
        await reportOutcome(
          fleet,
          { task, model: "m", at: slot.at },
          status === 200
            ? {
                ok: true,
                reply: {
                  text: "",
                  reasoning: "",
                  calls: [],
                  finish: "stop",
                  quirks: [],
                  usage: { ...usage, estimated: false },
                },
              }
            : { ok: false, failure: failure(code, "no", named) },
        );
        if (status === 200) made += 1;
        else if (status === 429) backInMs = retryAfterMs ?? 60_000;
        else {
          failedTries += 1;
          backInMs = retryDelayMs(tries++, random.next());
        }
        await time.sleep(random.int(200));
      }
      if (made === calls) break;
      await time.sleep(Math.ceil(backInMs / 1000) * 1000);
    }
    await releaseSlots(fleet, task, ["m"]);
    live -= 1;
  }

  for (let n = 0; n < tasks; n++) void deliveriesOf(`t${n}`);
  const finished = await time.run(() => live === 0);
  return {
    finished,
    endpoint,
    waits,
    deliveries,
    failedTries,
    minutes: time.elapsedMs / 60_000,
  };
}

/** Thousands of calls: seconds where the machine is idle. */
const patienceMs = 60_000;

const scenes = [
  { limit: 20, tasks: 50, calls: 4, trouble: 0 },
  { limit: 20, tasks: 200, calls: 1, trouble: 0 },
  { limit: 300, tasks: 750, calls: 4, trouble: 0 },
  { limit: 300, tasks: 3_000, calls: 1, trouble: 0 },
];

test.each(scenes)(
  "of $limit requests a minute, $tasks tasks of $calls calls use 95 % and are refused under 1 %",
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
  { limit: 20, tasks: 50, calls: 4, trouble: 0.5 },
  { limit: 300, tasks: 75, calls: 4, trouble: 0.5, retryAfterMs: 5_000 },
])(
  "of $limit requests a minute, half of which fail by chance, all are made in the end",
  async (scene) => {
    const { finished, endpoint, waits, deliveries, failedTries, minutes } = await play(scene);
    console.info(
      JSON.stringify({
        ...scene,
        refusedShare: endpoint.refusedShare,
        failedTries,
        minutes,
        deliveries,
      }),
    );
    expect(finished).toBe(true);
    expect(failedTries).toBe(endpoint.down);
    expect(endpoint.refusedShare).toBeLessThan(0.01);
    expect(Math.max(...waits)).toBeLessThanOrEqual(10_000);
  },
  patienceMs,
);
