/**
 * `npm run quality`: what checks, votes and escalation bring with a simulated model, against theory. Prints the
 * table of docs/quality.md, and fails if a figure is not as theory says.
 */
import { Random } from "../chaos/random.ts";
import { type ErrorRates, type Method, simulate } from "../quality/simulation.ts";
import { expect } from "../quality/theory.ts";

const tasks = Number(process.argv[2] ?? 10_000);
const seed = Number(process.argv[3] ?? 1);

const none: Method = { corrections: 2, checks: false, samples: null, escalates: false };
const vote = { count: 3, need: 2 };
const methods: [name: string, method: Method][] = [
  ["nothing", none],
  ["checks", { ...none, checks: true }],
  ["votes, 2 of 3", { ...none, samples: vote }],
  ["checks, votes", { ...none, checks: true, samples: vote }],
  ["checks, escalation", { ...none, checks: true, corrections: 0, escalates: true }],
  ["all three", { ...none, checks: true, samples: vote, escalates: true }],
];

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** The loop logs each step. */
const print = console.log;
console.log = () => undefined;

print(
  "| errors | together | method | accepted | right of them | theory | calls | theory | dearer calls |",
);
print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
let faults = 0;
for (const correlation of [0, 0.5]) {
  for (const error of [0.05, 0.1, 0.2, 0.3]) {
    for (const [name, method] of methods) {
      const rates: ErrorRates = {
        error,
        correlation,
        escalatedError: error / 4,
        missed: 0.1,
        rejected: 0.02,
      };
      const theory = expect(method, rates);
      const random = new Random(seed * 1_000 + error * 100 + correlation * 10);
      const tally = await simulate(method, rates, tasks, random);
      const accuracy = tally.right / tally.accepted;
      const calls = tally.calls / tasks;
      const sigma = Math.sqrt((theory.accuracy * (1 - theory.accuracy)) / tally.accepted);
      const isAsExpected =
        Math.abs(accuracy - theory.accuracy) <= 4 * sigma + 1e-9 &&
        Math.abs(calls - theory.calls) <= 0.05 * theory.calls;
      if (!isAsExpected) faults += 1;
      const cells = [
        percent(error),
        percent(correlation),
        name,
        percent(tally.accepted / tasks),
        percent(accuracy),
        percent(theory.accuracy),
        calls.toFixed(2),
        theory.calls.toFixed(2),
        (tally.escalatedCalls / tasks).toFixed(2),
      ];
      print(`| ${cells.join(" | ")} |${isAsExpected ? "" : " not as in theory"}`);
    }
  }
}
if (faults > 0) process.exit(1);
