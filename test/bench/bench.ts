/**
 * `npm run bench`: ratios, measured in one run, and the loop's own time a step. Machines are noisy, so
 * the fleet and its yardstick take turns in small rounds, and only their ratio counts. Results go to
 * test/bench/results.json.
 */
import fs from "node:fs";
import path from "node:path";
import { benchAtSize } from "./at_size.ts";
import { gatewayOverhead } from "./gateway_overhead.ts";
import {
  bareRound,
  fleetRound,
  ratePerSecond,
  type Side,
  startBare,
  startFleet,
  until,
} from "./load.ts";
import { ownMilliseconds } from "./own_time.ts";
import { atLeast, atMost, median, type Row } from "./row.ts";
import { benchSandboxes } from "./sandboxes.ts";

const stateDir = path.resolve(import.meta.dirname, "../../.wrangler/bench");
const rounds = 5;
const tasksPerRound = 200;
const memoryTasks = 5_000;
const neighbours = 9;
const runsInSlice = 40;

const answer = { calls: [{ name: "final_answer", arguments: { text: "done" } }] };
const running = (code: string) => ({
  prompt: "p",
  rehearsal: [{ calls: [{ name: "run_code", arguments: { code } }] }, answer],
});
const plain = { prompt: "p", rehearsal: [answer] };
const coding = running("[1, 2, 3].map((n) => n * n)");
const spinning = { ...running("for (;;) {}"), custom_id: "spinner" };

const repeated = (task: object, count: number): object[] =>
  Array.from({ length: count }, () => task);

async function throughput(
  bare: Side,
  fleet: Awaited<ReturnType<typeof startFleet>>,
): Promise<Row[]> {
  const rates = { bare: [] as number[], plain: [] as number[], coding: [] as number[] };
  await bareRound(bare, 50);
  await fleetRound(fleet, [...repeated(plain, 50), ...repeated(coding, 50)]);
  for (let round = 1; round <= rounds; round++) {
    rates.bare.push(await bareRound(bare, tasksPerRound));
    rates.plain.push(ratePerSecond(await fleetRound(fleet, repeated(plain, tasksPerRound))));
    rates.coding.push(ratePerSecond(await fleetRound(fleet, repeated(coding, tasksPerRound))));
    console.log(`throughput, round ${round} of ${rounds}`);
  }
  const [own, tools, yardstick] = [rates.plain, rates.coding, rates.bare].map(median);
  const each = [own, tools, yardstick].map((rate) => `${rate?.toFixed(0)}/s`);
  console.log(`plain ${each[0]}, run_code ${each[1]}, bare ${each[2]} (medians)`);
  return [
    atLeast("tasks without tools / bare consumer", (own ?? 0) / (yardstick ?? 1), 0.5),
    atLeast("tasks with one run_code / bare consumer", (tools ?? 0) / (yardstick ?? 1), 1 / 3),
  ];
}

/** How much longer neighbours take beside a spinning program, as a share of that program's own time. */
async function neighbourly(fleet: Awaited<ReturnType<typeof startFleet>>): Promise<Row[]> {
  const shares: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const calm = await fleetRound(fleet, repeated(coding, neighbours + 1));
    const beside = await fleetRound(fleet, [spinning, ...repeated(coding, neighbours)]);
    const took = (span: { startedAt: number; finishedAt: number }) =>
      span.finishedAt - span.startedAt;
    const spinner = beside.filter((span) => span.customId === "spinner").map(took);
    const friends = beside.filter((span) => span.customId !== "spinner").map(took);
    shares.push((Math.max(...friends) - median(calm.map(took))) / (spinner[0] ?? 1));
  }
  return [atMost("delay by a spinning neighbour / its own time", median(shares), 1)];
}

/**
 * Both runtimes hold D1, R2 and Queues as simulators whose caches grow with what is written, so the
 * bare consumer goes through as many messages and its growth is what the platform alone costs.
 */
async function memory(bare: Side, fleet: Awaited<ReturnType<typeof startFleet>>): Promise<Row[]> {
  const growth = async (side: Side, load: (count: number) => Promise<unknown>): Promise<number> => {
    await load(memoryTasks);
    const before = side.residentMb();
    await load(memoryTasks);
    return side.residentMb() - before;
  };
  const platform = await growth(bare, (count) => bareRound(bare, count));
  const own = await growth(fleet, (count) => fleetRound(fleet, repeated(coding, count)));
  console.log(
    `memory: fleet +${own.toFixed(0)} MB, bare +${platform.toFixed(0)} MB over ${memoryTasks} tasks`,
  );
  return [
    atMost(`growth beyond the platform's own over ${memoryTasks} tasks, MB`, own - platform, 100),
  ];
}

/** How long one `run_code` takes end to end inside a slice, the first of the slice left out. */
async function inSlice(fleet: Awaited<ReturnType<typeof startFleet>>): Promise<Row[]> {
  const call = {
    calls: [{ name: "run_code", arguments: { code: "[1, 2, 3].map((n) => n * n)" } }],
  };
  // Different results, or the loop would be ended as a repetition.
  const calls = Array.from({ length: runsInSlice }, (_, n) => ({
    calls: [{ name: "run_code", arguments: { code: `[1, 2, ${n}].map((n) => n * n)` } }],
  }));
  const headers = { authorization: `Bearer ${fleet.key}` };
  const task = { prompt: "p", limits: { steps: 200, model_calls: 100, tool_calls: 100 } };
  const durations: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const accepted = await fetch(`${fleet.url}/v1/tasks`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify({ ...task, rehearsal: [call, ...calls, answer] }),
    });
    const { id } = (await accepted.json()) as { id: string };
    await until(async () => {
      const view = await fetch(`${fleet.url}/v1/tasks/${id}`, { headers });
      return ((await view.json()) as { status: string }).status === "succeeded";
    });
    const read = await fetch(`${fleet.url}/v1/tasks/${id}/steps`, { headers });
    const { steps } = (await read.json()) as {
      steps: { name: string; duration_ms: number }[];
    };
    const ran = steps.filter(({ name }) => name === "run_code").map((step) => step.duration_ms);
    durations.push(...ran.slice(1));
  }
  return [atMost("run_code of one line in a slice, median ms", median(durations), 5)];
}

fs.rmSync(stateDir, { recursive: true, force: true });
fs.mkdirSync(stateDir, { recursive: true });
// By itself: the fleet would take a share of the processor.
const overhead = await gatewayOverhead(path.join(stateDir, "gateway"), 8793);
// By itself: the two fleets beside it would take turns on the same cores.
const alone = await benchSandboxes(path.join(stateDir, "sandboxes"), 8794);
const atSize = await benchAtSize(path.join(stateDir, "at_size"), 8797);
const own = await ownMilliseconds(stateDir);
console.log(`the loop's own time: ${own.toFixed(2)} ms a step`);
const bare = await startBare(path.join(stateDir, "bare"), 8792);
const fleet = await startFleet(path.join(stateDir, "fleet"), 8791);
try {
  const rows = [
    ...overhead,
    ...alone,
    ...atSize,
    ...(await inSlice(fleet)),
    atMost("the loop's own time a step, transcript of 50 steps, ms", own, 3),
    ...(await throughput(bare, fleet)),
    ...(await neighbourly(fleet)),
    ...(await memory(bare, fleet)),
  ];
  const report = { at: new Date().toISOString(), rows };
  const file = path.join(import.meta.dirname, "results.json");
  fs.writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
  console.table(rows);
  if (rows.some((row) => !row.holds)) process.exitCode = 1;
} finally {
  await bare.stop();
  await fleet.stop();
}
