/**
 * The gateway under load, over real HTTP, in a local fleet: `npm run build && node test/conformance/egress/stress.ts`.
 * A storm of 1,000 requests and forty answers of a gigabyte, from one program each. It prints how many
 * decisions the log has and the resident memory of the runtime, the stores' simulators included, and
 * exits 1 when a row is missing or memory is not flat.
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
  SECRET_HOSTILE: "a-secret-that-nobody-sees",
});
const api = apiOf(fleet);

/** Runs one program as a task; answers what it said and how many decisions the log has. */
async function ran(code: string): Promise<{ said: string; decisions: number }> {
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
  return { said: String(steps[1]?.output), decisions: decisions.length };
}

const count = (request: string, times: number): string => `let n = 0;
for (let at = 0; at < ${times}; at += 50) {
  const part = Array.from({ length: Math.min(50, ${times} - at) }, (_, k) => ${request});
  n += (await Promise.all(part)).length;
}
n`;

/** Memory before, and the most of it while the work lasts, in megabytes. */
async function measured(work: () => Promise<void>): Promise<{ before: number; most: number }> {
  const before = residentBelow(fleet.pid);
  let most = before;
  const sampler = setInterval(() => {
    most = Math.max(most, residentBelow(fleet.pid));
  }, 200);
  await work().finally(() => clearInterval(sampler));
  return { before, most };
}

try {
  const flood = `for (let n = 0; n < ${floodsPerProgram}; n++) await (await fetch("https://hostile.example/gigabyte")).text(); "flooded"`;
  await ran(flood);
  let rows = 0;
  const calm = await measured(async () => {
    for (let done = 0; done < floods; done += floodsPerProgram)
      rows += (await ran(flood)).decisions;
  });
  const growth = calm.most - calm.before;
  console.log(
    `${floods} answers of 1 GB: ${rows} decisions logged, ${calm.before.toFixed(0)} MB resident before, ${calm.most.toFixed(0)} MB at most (+${growth.toFixed(0)} MB)`,
  );
  const windy = await measured(async () => {
    const { said, decisions } = await ran(
      count('fetch("https://hostile.example/" + (at + k))', storm),
    );
    console.log(`a storm of ${storm}: ${said} answers, ${decisions} decisions logged`);
    if (decisions !== storm || !said.includes(String(storm))) process.exitCode = 1;
  });
  console.log(`the storm: +${(windy.most - windy.before).toFixed(0)} MB resident at most`);
  if (rows !== floods || growth > growthMbMax) process.exitCode = 1;
} finally {
  await fleet.stop();
  await upstream.stop();
  state.remove();
}
