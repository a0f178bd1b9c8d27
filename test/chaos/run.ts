/** `npm run test:chaos -- --seed N --tasks N --kills N [--seeds N] [--each-call N]`. Exits 1 on violations. */
import { parseArgs } from "node:util";
import { createVitest } from "vitest/node";
import { runCrashes } from "./crash/crash.ts";
import { addReport, emptyReport, type RunReport } from "./simulation/run_report.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    seeds: { type: "string", default: "20" },
    tasks: { type: "string", default: "20" },
    kills: { type: "string", default: "20" },
    "each-call": { type: "string", default: "8" },
  },
});
const seed = readWholeNumber("seed", values.seed);
const seeds = readWholeNumber("seeds", values.seeds);
const tasks = readWholeNumber("tasks", values.tasks);
const kills = readWholeNumber("kills", values.kills);
const eachCall = readWholeNumber("each-call", values["each-call"]);

function readWholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0) return number;
  console.error(`--${name} is "${text}"; write a whole number.`);
  process.exit(2);
}

const violations: string[] = [];
const startedAt = Date.now();
// Both run in parallel, because a crash run mostly waits for the fleet to start.
await Promise.all([seeds > 0 ? reportSimulations() : null, kills > 0 ? reportCrashes() : null]);
const seconds = Math.round((Date.now() - startedAt) / 1000);
console.log(`\nseed ${seed}: ${violations.length} violations in ${seconds} s`);
for (const text of violations) console.log(`  ${text}`);
process.exit(violations.length === 0 ? 0 : 1);

async function reportSimulations(): Promise<void> {
  console.log(`In process: seeds ${seed} to ${seed + seeds - 1}, ${tasks} tasks each`);
  printReport(await runSimulations());
}

async function reportCrashes(): Promise<void> {
  console.log(`Real crashes: seed ${seed}, ${tasks} tasks, ${kills} kills`);
  const log = (line: string): void => console.log(`  ${line}`);
  const { violations: found, ...report } = await runCrashes(seed, tasks, kills, log);
  console.log(JSON.stringify(report, null, 2));
  violations.push(...found.map((text) => `crash run, seed ${seed}: ${text}`));
}

async function runSimulations(): Promise<RunReport> {
  const vitest = await createVitest("test", {
    run: true,
    watch: false,
    project: ["workerd"],
    reporters: [["default", { summary: false }]],
    provide: { chaos: { seed, seeds, tasks, eachCall } },
  });
  const { testModules, unhandledErrors } = await vitest.start([
    "test/chaos/in_process.test.ts",
    ...(eachCall > 0 ? ["test/chaos/each_call.test.ts"] : []),
  ]);
  const sum = emptyReport();
  let runs = 0;
  for (const file of testModules) {
    for (const test of file.children.allTests()) {
      const { chaos } = test.meta();
      const { state, errors } = test.result();
      if (state === "failed" || chaos === undefined)
        violations.push(`${test.name}: ${JSON.stringify(errors?.[0]?.message)}`);
      if (chaos === undefined) continue;
      runs += 1;
      addReport(sum, chaos.tally);
      violations.push(...chaos.violations);
    }
  }
  if (runs === 0) violations.push("no run in process reported a result");
  violations.push(...unhandledErrors.map((error) => `unhandled: ${String(error)}`));
  await vitest.close();
  return sum;
}

function printReport({ counts, faults, outcomes }: RunReport): void {
  console.log("\n| boundary and fault | fired | mattered |\n| --- | ---: | ---: |");
  for (const name of Object.keys(faults).sort()) {
    console.log(`| ${name} | ${faults[name]?.fired} | ${faults[name]?.mattered} |`);
  }
  console.log("\n| counted | |\n| --- | ---: |");
  for (const [name, n] of [...Object.entries(counts), ...Object.entries(outcomes).sort()]) {
    console.log(`| ${name} | ${n} |`);
  }
}
