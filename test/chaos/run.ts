/** `npm run test:chaos -- --seed N --tasks N --kills N [--seeds N] [--each-call N]`: both kinds of runs, one table, exit 1 on violations. */
import { parseArgs } from "node:util";
import { createVitest } from "vitest/node";
import { crash } from "./crash.ts";
import { addTally, noTally, type Tally } from "./tally.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    seeds: { type: "string", default: "20" },
    tasks: { type: "string", default: "20" },
    kills: { type: "string", default: "20" },
    "each-call": { type: "string", default: "8" },
  },
});
const seed = whole("seed", values.seed);
const seeds = whole("seeds", values.seeds);
const tasks = whole("tasks", values.tasks);
const kills = whole("kills", values.kills);
const eachCall = whole("each-call", values["each-call"]);

function whole(name: string, text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0) return number;
  console.error(`--${name} is "${text}"; write a whole number.`);
  process.exit(2);
}

const violations: string[] = [];
const startedAt = Date.now();
// Side by side: a crash run waits for a fleet that starts again and again.
await Promise.all([seeds > 0 ? runInProcess() : null, kills > 0 ? runCrashes() : null]);
const seconds = Math.round((Date.now() - startedAt) / 1000);
console.log(`\nseed ${seed}: ${violations.length} violations in ${seconds} s`);
for (const text of violations) console.log(`  ${text}`);
process.exit(violations.length === 0 ? 0 : 1);

async function runInProcess(): Promise<void> {
  console.log(`In process: seeds ${seed} to ${seed + seeds - 1}, ${tasks} tasks each`);
  show(await inProcess());
}

async function runCrashes(): Promise<void> {
  console.log(`Real crashes: seed ${seed}, ${tasks} tasks, ${kills} kills`);
  const say = (line: string): void => console.log(`  ${line}`);
  const { violations: found, ...seen } = await crash(seed, tasks, kills, say);
  console.log(JSON.stringify(seen, null, 2));
  violations.push(...found.map((text) => `crash run, seed ${seed}: ${text}`));
}

async function inProcess(): Promise<Tally> {
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
  const sum = noTally();
  let told = 0;
  for (const file of testModules) {
    for (const test of file.children.allTests()) {
      const { chaos } = test.meta();
      if (chaos === undefined) {
        violations.push(`${test.name}: ${JSON.stringify(test.result().errors?.[0]?.message)}`);
        continue;
      }
      told += 1;
      addTally(sum, chaos.tally);
      violations.push(...chaos.violations);
    }
  }
  if (told === 0) violations.push("no run in process was told of");
  violations.push(...unhandledErrors.map((error) => `unhandled: ${String(error)}`));
  await vitest.close();
  return sum;
}

function show({ counts, faults, ends }: Tally): void {
  console.log("\n| boundary and fault | fired | mattered |\n| --- | ---: | ---: |");
  for (const name of Object.keys(faults).sort()) {
    console.log(`| ${name} | ${faults[name]?.fired} | ${faults[name]?.mattered} |`);
  }
  console.log("\n| counted | |\n| --- | ---: |");
  for (const [name, n] of [...Object.entries(counts), ...Object.entries(ends).sort()]) {
    console.log(`| ${name} | ${n} |`);
  }
}
