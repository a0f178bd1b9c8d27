/** One call of a tool over bindings, made by a task and read from outside. */
import { env } from "cloudflare:workers";
import type { DurableTask } from "../../shared/task.ts";
import { bench, call, finish, runTask, stepsOf } from "../consumer/harness.ts";

const open = {
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

/** Runs one call with the bindings given, and answers what the model read and what the task used. */
export async function called(
  name: string,
  args: Record<string, unknown>,
  bindings: Record<string, unknown>,
  more: DurableTask = {},
) {
  const on = bench({ FLEET_POLICIES: JSON.stringify(open), SECRET_KEY: "s3cr3t-key", ...bindings });
  const row = await runTask(
    { prompt: "p", policy: "reading", rehearsal: [call(name, args), finish()], ...more },
    { bench: on },
  );
  const step = (await stepsOf(row.id)).find((each) => each.name === name);
  const text = step?.payload.kind === "tool" ? step.payload.text : "";
  const decisions = await env.DB.prepare(
    "SELECT url, action, reason, bytes_in FROM egress_log WHERE task_id = ?1",
  )
    .bind(row.id)
    .all();
  return { row, text, status: step?.status, decisions: decisions.results };
}
