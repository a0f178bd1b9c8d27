import type { Command } from "commander";
import type { BatchAnswer } from "../../api/batches/responses.ts";
import type { TaskAnswer } from "../../api/tasks/responses.ts";
import { exit, required } from "../exit.ts";
import { batchErrorText, failureLines } from "../output/failures.ts";
import { counted, span, spent } from "../output/format.ts";
import { printable } from "../output/printable.ts";
import type { Bind } from "../program.ts";
import { kindOf, type Session } from "../session.ts";

export function addGet(program: Command, bind: Bind): void {
  program
    .command("get <id>")
    .description("show a task, with what came out of it, or a batch")
    .action(
      bind(async (session, id: string) => {
        const client = session.client();
        if (kindOf(id) === "batch") {
          const batch = required(await client("GET /v1/batches/:id", { id: id }));
          const model = session.json ? null : await modelOf(session, batch);
          show(session, batch, (shown) => batchLines(shown, model));
          if (!session.json)
            for (const line of await failureLines(client, batch)) session.say(line);
        } else {
          const task = required(await client("GET /v1/tasks/:id", { id: id }));
          // A large output stands in the result alone.
          if (task.status === "succeeded" && task.output === null) {
            const result = await client("GET /v1/tasks/:id/result", { id });
            if (result.ok) task.output = outputOf(result.value);
          }
          show(session, task, taskLines);
        }
        return exit.done;
      }),
    );
}

function show<T>(session: Session, value: T, lines: (value: T) => [string, string][]): void {
  if (session.json) session.emit(value);
  else for (const [name, text] of lines(value)) session.say(`${name.padEnd(10)} ${text}`);
}

function outputOf(result: unknown): unknown {
  return result !== null && typeof result === "object" && "output" in result ? result.output : null;
}

/** The model of one of the batch's tasks, where it is needed to tell what nothing spent means. */
async function modelOf(session: Session, { id, usage }: BatchAnswer): Promise<string | null> {
  if (usage.cost_usd > 0) return null;
  const filter = new URLSearchParams({ batch_id: id, limit: "1" });
  const called = await session.client()("GET /v1/tasks", { query: filter });
  return called.ok ? (called.value.tasks[0]?.model ?? null) : null;
}

function batchLines(batch: BatchAnswer, model: string | null): [string, string][] {
  const counts = Object.entries(batch.counts)
    .filter(([name, value]) => name === "total" || value > 0)
    .map(([name, value]) => `${value} ${name}`);
  return [
    ["batch", batch.id],
    ["status", batch.status],
    ["counts", counts.join(", ")],
    ["usage", usageText(batch, model)],
    ["created", batch.created_at],
    ["finished", batch.finished_at ?? "not yet"],
    ...(batch.error == null ? [] : [["error", batchErrorText(batch.error)] as [string, string]]),
  ];
}

function taskLines(task: TaskAnswer): [string, string][] {
  const took =
    task.started_at === null || task.finished_at === null
      ? ""
      : ` after ${span(Date.parse(task.finished_at) - Date.parse(task.started_at))}`;
  const labels = Object.entries(task.labels).map(([key, value]) => `${key}=${value}`);
  const lines: [string, string][] = [
    ["task", `${task.id}${task.custom_id === null ? "" : ` (${printable(task.custom_id)})`}`],
    ["status", `${task.status}${task.reason === null ? "" : `, ${task.reason}`}${took}`],
    ["model", task.model],
    ["policy", task.policy],
    ["attempts", attemptsText(task)],
    ["usage", `${counted(task.usage.steps, "step")}, ${usageText(task, task.model)}`],
    ["created", task.created_at],
  ];
  const redriven = redrivenText(task);
  if (redriven !== null) lines.push(["redriven", redriven]);
  if (task.batch_id !== null) lines.push(["batch", task.batch_id]);
  if (labels.length > 0) lines.push(["labels", labels.join(", ")]);
  if (task.quirks.length > 0) lines.push(["quirks", task.quirks.join(", ")]);
  if (task.error !== null) lines.push(["error", `${task.error.code}: ${task.error.message}`]);
  if (task.output !== null) {
    lines.push(["output", JSON.stringify(task.output, null, 2)]);
  }
  return lines;
}

/** Which try it is: `attempt` counts those that failed. */
function attemptsText({ attempt, status, started_at: started }: TaskAnswer): string {
  const begun = started === null || status === "dead" || status === "queued" ? 0 : 1;
  return `${attempt + begun}${attempt === 0 ? "" : `, ${attempt} failed`}`;
}

function redrivenText({ history = [] }: TaskAnswer): string | null {
  const last = history.at(-1);
  if (last === undefined) return null;
  const times = history.length === 1 ? "once" : `${history.length} times`;
  const ended = [last.status, last.reason].filter((part) => part !== undefined);
  return ended.length === 0 ? times : `${times}, after ${ended.join(", ")}`;
}

function usageText({ usage }: TaskAnswer | BatchAnswer, model: string | null): string {
  const tokens = counted(usage.prompt_tokens + usage.completion_tokens, "token");
  return [tokens, spent(usage, model)].filter((part) => part !== "").join(", ");
}
