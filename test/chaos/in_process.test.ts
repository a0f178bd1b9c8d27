import { expect, inject, test } from "vitest";
import { simulate } from "./simulate.ts";
import { addTally, noTally, type Tally, tallyOf } from "./tally.ts";

/** What `npm run test:chaos` asks for; the ordinary test run has its own few seeds. */
declare module "vitest" {
  interface ProvidedContext {
    /** `eachCall`: every so many-th call of a binding is one at which a worker dies; 0: none. */
    chaos: { seed: number; seeds: number; tasks: number; eachCall: number } | undefined;
  }
  interface TaskMeta {
    chaos?: { tally: Tally; violations: string[] };
  }
}

const asked = inject("chaos");
const { seed: first, seeds, tasks } = asked ?? { seed: 1, seeds: 12, tasks: 12 };
const perTest = 20;
const groups = Array.from({ length: Math.ceil(seeds / perTest) }, (_, n) => first + n * perTest);

for (const from of groups) {
  test(`from seed ${from} on, every accepted task ends once, with its work done once`, async ({
    task,
  }) => {
    const tally = noTally();
    const violations: string[] = [];
    for (let seed = from; seed < Math.min(from + perTest, first + seeds); seed++) {
      const run = await simulate({ seed, tasks });
      const ends = run.evidence.rows.map(({ status, reason }) => `${status} ${reason}`);
      addTally(tally, tallyOf(run.fired, { ...run.counts }, ends));
      violations.push(...run.violations.map((text) => `seed ${seed}: ${text}`));
    }
    task.meta.chaos = { tally, violations };
    expect(violations).toEqual([]);
  }, 600_000);
}
