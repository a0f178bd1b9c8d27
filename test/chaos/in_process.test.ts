import { expect, inject, test } from "vitest";
import { addReport, emptyReport, type RunReport, reportOf } from "./simulation/run_report.ts";
import { simulate } from "./simulation/simulate.ts";

/** Set by `npm run test:chaos`; `npm test` uses a few fixed seeds. */
declare module "vitest" {
  interface ProvidedContext {
    /** `eachCall`: a worker dies at every n-th call of a binding; 0: at none. */
    chaos: { seed: number; seeds: number; tasks: number; eachCall: number } | undefined;
  }
  interface TaskMeta {
    chaos?: { tally: RunReport; violations: string[] };
  }
}

const options = inject("chaos");
const { seed: first, seeds, tasks } = options ?? { seed: 1, seeds: 8, tasks: 12 };
const perTest = 20;
const groups = Array.from({ length: Math.ceil(seeds / perTest) }, (_, n) => first + n * perTest);

for (const from of groups) {
  test(`every accepted task ends once and does its work once (seeds from ${from})`, async ({
    task,
  }) => {
    const tally = emptyReport();
    const violations: string[] = [];
    for (let seed = from; seed < Math.min(from + perTest, first + seeds); seed++) {
      const run = await simulate({ seed, tasks });
      const ends = run.evidence.rows.map(({ status, reason }) => `${status} ${reason}`);
      addReport(tally, reportOf(run.fired, { ...run.counts }, ends));
      violations.push(...run.violations.map((text) => `seed ${seed}: ${text}`));
    }
    task.meta.chaos = { tally, violations };
    expect(violations).toEqual([]);
  }, 600_000);
}
