import { expect, test } from "vitest";
import { knownBugs } from "./simulation/known_bugs.ts";
import { simulate } from "./simulation/simulate.ts";

/** The runtime schedules parallel calls, so different seeds may show a bug. */
const seedsMax = 40;

test.each(knownBugs.map((each) => [each.description, each] as const))(
  "the checker notices a bug: %s",
  async (_, { bug, seed: firstSeed = 1, invariants: noticedBy, shapes }) => {
    const noticed: string[] = [];
    for (let n = 0; n < seedsMax && noticed.length === 0; n++) {
      const seed = ((firstSeed - 1 + n) % seedsMax) + 1;
      const run = { seed, tasks: 10, bug, ...(shapes === undefined ? {} : { shapes }) };
      const { violations } = await simulate(run);
      noticed.push(...violations.filter((text) => noticedBy.some((name) => text.startsWith(name))));
    }
    expect(noticed).not.toEqual([]);
  },
  600_000,
);
