import type { ResultLine } from "../../producer/api/batches/responses.ts";
import type { TaskResponse } from "../../producer/api/tasks/responses.ts";
import { unwrap } from "../../producer/cli/exit.ts";
import type { FleetClient } from "../../producer/client/index.ts";
import type { Expectation } from "../expectations.ts";
import type { Trace } from "./check.ts";

/** Fetches the trace of a task, with the files that its expectation names. */
export async function fetchTrace(
  client: FleetClient,
  id: string,
  expected: Expectation,
): Promise<Trace> {
  const [task, steps, decisions] = await Promise.all([
    client("GET /v1/tasks/:id", { id: id }),
    client("GET /v1/tasks/:id/steps", { id }),
    client("GET /v1/tasks/:id/egress", { id }),
  ]);
  const files: Record<string, string | null> = {};
  for (const path of Object.keys(expected.files ?? {})) {
    const file = await client("GET /v1/tasks/:id/files/*", { id, path });
    files[path] = file.ok ? new TextDecoder().decode(file.value) : null;
  }
  return {
    task: unwrap(task),
    steps: unwrap(steps).steps,
    decisions: unwrap(decisions).decisions,
    files,
  };
}

/** The row of a task in the final table. */
export function finalRow(name: string, task: TaskResponse, asExpected: boolean): string[] {
  const { steps, prompt_tokens, completion_tokens } = task.usage;
  return [
    asExpected ? "ok" : "DIFFERS",
    name,
    task.status,
    task.reason ?? "",
    String(steps),
    (prompt_tokens + completion_tokens).toLocaleString("en-US"),
    outcomeText(task),
  ];
}

export const finalHead = ["", "task", "status", "reason", "steps", "tokens", "outcome"];

function outcomeText({ output, error }: TaskResponse): string {
  if (error !== null) return error.message;
  if (output !== null && typeof output === "object" && "text" in output) return String(output.text);
  return JSON.stringify(output);
}

/** Task ids by `custom_id`. */
export const idsByCustomId = (lines: readonly ResultLine[]): Map<string, string> =>
  new Map(lines.map((line) => [line.custom_id ?? "", line.task_id]));
