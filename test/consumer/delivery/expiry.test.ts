import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { finalAnswer, runTask, toolCall } from "../harness.ts";

test("a task that expires between two steps ends before the next", async () => {
  // It expires once the second reply is journaled, however long that took.
  await env.DB.prepare(
    `CREATE TRIGGER expire_task AFTER INSERT ON steps
     WHEN (SELECT COUNT(*) FROM steps WHERE task_id = NEW.task_id AND kind = 'model') = 2
     BEGIN UPDATE tasks SET expires_at = 1 WHERE id = NEW.task_id; END`,
  ).run();
  const step = toolCall("list_files", {});
  const row = await runTask(
    { prompt: "p", rehearsal: [step, step, step, finalAnswer()] },
    { row: { expires_at: Date.now() + 3_600_000 } },
  );
  expect([row.status, row.reason]).toEqual(["expired", "expired"]);
  expect(JSON.parse(row.usage).model_calls).toBe(2);
});
