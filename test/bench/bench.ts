/**
 * `npm run bench`: ratios that are measured in one run, and the loop's own time per step. Machines are noisy, so the
 * fleet and its baseline alternate in small rounds, and only their ratio counts. Results are written to
 * test/bench/results.json.
 */
import fs from "node:fs";
import path from "node:path";
import { benchAtSize } from "./at_size.ts";
import { benchGatewayOverhead } from "./gateway_overhead.ts";
import {
  bareRound,
  fleetRound,
  ratePerSecond,
  type Side,
  startBare,
  startFleet,
  until,
} from "./load.ts";
import { measureLoopMs } from "./own_time.ts";
import { atLeast, atMost, median, type Row } from "./row.ts";
import { benchSandboxes } from "./sandboxes.ts";
import { benchScriptRatio } from "./script_ratio.ts";

const stateDir = path.resolve(import.meta.dirname, "../../.wrangler/bench");
const rounds = 5;
const tasksPerRound = 200;
const memoryTasks = 5_000;
const otherPrograms = 9;
const runsInSlice = 40;

const answer = { calls: [{ name: "final_answer", arguments: { text: "done" } }] };
const runCode = (code: string) => ({
  prompt: "p",
  rehearsal: [{ calls: [{ name: "run_code", arguments: { code } }] }, answer],
});
const plain = { prompt: "p", rehearsal: [answer] };
const coding = runCode("[1, 2, 3].map((n) => n * n)");
const spinning = { ...runCode("for (;;) {}"), custom_id: "spinner" };

const repeated = (task: object, count: number): object[] =>
  Array.from({ length: count }, () => task);

async function benchThroughput(
  side: Side,
  fleet: Awaited<ReturnType<typeof startFleet>>,
): Promise<Row[]> {
  const rates = { bare: [] as number[], plain: [] as number[], coding: [] as number[] };
  await bareRound(side, 50);
  await fleetRound(fleet, [...repeated(plain, 50), ...repeated(coding, 50)]);
  for (let round = 1; round <= rounds; round++) {
    rates.bare.push(await bareRound(side, tasksPerRound));
    rates.plain.push(ratePerSecond(await fleetRound(fleet, repeated(plain, tasksPerRound))));
    rates.coding.push(ratePerSecond(await fleetRound(fleet, repeated(coding, tasksPerRound))));
    console.log(`throughput, round ${round} of ${rounds}`);
  }
  const [own, tools, baseline] = [rates.plain, rates.coding, rates.bare].map(median);
  const each = [own, tools, baseline].map((rate) => `${rate?.toFixed(0)}/s`);
  console.log(`plain ${each[0]}, run_code ${each[1]}, bare ${each[2]} (medians)`);
  return [
    atLeast("tasks without tools / bare consumer", (own ?? 0) / (baseline ?? 1), 0.5),
    atLeast("tasks with one run_code / bare consumer", (tools ?? 0) / (baseline ?? 1), 1 / 3),
  ];
}

/** How much a spinning program delays other programs, as a share of its own run time. */
async function benchIsolation(fleet: Awaited<ReturnType<typeof startFleet>>): Promise<Row[]> {
  const shares: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const without = await fleetRound(fleet, repeated(coding, otherPrograms + 1));
    const together = await fleetRound(fleet, [spinning, ...repeated(coding, otherPrograms)]);
    const durationOf = (span: { startedAt: number; finishedAt: number }) =>
      span.finishedAt - span.startedAt;
    const spinner = together.filter((span) => span.customId === "spinner").map(durationOf);
    const otherResults = together.filter((span) => span.customId !== "spinner").map(durationOf);
    shares.push((Math.max(...otherResults) - median(without.map(durationOf))) / (spinner[0] ?? 1));
  }
  return [atMost("delay by a spinning program / its own time", median(shares), 1)];
}

/**
 * Both runtimes simulate D1, R2 and Queues with caches that grow with the written data. The bare consumer processes
 * as many messages, so its growth is the platform's share.
 */
async function benchMemory(
  bare: Side,
  fleet: Awaited<ReturnType<typeof startFleet>>,
): Promise<Row[]> {
  const growth = async (side: Side, load: (count: number) => Promise<unknown>): Promise<number> => {
    await load(memoryTasks);
    const before = side.residentMb();
    await load(memoryTasks);
    return side.residentMb() - before;
  };
  const platform = await growth(bare, (count) => bareRound(bare, count));
  const fleetResult = await growth(fleet, (count) => fleetRound(fleet, repeated(coding, count)));
  console.log(
    `memory: fleet +${fleetResult.toFixed(0)} MB, bare +${platform.toFixed(0)} MB over ${memoryTasks} tasks`,
  );
  return [
    atMost(
      `growth beyond the platform's own over ${memoryTasks} tasks, MB`,
      fleetResult - platform,
      100,
    ),
  ];
}

/** The duration of one `run_code` inside a slice, without the first one of the slice. */
async function benchRunCode(fleet: Awaited<ReturnType<typeof startFleet>>): Promise<Row[]> {
  const call = {
    calls: [{ name: "run_code", arguments: { code: "[1, 2, 3].map((n) => n * n)" } }],
  };
  // The results differ, so that the loop does not stop the task for repetition.
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
    const response = await fetch(`${fleet.url}/v1/tasks/${id}/steps`, { headers });
    const { steps } = (await response.json()) as {
      steps: { name: string; duration_ms: number }[];
    };
    const runs = steps.filter(({ name }) => name === "run_code").map((step) => step.duration_ms);
    durations.push(...runs.slice(1));
  }
  return [atMost("run_code of one line in a slice, median ms", median(durations), 5)];
}

fs.rmSync(stateDir, { recursive: true, force: true });
fs.mkdirSync(stateDir, { recursive: true });
// These run before the fleets start, which would share the cores with them.
const overhead = await benchGatewayOverhead(path.join(stateDir, "gateway"), 8793);
const sandboxes = await benchSandboxes(path.join(stateDir, "sandboxes"), 8794);
const atSize = await benchAtSize(path.join(stateDir, "at_size"), 8797);
const script = await benchScriptRatio(path.join(stateDir, "script"), 8798);
const loopMs = await measureLoopMs(stateDir);
console.log(`the loop's own time: ${loopMs.toFixed(2)} ms per step`);
const bareSide = await startBare(path.join(stateDir, "bare"), 8792);
const fleet = await startFleet(path.join(stateDir, "fleet"), 8791);
try {
  const rows = [
    ...overhead,
    ...sandboxes,
    ...atSize,
    ...script,
    ...(await benchRunCode(fleet)),
    atMost("the loop's own time per step, transcript of 50 steps, ms", loopMs, 3),
    ...(await benchThroughput(bareSide, fleet)),
    ...(await benchIsolation(fleet)),
    ...(await benchMemory(bareSide, fleet)),
  ];
  const report = { at: new Date().toISOString(), rows };
  const file = path.join(import.meta.dirname, "results.json");
  fs.writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
  console.table(rows);
  if (rows.some((row) => !row.holds)) process.exitCode = 1;
} finally {
  await bareSide.stop();
  await fleet.stop();
}
