/** The sandbox beside two others, same program, same machine, same process, same run. */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { type Side, startWorker } from "./load.ts";
import { atLeast, atMost, median, type Row } from "./row.ts";

const folder = path.join(import.meta.dirname, "sandboxes");
const oneLine = "[1, 2, 3].map((n) => n * n)";
const rounds = 5;
/** Runs a round: as many as take each side about as long. */
const runs = { isolate: 200, codemode: 50, computer: 20 } as const;
type SideName = keyof typeof runs;
const growthRuns = 10_000;
/** A heap grows in leaps of some 30 MB, and not in each span: the median of them says what it does. */
const growthSpans = 3;
/** Until the runtime has taken what it keeps: some 500 MB over as many runs, and nothing over 200,000 more. */
const warmRuns = 100_000;
const hostile = 8;

/** Installs the other two where they are missing: nobody else needs them. */
function install(): void {
  if (fs.existsSync(path.join(folder, "node_modules/@cloudflare/computer"))) return;
  console.log("Installing what the sandbox is compared with, for the bench only …");
  const args = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"];
  const done = spawnSync("npm", args, { cwd: folder, encoding: "utf8" });
  if (done.status !== 0)
    throw new Error(`npm install in test/bench/sandboxes failed:\n${done.stderr}`);
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

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

export async function benchSandboxes(stateDir: string, port: number): Promise<Row[]> {
  install();
  const within = async (measure: (side: Side) => Promise<Row[]>): Promise<Row[]> => {
    const side = await startWorker("sandboxes/wrangler.toml", stateDir, port, fetch);
    return measure(side).finally(() => side.stop());
  };
  // The memory in a runtime of its own, without what the other two left behind.
  return [...(await within(compared)), ...(await within(repeated))];
}

async function compared(side: Side): Promise<Row[]> {
  const { isolate, codemode, computer } = await rates(side);
  const each = [isolate, codemode, computer].map((rate) => `${rate.toFixed(0)}/s`);
  console.log(`isolate ${each[0]}, codemode ${each[1]}, computer ${each[2]} (medians)`);
  return [
    atLeast("isolate / codemode's DynamicWorkerExecutor", isolate / codemode, 4),
    atLeast("isolate / computer's JavaScript backend", isolate / computer, 15),
    atMost("delay by 8 hostile programs / their own time", await delayShare(side), 1),
  ];
}

/** Runs per second, the medians of the rounds. */
async function rates(side: Side): Promise<Record<SideName, number>> {
  const names = Object.keys(runs) as SideName[];
  const seen: Record<SideName, number[]> = { isolate: [], codemode: [], computer: [] };
  for (const name of names) await run(side, name, oneLine, "n=5");
  for (let round = 1; round <= rounds; round++) {
    for (const name of names) {
      const ms = await timed(() => run(side, name, oneLine, `n=${runs[name]}`));
      seen[name].push((runs[name] / ms) * 1_000);
    }
    console.log(`sandboxes, round ${round} of ${rounds}`);
  }
  const [isolate, codemode, computer] = names.map((name) => median(seen[name]));
  return { isolate: isolate ?? 0, codemode: codemode ?? 0, computer: computer ?? 0 };
}

/** What 10,000 runs of one program leave behind, and how many different amounts of fuel they used. */
async function repeated(side: Side): Promise<Row[]> {
  const outcomes: Outcome[] = [];
  const more = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n += 500)
      outcomes.push(...(await run(side, "isolate", oneLine, "n=500")));
  };
  await more(warmRuns);
  const grown: number[] = [];
  for (let span = 0; span < growthSpans; span++) {
    const before = side.residentMb();
    await more(growthRuns);
    grown.push(side.residentMb() - before);
  }
  console.log(`workerd grew by ${grown.map((mb) => mb.toFixed(0)).join(", ")} MB`);
  const fuels = new Set(outcomes.map(({ fuel }) => fuel)).size;
  return [
    atMost("growth of workerd over 10,000 runs, warm, MB", median(grown), 50),
    atMost("amounts of fuel that one program used in 130,000 runs", fuels, 1),
  ];
}

/** How much longer a friendly program takes beside 8 hostile ones, as a share of their own time. */
async function delayShare(side: Side): Promise<number> {
  const shares: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const alone = await timed(() => run(side, "isolate", oneLine, "n=1"));
    let own = 0;
    const spinning = timed(() => run(side, "isolate", "for (;;) {}", `n=${hostile}&at=once`)).then(
      (ms) => {
        own = ms;
      },
    );
    const beside = await timed(() => run(side, "isolate", oneLine, "n=1"));
    await spinning;
    shares.push((beside - alone) / own);
  }
  return median(shares);
}
