import type { ResultLine } from "../producer/api/batches/responses.ts";
import type { TaskAnswer } from "../producer/api/tasks/responses.ts";
import { required } from "../producer/cli/exit.ts";
import type { Fleet } from "../producer/client/index.ts";
import type { Trace } from "./check.ts";
import type { Expectation } from "./expectations.ts";

/** Fetches what one task left, with the files that its expectation names. */
export async function traceOf(client: Fleet, id: string, expected: Expectation): Promise<Trace> {
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
    task: required(task),
    steps: required(steps).steps,
    decisions: required(decisions).decisions,
    files,
  };
}

/** One row of the end table: what people want to know of a task first. */
export function endRow(name: string, task: TaskAnswer, asExpected: boolean): string[] {
  const { steps, prompt_tokens: asked, completion_tokens: answered } = task.usage;
  return [
    asExpected ? "ok" : "DIFFERS",
    name,
    task.status,
    task.reason ?? "",
    String(steps),
    (asked + answered).toLocaleString("en-US"),
    whatCameOut(task),
  ];
}

export const endHead = ["", "task", "status", "reason", "steps", "tokens", "what came out"];

function whatCameOut({ output, error }: TaskAnswer): string {
  if (error !== null) return error.message;
  if (output !== null && typeof output === "object" && "text" in output) return String(output.text);
  return JSON.stringify(output);
}

/** `custom_id` to task id, from a batch's results. */
export const idsByName = (lines: readonly ResultLine[]): Map<string, string> =>
  new Map(lines.map((line) => [line.custom_id ?? "", line.task_id]));
