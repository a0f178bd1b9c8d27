import { expect, inject, test } from "vitest";
import { redriveOne, simulate, submit, submitBatch, type Trouble } from "./simulate.ts";
import { noTally } from "./tally.ts";
import { shapeNames } from "./workload.ts";

/**
 * Every call of a binding, in turn: a worker dies at its k-th call, before or after it was applied, once for
 * a task of each shape and for each operation of the producer. It takes minutes, so it is part of
 * `npm run test:chaos`; the ordinary test run has test/consumer/slice/killed.test.ts, one task at each call.
 */
const stride = inject("chaos")?.eachCall ?? 0;
const shapes = [...new Set(shapeNames)];
const callsMax = 80;

/** Deliveries one by one; the first of each task dies at its k-th call. */
const deliveries =
  (at: number, kind: "killed_before" | "killed_after"): Trouble =>
  async (world, plan) => {
    await world.calmDown();
    for (const batch of plan.batches) await submitBatch(world, batch);
    for (const one of plan.asked) await submit(world, one);
    const waiting = world.queue.messages.length;
    world.strikes = (who) => (who === "consumer" ? { kind, at, rate: 0 } : null);
    for (let n = 0; n < waiting; n++) await world.deliver(1);
    world.strikes = null;
  };

/** Submissions, sweeps and redrives; each dies at its k-th call. */
const requests =
  (at: number, kind: "killed_before" | "killed_after"): Trouble =>
  async (world, plan) => {
    await world.calmDown();
    world.strikes = (who) => (who === "producer" ? { kind, at, rate: 0 } : null);
    for (const batch of plan.batches) await submitBatch(world, batch);
    for (const one of plan.asked) await submit(world, one);
    for (let n = 0; n < 2; n++) {
      world.clock.advance(1_000_000);
      await world.sweep();
    }
    while ((await world.deliver(4)) > 0);
    await redriveOne(world, plan);
    world.strikes = null;
  };

test.skipIf(stride === 0).for([
  ["a delivery", "before", deliveries, 20],
  ["a delivery", "after", deliveries, 20],
  ["a submission, a sweep or a redrive", "before", requests, 12],
  ["a submission, a sweep or a redrive", "after", requests, 12],
] as const)(
  "%s that dies %s any one of its calls loses nothing and does nothing twice",
  { timeout: 600_000 },
  async ([_what, when, trouble, callsMin], { task }) => {
    let kills = 0;
    let k = 1;
    for (; k < callsMax; k += stride) {
      let struck = 0;
      const run = await simulate(
        { seed: 7, tasks: shapes.length, shapes, inTurn: true, clears: false },
        async (world, plan) => {
          await trouble(k, `killed_${when}`)(world, plan);
          struck = world.fired.length;
        },
      );
      expect([k, run.violations]).toEqual([k, []]);
      kills += struck;
      if (struck === 0) break;
    }
    task.meta.chaos = {
      tally: { ...noTally(), counts: { each_call_kills: kills } },
      violations: [],
    };
    expect(k).toBeGreaterThan(callsMin);
    expect(k).toBeLessThan(callsMax);
  },
);
