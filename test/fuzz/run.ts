/**
 * `npm run fuzz -- [--cases 100000] [--seed 1] [--only name]`: so many generated inputs for each boundary. Prints
 * a row for each: cases, CPU time, the slowest case. A failure prints the smallest input and its seed.
 */
import { parseArgs } from "node:util";
import fc from "fast-check";
import { boundaries } from "./boundaries.ts";

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "100000" },
    seed: { type: "string", default: "1" },
    only: { type: "string", default: "" },
  },
});
const numRuns = Number(values.cases);
const seed = Number(values.seed);
if (!Number.isInteger(numRuns) || numRuns < 1 || !Number.isInteger(seed)) {
  console.error("--cases and --seed take whole numbers: npm run fuzz -- --cases 100000 --seed 1");
  process.exit(2);
}

/** A case that takes longer than this is a hang. */
const caseMsMax = 5_000;

console.log("| boundary | cases | CPU | slowest case |");
console.log("| --- | --- | --- | --- |");
for (const { name, property } of boundaries) {
  if (!name.includes(values.only)) continue;
  const inner = property();
  let slowestMs = 0;
  const timed = inner.run.bind(inner);
  inner.run = (value, ...rest) => {
    const start = performance.now();
    const end = <T>(result: T): T => {
      slowestMs = Math.max(slowestMs, performance.now() - start);
      return result;
    };
    const result = timed(value, ...rest);
    return result instanceof Promise ? (result.then(end) as never) : end(result);
  };
  const before = process.cpuUsage();
  const details = await fc.check(inner as fc.IAsyncProperty<unknown>, { numRuns, seed });
  const { user, system } = process.cpuUsage(before);
  const seconds = ((user + system) / 1e6).toFixed(0);
  console.log(
    `| ${name} | ${details.numRuns.toLocaleString("en")} | ${seconds} s | ${slowestMs.toFixed(0)} ms |`,
  );
  if (details.failed) {
    console.error(
      `${name} does not hold (seed ${details.seed}): ${fc.defaultReportMessage(details)}`,
    );
    process.exitCode = 1;
  } else if (slowestMs > caseMsMax) {
    console.error(`${name} took ${slowestMs.toFixed(0)} ms for one case: at most ${caseMsMax} ms`);
    process.exitCode = 1;
  }
}
