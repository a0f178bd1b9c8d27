import { expect, test } from "vitest";
import { call, finish, runTask } from "./harness.ts";

test("a task that expires between two steps ends before the next", async () => {
  const slow = { ...call("list_files", {}), delay_ms: 300 };
  const row = await runTask(
    { prompt: "p", rehearsal: [slow, slow, slow, finish()] },
    { row: { expires_at: Date.now() + 450 } },
  );
  expect([row.status, row.reason]).toEqual(["expired", "expired"]);
  expect(JSON.parse(row.usage).model_calls).toBe(2);
});
