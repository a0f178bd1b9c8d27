import type { Command } from "commander";
import { exit, required } from "../exit.ts";
import { count, dollars, span } from "../figures.ts";
import { printable } from "../printable.ts";
import type { Bind } from "../program.ts";
import { kindOf, type Session } from "../session.ts";
import type { BatchAnswer, TaskAnswer } from "../wire.ts";

export function addGet(program: Command, bind: Bind): void {
  program
    .command("get <id>")
    .description("show a task, with what came out of it, or a batch")
    .action(
      bind(async (session, id: string) => {
        const client = session.client();
        if (kindOf(id) === "batch") {
          const batch = required(await client.batch(id));
          show(session, batch, batchLines);
        } else {
          const task = required(await client.task(id));
          // A large output stands in the result alone.
          if (task.status === "succeeded" && task.output === null) {
            const result = await client.result(id);
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

function batchLines(batch: BatchAnswer): [string, string][] {
  const counts = Object.entries(batch.counts)
    .filter(([, value]) => value > 0)
    .map(([name, value]) => `${value} ${name}`);
  return [
    ["batch", batch.id],
    ["status", batch.status],
    ["counts", counts.join(", ")],
    ["usage", usageText(batch)],
    ["created", batch.created_at],
    ["finished", batch.finished_at ?? "not yet"],
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
    ["attempts", `${task.attempt} failed`],
    ["usage", `${task.usage.steps} steps, ${usageText(task)}`],
    ["created", task.created_at],
  ];
  if (task.batch_id !== null) lines.push(["batch", task.batch_id]);
  if (labels.length > 0) lines.push(["labels", labels.join(", ")]);
  if (task.quirks.length > 0) lines.push(["repaired", task.quirks.join(", ")]);
  if (task.error !== null) lines.push(["error", `${task.error.code}: ${task.error.message}`]);
  if (task.output !== null) {
    lines.push(["output", JSON.stringify(task.output, null, 2)]);
  }
  return lines;
}

function usageText({ usage }: TaskAnswer | BatchAnswer): string {
  return `${count(usage.prompt_tokens + usage.completion_tokens)} tokens, ${dollars(usage.cost_usd)}`;
}
