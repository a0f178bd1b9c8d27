/** Scenarios in which a worker dies at its k-th call of a binding, before or after the call is applied. */
import { redriveOne, type Scenario, submit, submitBatch } from "./simulate.ts";

/** A scenario of single deliveries; the first delivery of each task dies at its k-th call. */
export const deliveries =
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
export const requests =
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
