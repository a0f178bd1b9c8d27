import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { sweep } from "../../../producer/sweep/sweep.ts";
import { decideApprovals } from "../../../shared/store/approvals.ts";
import type { DurableTask } from "../../../shared/task/task.ts";
import { testFleet } from "../../producer/client.ts";
import {
  acceptTask,
  deliverMessages,
  finalAnswer,
  readRow,
  testConsumer,
  toolCall,
} from "../harness.ts";

const threeDays = 3 * 86_400;
const task: DurableTask = {
  prompt: "p",
  approve: ["write_file"],
  approval: { seconds: threeDays },
  rehearsal: [toolCall("write_file", { path: "a", content: "b" }), finalAnswer()],
};

/** All rows that were changed so far. */
const changes = async (): Promise<number> =>
  Number(await env.DB.prepare("SELECT total_changes() AS n").first("n"));

test("a call that waits for three days changes under six rows for it, and is in no message", async () => {
  await env.DB.prepare("UPDATE tasks SET not_before = 9e15 WHERE status = 'queued'").run();
  const consumer = testConsumer();
  const id = await acceptTask(task);
  await deliverMessages(consumer, [id]);
  const proposed = await env.DB.prepare("SELECT id FROM approvals WHERE task_id = ?1")
    .bind(id)
    .all<{ id: string }>();
  expect(proposed.results).toHaveLength(1);
  const fleet = testFleet();
  // Each minute of the three days is the same.
  for (let minute = 0; minute < 5; minute++) await sweep(fleet.env);
  expect(fleet.tasks.sent.filter(({ task_id }) => task_id === id)).toEqual([]);
  expect(consumer.sent).toEqual([]);
  const waiting = await readRow(id);
  expect([waiting.fence, waiting.sends]).toEqual([1, 1]);

  const before = await changes();
  const decision = { status: "approved", edited: null, note: null, decidedBy: null } as const;
  await decideApprovals(env.DB, "default", [proposed.results[0]?.id ?? ""], decision);
  // The decision and the task that it makes due; the proposal is one more.
  expect((await changes()) - before).toBeLessThan(5);
  await deliverMessages(consumer, [id]);
  expect((await readRow(id)).status).toBe("succeeded");
});
