/**
 * The gateway under load, over real HTTP, in a local fleet: `npm run build && node test/conformance/egress/stress.ts`.
 * 1,000 concurrent requests, and forty responses of a gigabyte. It prints the number of logged decisions and the
 * resident memory of the runtime (with the simulators of the stores), and exits 1 when a row is missing or memory
 * grows.
 */
import fs from "node:fs";
import path from "node:path";
import { residentBelow } from "../../bench/load.ts";
import { apiOf, newState, startFleet, until } from "../../fleet/local/fleet.ts";
import { startHostileUpstream } from "../../fleet/local/hostile_upstream.ts";

const storm = 1_000;
const floods = 40;
const floodsPerProgram = 10;
const growthMbMax = 200;

const state = newState();
const policies = path.join(state.dir, "policies");
fs.mkdirSync(policies, { recursive: true });
fs.writeFileSync(
  path.join(policies, "stress.json"),
  JSON.stringify({
    rules: [{ host: "hostile.example", inject: { header: "authorization", secret: "HOSTILE" } }],
  }),
);
const upstream = await startHostileUpstream();
const fleet = await startFleet(state.dir, {
  FLEET_POLICY_DIR: policies,
  FLEET_HOSTS: `hostile.example=http://127.0.0.1:${upstream.port}`,
  SECRET_HOSTILE: "a-secret-that-never-leaks",
});
const api = apiOf(fleet);

/** Runs one program as a task; returns its output and the number of logged decisions. */
async function runProgram(code: string): Promise<{ output: string; decisions: number }> {
  const task = {
    prompt: "p",
    policy: "stress",
    limits: { egress_requests: 2_000, egress_bytes: 1_000_000_000 },
    rehearsal: [
      { calls: [{ name: "run_code", arguments: { code } }] },
      { calls: [{ name: "final_answer", arguments: { text: "done" } }] },
    ],
  };
  const { id } = await api.post<{ id: string }>("/v1/tasks", JSON.stringify(task));
  await until(
    () => api.get<{ status: string }>(`/v1/tasks/${id}`),
    ({ status }) => status === "succeeded" || status === "failed",
  );
  const { steps } = await api.get<{ steps: { output: unknown }[] }>(`/v1/tasks/${id}/steps`);
  const { decisions } = await api.get<{ decisions: unknown[] }>(`/v1/tasks/${id}/egress`);
  return { output: String(steps[1]?.output), decisions: decisions.length };
}

const count = (request: string, times: number): string => `let n = 0;
for (let at = 0; at < ${times}; at += 50) {
  const part = Array.from({ length: Math.min(50, ${times} - at) }, (_, k) => ${request});
  n += (await Promise.all(part)).length;
}
n`;

/** Resident memory in megabytes before the work, and its maximum during the work. */
async function measureMemory(work: () => Promise<void>): Promise<{ before: number; max: number }> {
  const before = residentBelow(fleet.pid);
  let max = before;
  const sampler = setInterval(() => {
    max = Math.max(max, residentBelow(fleet.pid));
  }, 200);
  await work().finally(() => clearInterval(sampler));
  return { before, max };
}

try {
  const flood = `for (let n = 0; n < ${floodsPerProgram}; n++) await (await fetch("https://hostile.example/gigabyte")).text(); "flooded"`;
  await runProgram(flood);
  let rows = 0;
  const floodMemory = await measureMemory(async () => {
    for (let count = 0; count < floods; count += floodsPerProgram)
      rows += (await runProgram(flood)).decisions;
  });
  const growth = floodMemory.max - floodMemory.before;
  console.log(
    `${floods} responses of 1 GB: ${rows} decisions logged, ${floodMemory.before.toFixed(0)} MB resident before, ${floodMemory.max.toFixed(0)} MB maximum (+${growth.toFixed(0)} MB)`,
  );
  const stormMemory = await measureMemory(async () => {
    const { output, decisions } = await runProgram(
      count('fetch("https://hostile.example/" + (at + k))', storm),
    );
    console.log(`${storm} concurrent requests: ${output} responses, ${decisions} decisions logged`);
    if (decisions !== storm || !output.includes(String(storm))) process.exitCode = 1;
  });
  console.log(
    `concurrent requests: +${(stormMemory.max - stormMemory.before).toFixed(0)} MB resident maximum`,
  );
  if (rows !== floods || growth > growthMbMax) process.exitCode = 1;
} finally {
  await fleet.stop();
  await upstream.stop();
  state.remove();
}
