import { afterAll, expect, test } from "vitest";
import { type DevServer, startDevServer } from "../../../producer/local/dev_server.ts";
import { apiOf, freePort, newState, until } from "./fleet.ts";

interface TaskView {
  id: string;
  status: string;
  reason: string;
  attempt: number;
  error: { code: string; message: string } | null;
}

const state = newState();
let fleet: DevServer | null = null;
afterAll(async () => {
  await fleet?.stop();
  state.remove();
});

const answer = { calls: [{ name: "final_answer", arguments: { text: "done" } }] };
const endless = {
  prompt: "p",
  sandbox: "isolate-v8",
  attempts: 2,
  // The delay lets the API accept the batch before the runtime hangs.
  rehearsal: [
    { calls: [{ name: "run_code", arguments: { code: "for (;;) {}" } }], delay_ms: 1_000 },
    answer,
  ],
};
const harmless = { prompt: "p", attempts: 1, rehearsal: [{ ...answer, delay_ms: 2_000 }] };

test("a program that hangs the runtime costs its task all attempts, and other tasks none", async () => {
  let restarts = 0;
  fleet = await startDevServer({
    port: await freePort(),
    stateDir: state.dir,
    environment: {},
    quiet: true,
    hungMs: 10_000,
    onHung: () => {
      restarts += 1;
    },
  });
  const api = apiOf(fleet);
  const lines = [endless, harmless].map((task) => `${JSON.stringify(task)}\n`).join("");
  const batch = await api.post<{ id: string }>("/v1/batches", lines, "application/x-ndjson");
  const finished = await until(
    () =>
      api
        .get<{ status: string; counts: Record<string, number> }>(`/v1/batches/${batch.id}`)
        .catch(() => ({ status: "unreachable", counts: {} as Record<string, number> })),
    ({ status }) => status === "finished",
  );
  expect(finished.counts).toMatchObject({ total: 2, succeeded: 1, dead: 1 });
  expect(restarts).toBe(2);
  const { tasks } = await api.get<{ tasks: TaskView[] }>(`/v1/tasks?batch_id=${batch.id}`);
  const dead = tasks.find(({ status }) => status === "dead");
  expect(dead).toMatchObject({ reason: "attempts_exhausted", attempt: 2 });
  expect(dead?.error?.code).toBe("sandbox_fault");
  expect(dead?.error?.message).toContain("hung");
}, 600_000);
