import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { DurableTask } from "../../../shared/task/task.ts";
import { databaseHeldAt, storesKilledAt } from "../faulty_stores.ts";
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
const reply = (...calls: { name: string; arguments: Record<string, unknown> }[]) => ({ calls });
const task: DurableTask = {
  prompt: "p",
  attempts: 10,
  rehearsal: [
    reply(
      { name: "write_file", arguments: { path: "a", content: "y".repeat(12_000) } },
      { name: "no_such_tool", arguments: {} },
      { name: "read_file", arguments: { path: "a" } },
      { name: "list_files", arguments: {} },
    ),
    toolCall("run_code", { code: "fs.writeFileSync('b', '2'); 'ok'" }),
    reply(
      { name: "list_files", arguments: {} },
      { name: "final_answer", arguments: { text: "x" } },
    ),
  ],
};

test.each([
  ["before", false],
  ["after", true],
])(
  "a task finishes with each step once when its worker is killed %s any of its store calls",
  async (_name, isApplied) => {
    for (let k = 1; k < callsMax; k++) {
      const id = await acceptTask(task);
      const stores = storesKilledAt(k, isApplied);
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

test("a worker that loses its lease during a step writes nothing, and the next worker settles", async () => {
  const slow = databaseHeldAt(/^batch$/);
  const id = await acceptTask({
    prompt: "p",
    rehearsal: [finalAnswer(), finalAnswer()],
  });
  const delivery = deliverMessages(testConsumer({ DB: slow.DB }), [id]);
  await slow.reached;
  await env.DB.prepare("UPDATE tasks SET lease_until = 0 WHERE id = ?1").bind(id).run();
  await deliverMessages(testConsumer(), [id]);
  slow.release();
  await delivery;
  const row = await readRow(id);
  expect([row.status, row.fence]).toEqual(["succeeded", 2]);
  expect((await readSteps(id)).map(({ fence }) => fence)).toEqual([2]);
});
