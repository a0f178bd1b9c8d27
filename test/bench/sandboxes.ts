/** The sandbox compared with two others: same program, same machine, same process, same run. */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { type Side, startWorker } from "./load.ts";
import { atLeast, atMost, median, type Row } from "./row.ts";

const folder = path.join(import.meta.dirname, "sandboxes");
const oneLine = "[1, 2, 3].map((n) => n * n)";
const rounds = 5;
/** Runs per round, chosen so that each side takes about the same time. */
const runs = { isolate: 600, codemode: 60, computer: 20 } as const;
type SideName = keyof typeof runs;
const growthRuns = 10_000;
/** A heap grows in jumps of some 30 MB, but not in every span, so the median of the spans counts. */
const growthSpans = 3;
/** The runtime allocates some 500 MB in the first 100,000 runs, and nothing in the next 200,000. */
const warmRuns = 100_000;
const hostile = 8;

/** Installs the other two when they are missing; only this benchmark needs them. */
function install(): void {
  if (fs.existsSync(path.join(folder, "node_modules/@cloudflare/computer"))) return;
  console.log("Installing the other two sandboxes, for this benchmark only …");
  const args = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"];
  const result = spawnSync("npm", args, { cwd: folder, encoding: "utf8" });
  if (result.status !== 0)
    throw new Error(`npm install in test/bench/sandboxes failed:\n${result.stderr}`);
}

interface Outcome {
  value: string;
  fuel?: number;
}

async function run(side: Side, name: SideName, code: string, query: string): Promise<Outcome[]> {
  const response = await fetch(`${side.url}/${name}?${query}`, { method: "POST", body: code });
  if (!response.ok) throw new Error(`${name}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Outcome[];
}

async function measureMs(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

export async function benchSandboxes(stateDir: string, port: number): Promise<Row[]> {
  install();
  const within = async (measure: (side: Side) => Promise<Row[]>): Promise<Row[]> => {
    const side = await startWorker("sandboxes/wrangler.toml", stateDir, port, fetch);
    return measure(side).finally(() => side.stop());
  };
  // Memory is measured in a separate runtime, without the other two.
  return [...(await within(compareCosts)), ...(await within(measureGrowth))];
}

async function compareCosts(side: Side): Promise<Row[]> {
  const { isolate, codemode, computer } = await measureCosts(side);
  const each = [isolate, codemode, computer].map((ms) => `${ms.toFixed(2)} ms`);
  console.log(`CPU: isolate ${each[0]}, codemode ${each[1]}, computer ${each[2]} (medians)`);
  return [
    atLeast("codemode's DynamicWorkerExecutor / isolate, CPU", codemode / isolate, 5),
    atLeast("computer's JavaScript backend / isolate, CPU", computer / isolate, 15),
    atMost("CPU of one line in isolate, ms", isolate, 5),
    atMost("delay by 8 hostile programs / their own time", await delayShare(side), 1),
  ];
}

/** Median CPU time of one run in milliseconds. */
async function measureCosts(side: Side): Promise<Record<SideName, number>> {
  const names = Object.keys(runs) as SideName[];
  const costsBySide: Record<SideName, number[]> = { isolate: [], codemode: [], computer: [] };
  for (const name of names) await run(side, name, oneLine, `n=${runs[name]}`);
  for (let round = 1; round <= rounds; round++) {
    for (const name of names) {
      const before = side.cpuMs();
      await run(side, name, oneLine, `n=${runs[name]}`);
      costsBySide[name].push((side.cpuMs() - before) / runs[name]);
    }
    console.log(`sandboxes, round ${round} of ${rounds}`);
  }
  const [isolate, codemode, computer] = names.map((name) => median(costsBySide[name]));
  return { isolate: isolate ?? 0, codemode: codemode ?? 0, computer: computer ?? 0 };
}

/** The memory growth over 10,000 runs of one program, and how many different amounts of fuel they used. */
async function measureGrowth(side: Side): Promise<Row[]> {
  const outcomes: Outcome[] = [];
  const runMany = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n += 500)
      outcomes.push(...(await run(side, "isolate", oneLine, "n=500")));
  };
  await runMany(warmRuns);
  const growth: number[] = [];
  for (let span = 0; span < growthSpans; span++) {
    const before = side.residentMb();
    await runMany(growthRuns);
    growth.push(side.residentMb() - before);
  }
  console.log(`workerd grew by ${growth.map((mb) => mb.toFixed(0)).join(", ")} MB`);
  const fuels = new Set(outcomes.map(({ fuel }) => fuel)).size;
  return [
    atMost("growth of workerd over 10,000 runs, warm, MB", median(growth), 50),
    atMost("amounts of fuel that one program used in 130,000 runs", fuels, 1),
  ];
}

/** How much 8 hostile programs delay another program, as a share of their own run time. */
async function delayShare(side: Side): Promise<number> {
  const shares: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const without = await measureMs(() => run(side, "isolate", oneLine, "n=1"));
    let ownCalls = 0;
    const spinning = measureMs(() =>
      run(side, "isolate", "for (;;) {}", `n=${hostile}&at=once`),
    ).then((ms) => {
      ownCalls = ms;
    });
    const together = await measureMs(() => run(side, "isolate", oneLine, "n=1"));
    await spinning;
    shares.push((together - without) / ownCalls);
  }
  return median(shares);
}
