/** Outages of a model endpoint without a rate limit, in simulated time: real deliveries, D1 and governor. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { Random } from "../../chaos/random.ts";
import { SimulatedTime } from "../../governor/simulated_time.ts";
import { readRow } from "../harness.ts";
import { deliverAll } from "./limited_scene.ts";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const timeoutMs = 120_000;
const slots = 12;
const callMs = 400;

interface Outage {
  /** When the endpoint is down, in ms since the start. */
  from: number;
  to: number;
  /** The status of a call during the outage. Null: the connection is refused. */
  status: number | null;
  headers?: Record<string, string>;
}

/** Counts the calls and when each arrived. */
async function play(tasks: number, outage: Outage, failureShare = 0, patience = "1h") {
  const time = new SimulatedTime({ real: true });
  const random = new Random(11).fork(`outage ${outage.to}`);
  const arrivals: number[] = [];
  const call = async (): Promise<Response> => {
    const nowTime = time.elapsedMs;
    arrivals.push(nowTime);
    await time.sleep(callMs);
    if (nowTime >= outage.from && nowTime < outage.to) {
      if (outage.status === null) throw new TypeError("connect ECONNREFUSED 127.0.0.1:9");
      return new Response("down", { status: outage.status, headers: outage.headers ?? {} });
    }
    return new Response("", { status: random.chance(failureShare) ? 503 : 200 });
  };
  const { ids, finished, elapsedMs } = await deliverAll(
    { tasks, calls: 2 },
    { time, random, call, rpm: null, slots, patience },
  );
  const rows = await Promise.all(ids.map(readRow));
  const ends = new Set(rows.map(({ status, reason, attempt }) => `${status} ${reason} ${attempt}`));
  return { finished, ends: [...ends], arrivals, elapsedMs };
}

describe("every task succeeds without using an attempt", () => {
  test.each([
    ["a minute of refused connections", { from: 1_500, to: 61_500, status: null }],
    ["ten minutes of 503", { from: 1_500, to: 601_500, status: 503 }],
    ["a minute of 502 from the start", { from: 0, to: 60_000, status: 502 }],
  ] as const)(
    "%s",
    async (_name, outage) => {
      const { finished, ends, arrivals, elapsedMs } = await play(24, outage);
      expect([finished, ends]).toEqual([true, ["succeeded completed 0"]]);
      // At most one call at a time probes, every 5 s.
      const probes = arrivals.filter((time) => time > outage.from + 10_000 && time < outage.to);
      expect(probes.length).toBeLessThanOrEqual((outage.to - outage.from) / 5_000);
      // The work is at full speed again within 10 s.
      expect(elapsedMs).toBeLessThan(outage.to + 20_000);
    },
    timeoutMs,
  );

  test(
    "30 % of the answers are 503 at random",
    async () => {
      const { finished, ends } = await play(40, { from: 0, to: 0, status: 503 }, 0.3);
      expect([finished, ends]).toEqual([true, ["succeeded completed 0"]]);
    },
    timeoutMs,
  );
});

test(
  "a 503 with Retry-After keeps all calls away until then",
  async () => {
    const weather = { from: 0, to: 5_000, status: 503, headers: { "retry-after": "60" } };
    const { finished, arrivals } = await play(16, weather);
    expect(finished).toBe(true);
    const first = Math.min(...arrivals);
    expect(arrivals.filter((time) => time > first + 3_000 && time < first + 60_000)).toEqual([]);
  },
  timeoutMs,
);

test(
  "after an outage of longer than MODEL_PATIENCE the tasks are dead, and say why",
  async () => {
    const weather = { from: 0, to: 7_200_000, status: null };
    const { finished, ends } = await play(8, weather, 0, "3m");
    expect([finished, ends]).toEqual([true, ["dead model_unavailable 0"]]);
  },
  timeoutMs,
);
