import { expect, inject, test } from "vitest";
import { emptyReport } from "./simulation/run_report.ts";
import { redriveOne, type Scenario, simulate, submit, submitBatch } from "./simulation/simulate.ts";
import { shapeNames } from "./simulation/workload.ts";

/**
 * A worker dies at its k-th call of a binding, before or after the call is applied, for every k, for a task of each
 * shape and for each operation of the producer. It takes minutes, so only `npm run test:chaos` runs it; `npm test`
 * has test/consumer/recovery/killed.test.ts, with one task.
 */
const stride = inject("chaos")?.eachCall ?? 0;
const shapes = [...new Set(shapeNames)];
/** A slot takes one task after another, so its calls do not end; the first ones cover every shape's start and end. */
const callsMax = 80;

/** A scenario of single deliveries; the first delivery of each task dies at its k-th call. */
const deliveries =
  (callNumber: number, kind: "killed_before" | "killed_after"): Scenario =>
  async (world, plan) => {
    await world.disableFaults();
    for (const batch of plan.batches) await submitBatch(world, batch);
    for (const each of plan.submissions) await submit(world, each);
    const waiting = world.queue.messages.length;
    world.faultFor = (worker) => (worker === "consumer" ? { kind, at: callNumber, rate: 0 } : null);
    for (let n = 0; n < waiting; n++) await world.deliver(1);
    world.faultFor = null;
  };

/** A scenario of submissions, sweeps and redrives, each of which dies at its k-th call. */
const requests =
  (callNumber: number, kind: "killed_before" | "killed_after"): Scenario =>
  async (world, plan) => {
    await world.disableFaults();
    world.faultFor = (worker) => (worker === "producer" ? { kind, at: callNumber, rate: 0 } : null);
    for (const batch of plan.batches) await submitBatch(world, batch);
    for (const each of plan.submissions) await submit(world, each);
    for (let n = 0; n < 2; n++) {
      world.clock.advance(1_000_000);
      await world.sweep();
    }
    while ((await world.deliver(4)) > 0);
    await redriveOne(world, plan);
    world.faultFor = null;
  };

test.skipIf(stride === 0).for([
  ["a delivery", "before", deliveries, 20],
  ["a delivery", "after", deliveries, 20],
  ["a submission, a sweep or a redrive", "before", requests, 12],
  ["a submission, a sweep or a redrive", "after", requests, 12],
] as const)(
  "%s that dies %s one of its calls loses nothing and repeats no effect",
  { timeout: 600_000 },
  async ([_what, when, trouble, callsMin], { task }) => {
    let kills = 0;
    let k = 1;
    for (; k < callsMax; k += stride) {
      let fired = 0;
      const run = await simulate(
        { seed: 7, tasks: shapes.length, shapes, isRoundRobin: true, checksCleanup: false },
        async (world, plan) => {
          await trouble(k, `killed_${when}`)(world, plan);
          fired = world.fired.length;
        },
      );
      expect([k, run.violations]).toEqual([k, []]);
      kills += fired;
      if (fired === 0) break;
    }
    task.meta.chaos = {
      tally: { ...emptyReport(), counts: { each_call_kills: kills } },
      violations: [],
    };
    expect(k).toBeGreaterThan(callsMin);
  },
);
