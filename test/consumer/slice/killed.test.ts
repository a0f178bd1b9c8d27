import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { DurableTask } from "../../../shared/task.ts";
import { storesKilledAt } from "../faulty_stores.ts";
import {
  acceptTask,
  deliverMessages,
  finalAnswer,
  readRow,
  readSteps,
  testConsumer,
  toolCall,
} from "../harness.ts";

const callsMax = 40;
const call2 = (...calls: { name: string; arguments: Record<string, unknown> }[]) => ({ calls });
const task: DurableTask = {
  prompt: "p",
  attempts: 10,
  rehearsal: [
    call2(
      { name: "write_file", arguments: { path: "a", content: "y".repeat(12_000) } },
      { name: "no_such_tool", arguments: {} },
      { name: "read_file", arguments: { path: "a" } },
      { name: "list_files", arguments: {} },
    ),
    toolCall("run_code", { code: "fs.writeFileSync('b', '2'); 'ok'" }),
    call2(
      { name: "list_files", arguments: {} },
      { name: "final_answer", arguments: { text: "x" } },
    ),
  ],
};

test.each([
  ["before", false],
  ["after", true],
])(
  "a worker killed %s any one of its store calls leaves a task that finishes, each step once",
  async (_, after) => {
    for (let k = 1; k < callsMax; k++) {
      const id = await acceptTask(task);
      const stores = storesKilledAt(k, after);
      await deliverMessages(testConsumer(stores.env), [id]);
      for (let delivery = 0; delivery < 3; delivery++) {
        await env.DB.prepare("UPDATE tasks SET lease_until = 0, not_before = NULL WHERE id = ?1")
          .bind(id)
          .run();
        await deliverMessages(testConsumer(), [id]);
      }
      const row = await readRow(id);
      const seqs = (await readSteps(id)).map((step) => step.seq);
      expect([k, row.status]).toEqual([k, "succeeded"]);
      expect(seqs).toEqual(seqs.map((_seq, n) => n + 1));
      expect(JSON.parse(row.usage)).toMatchObject({ model_calls: 3 });
      if (stores.calls() < k) return expect(stores.calls()).toBeGreaterThan(10);
    }
    throw new Error(`the task needs more than ${callsMax} store calls`);
  },
  60_000,
);

test("an overtaken worker writes nothing more, and the newer one settles", async () => {
  const on = testConsumer();
  const id = await acceptTask({
    prompt: "p",
    rehearsal: [{ ...finalAnswer(), delay_ms: 300 }, finalAnswer()],
  });
  const slow = deliverMessages(on, [id]);
  await expect.poll(async () => (await readRow(id)).status, { interval: 5 }).toBe("running");
  await env.DB.prepare("UPDATE tasks SET lease_until = 0 WHERE id = ?1").bind(id).run();
  await Promise.all([slow, deliverMessages(on, [id])]);
  const row = await readRow(id);
  expect([row.status, row.fence]).toEqual(["succeeded", 2]);
});
