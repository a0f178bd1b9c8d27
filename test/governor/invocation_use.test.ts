/**
 * How well the slots of deployed invocations are used, simulated: exponential task durations, and a platform
 * that decides only when an invocation ends how many run, from 1 to 250.
 */
import { describe, expect, test } from "vitest";
import { refillMs } from "../../consumer/delivery/refill_time.ts";
import { Random } from "../chaos/random.ts";

const slotsOfInvocation = 4;
const invocationsMax = 250;

interface Result {
  /** The share of the slots' time in which they ran a task. */
  use: number;
  /** The time at which the maximum number of invocations ran, in ms. */
  fullAtMs: number;
}

/** `boundMs` draws how long an invocation takes further tasks. */
function simulate(tasks: number, meanMs: number, boundMs: (random: Random) => number): Result {
  const random = new Random(5).fork(`use ${meanMs}`);
  const ends: number[] = [];
  let remaining = tasks;
  let busyMs = 0;
  let openMs = 0;
  let running = 0;
  let fullAtMs = Number.POSITIVE_INFINITY;

  function start(time: number): void {
    running += 1;
    if (running === invocationsMax) fullAtMs = Math.min(fullAtMs, time);
    const bound = boundMs(random);
    let end = time;
    for (let slot = 0; slot < slotsOfInvocation; slot++) {
      let now = time;
      do {
        if (remaining === 0) break;
        remaining -= 1;
        const ms = -meanMs * Math.log(1 - random.next());
        busyMs += ms;
        now += ms;
      } while (now - time < bound);
      end = Math.max(end, now);
    }
    openMs += (end - time) * slotsOfInvocation;
    ends.push(end);
  }

  start(0);
  while (ends.length > 0) {
    const endTime = Math.min(...ends);
    ends.splice(ends.indexOf(endTime), 1);
    running -= 1;
    // A backlog lets the platform run one more than before.
    for (let n = 0; n < 2 && remaining > 0 && running < invocationsMax; n++) start(endTime);
  }
  return { use: busyMs / openMs, fullAtMs };
}

describe("invocations of four slots", () => {
  test("without refill, the longest of four tasks leaves the slots idle half of the time", () => {
    const { use } = simulate(100_000, 5_000, () => 0);
    expect(use).toBeGreaterThan(0.45);
    expect(use).toBeLessThan(0.5);
  });

  test.each([1_000, 5_000, 10_000])(
    "with refill, tasks of %i ms use at least nine tenths of the slots' time",
    (meanMs) => {
      const { use } = simulate(400_000, meanMs, (random) => refillMs(random.next()));
      expect(use).toBeGreaterThan(0.9);
    },
  );

  test("some invocations end early enough for the platform to start as many as it permits", () => {
    const { fullAtMs } = simulate(1_000_000, 5_000, (random) => refillMs(random.next()));
    expect(fullAtMs).toBeLessThan(15 * 60_000);
  });
});
