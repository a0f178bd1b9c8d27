import type { Command } from "commander";
import type { BatchResponse } from "../../../api/batches/responses.ts";
import type { TaskResponse } from "../../../api/tasks/responses.ts";
import type { Bind } from "../../bind.ts";
import { exit, unwrap } from "../../exit.ts";
import { batchState } from "../../output/batch_state.ts";
import { batchErrorText, failureLines } from "../../output/failures.ts";
import { costText, countText, span } from "../../output/format.ts";
import { printable } from "../../output/printable.ts";
import { kindOf, type Session } from "../../session.ts";

export function addGet(program: Command, bind: Bind): void {
  program
    .command("get <id>")
    .description("show a task with its output, or a batch")
    .action(
      bind(async (session, id: string) => {
        await (kindOf(id) === "batch" ? showBatch(session, id) : showTask(session, id));
        return exit.ok;
      }),
    );
}

async function showBatch(session: Session, id: string): Promise<void> {
  const client = session.client();
  const batch = unwrap(await client("GET /v1/batches/:id", { id }));
  if (session.json) return session.printJson(batch);
  printFields(session, batchFields(batch, await modelOf(session, batch)));
  for (const line of await failureLines(client, batch)) session.print(line);
}

async function showTask(session: Session, id: string): Promise<void> {
  const client = session.client();
  const task = unwrap(await client("GET /v1/tasks/:id", { id }));
  if (task.status === "succeeded") task.output = await readOutput(session, task);
  if (session.json) session.printJson(task);
  else printFields(session, taskFields(task));
}

/** The output of a task that succeeded; a large one is only in the result. */
export async function readOutput(session: Session, { id, output }: TaskResponse): Promise<unknown> {
  if (output !== null) return output;
  const result = await session.client()("GET /v1/tasks/:id/result", { id });
  return result.ok ? outputOf(result.value) : null;
}

type Fields = [name: string, text: string][];

/** Further lines of a text are indented, so that none looks like a field. */
function printFields(session: Session, fields: Fields): void {
  for (const [name, text] of fields) {
    session.print(
      `${name.padEnd(10)} ${text.split(/\r\n|[\n\v\f\r\x85\u2028\u2029]/).join(`\n${" ".repeat(11)}`)}`,
    );
  }
}

function outputOf(result: unknown): unknown {
  return result !== null && typeof result === "object" && "output" in result ? result.output : null;
}

/** The model of one of the batch's tasks, only needed to say what a cost of 0 means. */
async function modelOf(session: Session, { id, usage }: BatchResponse): Promise<string | null> {
  if (usage.cost_usd > 0) return null;
  const query = new URLSearchParams({ batch_id: id, limit: "1" });
  const result = await session.client()("GET /v1/tasks", { query });
  return result.ok ? (result.value.tasks[0]?.model ?? null) : null;
}

function batchFields(batch: BatchResponse, model: string | null): Fields {
  const counts = Object.entries(batch.counts)
    .filter(([name, value]) => name === "total" || value > 0)
    .map(([name, value]) => `${value} ${name}`);
  const fields: Fields = [
    ["batch", batch.id],
    ["status", batchState(batch)],
    ["counts", batch.counts.total === 0 ? "no tasks yet" : counts.join(", ")],
    ["usage", usageText(batch, model)],
    ["created", batch.created_at],
    ["finished", batch.finished_at ?? "not yet"],
  ];
  if (batch.error != null) fields.push(["error", batchErrorText(batch.error)]);
  return fields;
}

function taskFields(task: TaskResponse): Fields {
  const took =
    task.started_at === null || task.finished_at === null
      ? ""
      : ` after ${span(Date.parse(task.finished_at) - Date.parse(task.started_at))}`;
  const labels = Object.entries(task.labels).map(([key, value]) => `${key}=${value}`);
  const fields: Fields = [
    ["task", `${task.id}${task.custom_id === null ? "" : ` (${printable(task.custom_id)})`}`],
    ["status", `${task.status}${task.reason === null ? "" : `, ${task.reason}`}${took}`],
    ["model", task.model],
    ["policy", task.policy],
    ["attempts", attemptsText(task)],
    ["usage", `${countText(task.usage.steps, "step")}, ${usageText(task, task.model)}`],
    ["created", task.created_at],
  ];
  const redriven = redrivenText(task);
  if (redriven !== null) fields.push(["redriven", redriven]);
  if (task.batch_id !== null) fields.push(["batch", task.batch_id]);
  if (labels.length > 0) fields.push(["labels", labels.join(", ")]);
  if (task.quirks.length > 0) fields.push(["quirks", task.quirks.join(", ")]);
  if (task.error !== null) fields.push(["error", `${task.error.code}: ${task.error.message}`]);
  if (task.output !== null) fields.push(["output", JSON.stringify(task.output, null, 2)]);
  return fields;
}

/** The number of attempts; `attempt` counts only those that failed. */
function attemptsText({ attempt, status, started_at: startedAt }: TaskResponse): string {
  const current = startedAt === null || status === "dead" || status === "queued" ? 0 : 1;
  return `${attempt + current}${attempt === 0 ? "" : `, ${attempt} failed`}`;
}

/** Null if the task was never redriven. */
function redrivenText({ history = [] }: TaskResponse): string | null {
  const last = history.at(-1);
  if (last === undefined) return null;
  const times = history.length === 1 ? "once" : `${history.length} times`;
  const outcome = [last.status, last.reason].filter((part) => part !== undefined);
  return outcome.length === 0 ? times : `${times}, after ${outcome.join(", ")}`;
}

function usageText({ usage }: TaskResponse | BatchResponse, model: string | null): string {
  const tokens = countText(usage.prompt_tokens + usage.completion_tokens, "token");
  return [tokens, costText(usage, model)].filter((part) => part !== "").join(", ");
}
