import { expect, inject, test } from "vitest";
import { deliveries, requests } from "./simulation/kills.ts";
import { emptyReport } from "./simulation/run_report.ts";
import { simulate } from "./simulation/simulate.ts";
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
