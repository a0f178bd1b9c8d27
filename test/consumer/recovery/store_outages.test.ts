/** One store is down while the others are up: the task must neither see it nor pay for it with its result. */
import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import { sweep } from "../../../producer/sweep/sweep.ts";
import { objectKeys } from "../../../shared/files/objects.ts";
import type { DurableTask } from "../../../shared/task/task.ts";
import { testFleet } from "../../producer/client.ts";
import { outageText, storeDownFrom } from "../faulty_stores.ts";
import {
  acceptTask,
  deliverMessages,
  finalAnswer,
  readRow,
  readSteps,
  testConsumer,
  toolCall,
} from "../harness.ts";

const callsMax = 60;

/** Uses every kind of call of D1 and R2: body, input, file, full output, large step, result, transcript. */
const task: DurableTask = {
  prompt: "p".repeat(20_000),
  attempts: 10,
  files: { input: { r2: "input" } },
  rehearsal: [
    toolCall("read_file", { path: "input" }),
    toolCall("write_file", { path: "a", content: "y".repeat(12_000) }),
    toolCall("grep_files", { pattern: "needle" }),
    toolCall("run_code", { code: "'z'.repeat(30000)" }),
    finalAnswer({ text: "x".repeat(20_000) }),
  ],
};

beforeEach(async () => {
  await env.DB.prepare("DELETE FROM tasks").run();
  await env.OBJECTS.put("inputs/default/input", "a needle");
});

async function acceptLargeTask(): Promise<string> {
  const id = await acceptTask(task, { spec: null });
  await env.OBJECTS.put(objectKeys.spec("default", id), JSON.stringify(task));
  return id;
}

const makeDue = (id: string) =>
  env.DB.prepare("UPDATE tasks SET lease_until = 0, not_before = NULL WHERE id = ?1")
    .bind(id)
    .run();

test.each(["D1", "R2"] as const)(
  "a task succeeds without a trace of an outage of only %s, from any of its calls on",
  async (store) => {
    for (let k = 1; k < callsMax; k++) {
      const id = await acceptLargeTask();
      const down = storeDownFrom(store, k);
      const { retried } = await deliverMessages(testConsumer(down.env), [id]);
      expect([k, retried]).toEqual([k, down.calls() < k ? 0 : 1]);
      for (let delivery = 0; delivery < 2; delivery++) {
        await makeDue(id);
        await deliverMessages(testConsumer(), [id]);
      }
      const steps = await readSteps(id);
      expect([k, (await readRow(id)).status]).toEqual([k, "succeeded"]);
      expect(JSON.stringify(steps)).not.toContain(outageText);
      expect(steps.filter(({ status }) => status === "failed")).toEqual([]);
      if (down.calls() < k) return expect(down.calls()).toBeGreaterThan(5);
    }
    throw new Error(`the task needs more than ${callsMax} calls of ${store}`);
  },
  120_000,
);

test("a task whose message the queue does not take is sent by the sweep", async () => {
  const TASKS = { send: () => Promise.reject(new Error(outageText)) };
  const interrupted = { error: { status: 409, code: "x", message: "interrupted" } };
  const id = await acceptTask({ prompt: "p", rehearsal: [interrupted, finalAnswer()] });
  expect(await deliverMessages(testConsumer({ TASKS }), [id])).toEqual({ acked: 1, retried: 0 });
  expect(await readRow(id)).toMatchObject({ status: "queued", attempt: 1, sent_at: null });
  await env.DB.prepare("UPDATE tasks SET not_before = NULL, sweep_at = 1").run();
  const fleet = testFleet();
  await sweep(fleet.env);
  expect(fleet.tasks.sent.map(({ task_id }) => task_id)).toEqual([id]);
});
