/**
 * `npm run bench`: ratios, measured in one run. Machines are noisy, so the fleet and its yardstick take
 * turns in small rounds, and only their ratio counts. Results go to test/bench/results.json.
 */
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { startLocalFleet } from "../../producer/local/fleet.ts";
import { endTree } from "../../producer/local/processes.ts";

const root = path.resolve(import.meta.dirname, "../..");
const stateDir = path.join(root, ".wrangler/bench");
const rounds = 5;
const tasksPerRound = 200;
const memoryTasks = 5_000;
const fleetPort = 8791;
const barePort = 8792;

interface Rate {
  perSecond: number[];
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const until = async (what: () => Promise<boolean>): Promise<void> => {
  while (!(await what())) await new Promise((resolve) => setTimeout(resolve, 200));
};

const answer = { calls: [{ name: "final_answer", arguments: { text: "done" } }] };
const program = {
  calls: [{ name: "run_code", arguments: { code: "[1, 2, 3].map((n) => n * n)" } }],
};
const plain = { prompt: "Answer.", rehearsal: [answer] };
const coding = { prompt: "Square the numbers.", rehearsal: [program, answer] };

async function startBare(): Promise<{ url: string; stop(): Promise<void> }> {
  const url = `http://127.0.0.1:${barePort}`;
  const child = spawn(
    process.execPath,
    [
      path.join(root, "node_modules/wrangler/bin/wrangler.js"),
      ...["dev", "-c", "test/bench/wrangler.bare.toml", "--ip", "127.0.0.1"],
      ...["--port", String(barePort), "--inspector-port", "0"],
      ...["--persist-to", path.join(stateDir, "bare"), "--show-interactive-dev-session=false"],
    ],
    {
      cwd: root,
      env: {
        ...process.env,
        WRANGLER_SEND_METRICS: "false",
        WRANGLER_REGISTRY_PATH: path.join(stateDir, "bare-registry"),
      },
      stdio: "ignore",
    },
  );
  await until(() =>
    fetch(url, { method: "POST", body: "" }).then(
      (r) => r.ok,
      () => false,
    ),
  );
  return { url, stop: () => endTree(child) };
}

async function bareRound(url: string): Promise<number> {
  const { run } = (await (
    await fetch(`${url}/?n=${tasksPerRound}`, { method: "POST" })
  ).json()) as { run: string };
  let ms = 0;
  await until(async () => {
    const row = (await (await fetch(`${url}/?run=${run}`)).json()) as { done: number; ms: number };
    ms = row.ms;
    return row.done === tasksPerRound;
  });
  return (tasksPerRound / ms) * 1000;
}

async function fleetRound(url: string, key: string, task: object, count: number): Promise<number> {
  const headers = { authorization: `Bearer ${key}` };
  const body = `${JSON.stringify(task)}\n`.repeat(count);
  const accepted = await fetch(`${url}/v1/batches`, {
    method: "POST",
    headers: { ...headers, "content-type": "application/x-ndjson" },
    body,
  });
  const batch = (await accepted.json()) as { id: string };
  await until(async () => {
    const view = await fetch(`${url}/v1/batches/${batch.id}`, { headers });
    return ((await view.json()) as { status: string }).status === "finished";
  });
  const times: number[] = [];
  let cursor = "";
  do {
    const page = await fetch(`${url}/v1/tasks?batch_id=${batch.id}&limit=500${cursor}`, {
      headers,
    });
    const { tasks, next_cursor } = (await page.json()) as {
      tasks: { status: string; started_at: string; finished_at: string }[];
      next_cursor: string | null;
    };
    for (const { status, started_at, finished_at } of tasks) {
      if (status !== "succeeded") throw new Error(`a task of the bench ended as ${status}`);
      times.push(Date.parse(started_at), Date.parse(finished_at));
    }
    cursor = next_cursor === null ? "" : `&cursor=${next_cursor}`;
  } while (cursor !== "");
  return (count / (Math.max(...times) - Math.min(...times))) * 1000;
}

/** The resident memory of the fleet's runtime, in megabytes. */
function residentMb(): number {
  const lines = execFileSync("ps", ["-A", "-o", "rss=,args="], { encoding: "utf8" }).split("\n");
  const sizes = lines
    .filter((line) => line.includes("workerd serve") && line.includes("workerd"))
    .map((line) => Number(line.trim().split(/\s+/)[0]) / 1024);
  return Math.max(0, ...sizes);
}

fs.rmSync(stateDir, { recursive: true, force: true });
fs.mkdirSync(stateDir, { recursive: true });
const bare = await startBare();
const fleet = await startLocalFleet({
  port: fleetPort,
  stateDir: path.join(stateDir, "fleet"),
  environment: {},
  quiet: true,
});
try {
  const rates: Record<"bare" | "plain" | "coding", Rate> = {
    bare: { perSecond: [] },
    plain: { perSecond: [] },
    coding: { perSecond: [] },
  };
  await bareRound(bare.url);
  await fleetRound(fleet.url, fleet.key, plain, 50);
  await fleetRound(fleet.url, fleet.key, coding, 50);
  for (let round = 0; round < rounds; round++) {
    rates.bare.perSecond.push(await bareRound(bare.url));
    rates.plain.perSecond.push(await fleetRound(fleet.url, fleet.key, plain, tasksPerRound));
    rates.coding.perSecond.push(await fleetRound(fleet.url, fleet.key, coding, tasksPerRound));
    console.log(`round ${round + 1} of ${rounds}`);
  }
  await bare.stop();
  const before = residentMb();
  await fleetRound(fleet.url, fleet.key, coding, memoryTasks);
  const after = residentMb();
  const [bareRate, plainRate, codingRate] = [rates.bare, rates.plain, rates.coding].map(
    ({ perSecond }) => median(perSecond),
  ) as [number, number, number];
  const results = [
    {
      what: "tasks without tools, against a bare consumer",
      ratio: plainRate / bareRate,
      floor: 0.5,
    },
    {
      what: "tasks with one run_code, against a bare consumer",
      ratio: codingRate / bareRate,
      floor: 1 / 3,
    },
  ];
  const memory = {
    tasks: memoryTasks,
    beforeMb: before,
    afterMb: after,
    growthMb: after - before,
    ceilingMb: 100,
  };
  fs.writeFileSync(
    path.join(import.meta.dirname, "results.json"),
    `${JSON.stringify({ at: new Date().toISOString(), rates, results, memory }, null, 2)}\n`,
  );
  console.log(
    `\nbare ${bareRate.toFixed(0)}/s, plain ${plainRate.toFixed(0)}/s, run_code ${codingRate.toFixed(0)}/s (medians of ${rounds} rounds)`,
  );
  console.table(
    results.map((row) => ({
      ...row,
      ratio: row.ratio.toFixed(2),
      floor: row.floor.toFixed(2),
      holds: row.ratio >= row.floor,
    })),
  );
  console.table([
    { ...memory, growthMb: Math.round(memory.growthMb), holds: memory.growthMb < 100 },
  ]);
} finally {
  await bare.stop();
  await fleet.stop();
}
