import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import { finalAnswer, runTask, testConsumer, toolCall } from "../harness.ts";

afterEach(async () => {
  vi.unstubAllGlobals();
  await env.DB.exec("DROP TRIGGER IF EXISTS cancel_task");
});

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

test("a task that is cancelled while its model answers starts no effect and reports none", async () => {
  // The claim returns the row as it was before the trigger.
  await env.DB.prepare(
    `CREATE TRIGGER cancel_task AFTER UPDATE OF status ON tasks WHEN new.status = 'running'
     BEGIN UPDATE tasks SET cancel_requested_at = 1 WHERE id = NEW.id; END`,
  ).run();
  const fetched = vi.fn(async () => Response.json({}));
  vi.stubGlobal("fetch", fetched);
  const order = { url: "https://orders.example/v1/orders", method: "POST", body: "{}" };
  const row = await runTask(
    { prompt: "p", policy: "demo", rehearsal: [toolCall("fetch_url", order), finalAnswer()] },
    { consumer: testConsumer({ SECRET_ORDERS_TOKEN: "s3cret-value-of-orders" }) },
  );
  expect([row.status, fetched.mock.calls]).toEqual(["cancelled", []]);
  expect(JSON.parse(row.error ?? "")).not.toHaveProperty("uncertain");
});
