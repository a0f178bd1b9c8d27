/**
 * The fleet compared with a script of 30 lines with as many workers, on the same model server, in alternating rounds.
 * `node test/bench/script_ratio.ts` runs only this.
 */
import fs from "node:fs";
import path from "node:path";
import { startDevServer } from "../../producer/local/dev_server.ts";
import { type ModelServer, startModelServer } from "./model_server.ts";
import { atLeast, median, type Row } from "./row.ts";

interface Load {
  name: string;
  tasks: number;
  workers: number;
  callMs: number;
  /** The number of calls of task `n`. */
  steps: (n: number) => number;
  runCode?: boolean;
  floor: number;
}

const loads: readonly Load[] = [
  { name: "one call", tasks: 400, workers: 32, callMs: 400, steps: () => 1, floor: 0.85 },
  {
    name: "1 to 12 calls",
    tasks: 200,
    workers: 32,
    callMs: 400,
    steps: (n) => 1 + (n % 12),
    floor: 0.85,
  },
  { name: "one call of 1 s", tasks: 640, workers: 64, callMs: 1_000, steps: () => 1, floor: 0.8 },
  {
    name: "run_code in every second task",
    tasks: 200,
    workers: 32,
    callMs: 400,
    steps: (n) => 1 + (n % 2) * 3,
    runCode: true,
    floor: 0.7,
  },
];
const rounds = 3;

const promptOf = ({ steps, runCode }: Load, n: number): string =>
  `Rate item ${n}. STEPS=${steps(n)}${runCode ? " RUN_CODE" : ""}`;

/** Seconds that the script takes. */
async function runScript(server: ModelServer, load: Load): Promise<number> {
  const from = performance.now();
  let next = 0;
  const work = async () => {
    while (next < load.tasks) {
      const n = next++;
      const messages: object[] = [{ role: "user", content: promptOf(load, n) }];
      for (let step = 0; step < load.steps(n); step++) {
        const response = await fetch(`${server.url}/chat/completions`, {
          method: "POST",
          body: JSON.stringify({ model: "bench", messages }),
        });
        const { choices } = (await response.json()) as { choices: { message: object }[] };
        messages.push(choices[0]?.message ?? {}, { role: "tool", content: "ok" });
      }
    }
  };
  await Promise.all(Array.from({ length: load.workers }, work));
  return (performance.now() - from) / 1000;
}

/** Seconds from the submission of a batch until its last task has ended. */
async function runFleet(fleet: { url: string; key: string }, load: Load): Promise<number> {
  const headers = { authorization: `Bearer ${fleet.key}` };
  const output_schema = { type: "object", properties: { age: { type: "integer" } } };
  const lines = Array.from({ length: load.tasks }, (_, n) =>
    JSON.stringify({ prompt: promptOf(load, n), output_schema }),
  );
  const from = Date.now();
  const accepted = await fetch(`${fleet.url}/v1/batches`, {
    method: "POST",
    headers: { ...headers, "content-type": "application/x-ndjson" },
    body: lines.join("\n"),
  });
  const { id } = (await accepted.json()) as { id: string };
  // A look each second, as `fleet watch` does; the end is the end of the last task.
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const view = await fetch(`${fleet.url}/v1/batches/${id}`, { headers });
    const batch = (await view.json()) as {
      counts: Record<string, number>;
      finished_at: string | null;
    };
    if ((batch.counts.failed ?? 0) + (batch.counts.dead ?? 0) > 0)
      throw new Error("a task did not succeed");
    if (batch.finished_at !== null) return (Date.parse(batch.finished_at) - from) / 1000;
  }
}

export async function benchScriptRatio(stateDir: string, port: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const load of loads) {
    const server = await startModelServer(load.callMs);
    const folder = path.join(stateDir, load.name.replaceAll(" ", "_"));
    fs.rmSync(folder, { recursive: true, force: true });
    const environment = {
      MODEL: "bench",
      MODEL_BASE_URL: server.url,
      FLEET_CONCURRENCY: String(load.workers),
    };
    const fleet = await startDevServer({ port, stateDir: folder, environment, quiet: true });
    try {
      await runFleet(fleet, { ...load, tasks: load.workers });
      const ratios: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const script = await runScript(server, load);
        server.takeMost();
        const fleetResult = await runFleet(fleet, load);
        ratios.push(script / fleetResult);
        console.log(
          `${load.name}: script ${script.toFixed(1)} s, fleet ${fleetResult.toFixed(1)} s, at most ${server.takeMost()} calls at once`,
        );
      }
      rows.push(atLeast(`${load.name}, script / fleet`, median(ratios), load.floor));
    } finally {
      await fleet.stop();
      server.stop();
    }
  }
  return rows;
}

if (import.meta.filename === process.argv[1]) {
  const folder = path.resolve(import.meta.dirname, "../../.wrangler/bench/script");
  const rows = await benchScriptRatio(folder, 8798);
  console.table(rows);
  if (rows.some((row) => !row.holds)) process.exitCode = 1;
}
