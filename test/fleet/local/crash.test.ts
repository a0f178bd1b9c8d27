import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import type { DevServer } from "../../../producer/local/dev_server.ts";
import { apiOf, newState, startFleet, until } from "./fleet.ts";

interface BatchView {
  id: string;
  status: string;
  counts: Record<string, number>;
}

const state = newState();
let fleet: DevServer | null = null;
afterAll(async () => {
  await fleet?.stop();
  state.remove();
});

const slow = {
  prompt: "p",
  rehearsal: [
    { calls: [{ name: "list_files", arguments: {} }], delay_ms: 300 },
    { calls: [{ name: "final_answer", arguments: { text: "done" } }], delay_ms: 300 },
  ],
};

/** SIGKILL to the runtime and its descendants, so that none of them can finish anything. */
function killAll(): void {
  const holders = fs.readFileSync(path.join(state.dir, "fleet.pids"), "utf8");
  const root = Number(holders.split(" ")[1]);
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" })
    .trim()
    .split("\n");
  const pairs = lines.map((line) => line.trim().split(/\s+/).map(Number));
  const tree = [root];
  for (const parent of tree) {
    for (const [pid, ppid] of pairs) if (ppid === parent && pid !== undefined) tree.push(pid);
  }
  for (const pid of tree) process.kill(pid, "SIGKILL");
}

test("every accepted task settles once after a SIGKILL during a batch and a restart", async () => {
  fleet = await startFleet(state.dir);
  let api = apiOf(fleet);
  const lines = `${JSON.stringify(slow)}\n`.repeat(40);
  const batch = await api.post<BatchView>("/v1/batches", lines, "application/x-ndjson");
  const readBatch = (): Promise<BatchView> => api.get(`/v1/batches/${batch.id}`);
  await until(readBatch, ({ counts }) => (counts.succeeded ?? 0) > 5 && (counts.running ?? 0) > 0);
  killAll();

  fleet = await startFleet(state.dir);
  api = apiOf(fleet);
  const end = await until(readBatch, ({ status }) => status === "finished");
  expect(end.counts).toMatchObject({ total: 40, succeeded: 40, queued: 0, running: 0 });
}, 300_000);
