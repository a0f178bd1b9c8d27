/** Runs one call of a tool with bindings in a task. */
import { env } from "cloudflare:workers";
import type { DurableTask } from "../../shared/task/task.ts";
import { finalAnswer, readSteps, runTask, testConsumer, toolCall } from "../consumer/harness.ts";

const policies = {
  reading: {
    rules: [
      { host: "site.example" },
      {
        host: "keyed.example",
        inject: { header: "authorization", secret: "KEY", prefix: "Bearer " },
      },
      { host: "stock.internal.example", route: "STOCK" },
      { host: "wiki.example", path_prefix: "/docs" },
      { host: "wiki.example", path_prefix: "/admin", methods: ["POST"] },
      { host: "www.wiki.example" },
    ],
  },
};

/** Returns what the model read, the gateway's decisions, and the task's row. */
export async function callTool(
  name: string,
  args: Record<string, unknown>,
  bindings: Record<string, unknown>,
  overrides: DurableTask = {},
) {
  const consumer = testConsumer({
    FLEET_POLICIES: JSON.stringify(policies),
    SECRET_KEY: "s3cr3t-key",
    ...bindings,
  });
  const row = await runTask(
    {
      prompt: "p",
      policy: "reading",
      rehearsal: [toolCall(name, args), finalAnswer()],
      ...overrides,
    },
    { consumer },
  );
  const step = (await readSteps(row.id)).find((candidate) => candidate.name === name);
  const text = step?.payload.kind === "tool" ? step.payload.text : "";
  const decisions = await env.DB.prepare(
    "SELECT url, action, reason, bytes_in FROM egress_log WHERE task_id = ?1",
  )
    .bind(row.id)
    .all();
  return { row, text, status: step?.status, decisions: decisions.results };
}
