/**
 * Each attack of the table, in one process with the others: what is more than linear costs seconds. The bounds
 * themselves are measured by `npm run attacks`, in a process for each.
 */
import { expect, test } from "vitest";
import { hostCpuMsMax } from "./attack.ts";
import { attacks } from "./table.ts";

/** Other tests share the caches and the garbage collector of this thread. */
const sharedFactor = 4;

test("the table has at least 40 attacks at 20 places", () => {
  expect(attacks.length).toBeGreaterThan(40);
  expect(new Set(attacks.map(({ place }) => place)).size).toBeGreaterThan(20);
});

test.each(attacks.map((attack) => [attack.input, attack.place, attack] as const))(
  "%s at %s costs the host little",
  async (_input, _place, attack) => {
    const work = attack.prepare();
    const before = process.threadCpuUsage();
    await work();
    const { user, system } = process.threadCpuUsage(before);
    expect((user + system) / 1_000).toBeLessThan(sharedFactor * hostCpuMsMax);
  },
);
